"""Ctrl-C: a run ends with one line, a record of the interruption, and exit code 130."""

import signal
import sys
import threading
from collections.abc import Callable, Sequence
from typing import Any

EXIT_CODE = 130
"""Exit code of a command ended by Ctrl-C, as shells count: 128 + SIGINT."""

_WORDS = "Interrupted: what is done stays done; the same command goes on from there."


def expect_from_the_start(arguments: Sequence[str]) -> None:
    """Have Ctrl-C end a command as it ends a run, before there is one.

    Args:
        arguments: Of the command line; other commands than "run" are left alone.
    """
    if "run" in arguments[:1]:
        Interrupts().expect(lambda: None)


class Interrupts:
    """Handling of Ctrl-C while a run is under way; a second one ends it at once."""

    def __init__(self) -> None:
        """Change nothing yet."""
        self._before: Any = None

    def expect(self, close: Callable[[], None]) -> None:
        """Have Ctrl-C end the process from now on.

        Args:
            close: Puts down how the run ended.
        """
        if threading.current_thread() is not threading.main_thread():
            return  # only there may Python be told
        self.forget()

        def end(number: int, frame: object) -> None:
            del number, frame
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            self._before = None
            if workers := sys.modules.get("multiprocessing"):
                for worker in workers.active_children():
                    worker.terminate()
            close()
            if hasattr(sys, "ps1"):  # a notebook goes on
                raise KeyboardInterrupt(_WORDS)
            # A pool whose workers were ended may trip over its own work: no news.
            threading.excepthook = lambda _: None
            sys.stderr.write(f"\n{_WORDS}\n")
            raise SystemExit(EXIT_CODE)

        self._before = signal.signal(signal.SIGINT, end)

    def forget(self) -> None:
        """Put back what Ctrl-C did before."""
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)
            self._before = None
