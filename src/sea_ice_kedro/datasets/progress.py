"""How far a run has come: its steps; and of a long save the scenes, rate, time left."""

import logging
import time
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

import rich
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)
from rich.status import Status

Result = TypeVar("Result")

logger = logging.getLogger(__name__)

IN_DETAIL = {"in_detail": True}
"""`extra` of log records that belong in the log file, and on the screen without one."""

_LOG_EVERY_S = 30.0


class RunSteps:
    """Which step of a run is under way; on a terminal, a line says so."""

    def __init__(self) -> None:
        """Start outside a run: one node of a notebook has no number."""
        self._total = self._begun = 0
        self._status: Status | None = None

    def start(self, total: int) -> None:
        """Count the steps of a new run."""
        self.stop()
        self._total = total

    def next(self, name: str) -> None:
        """Go on to the next step, and show its name where there is a terminal."""
        if not self._total:
            return
        self.pause()
        self._begun += 1
        console = rich.get_console()
        if console.is_terminal:
            self._status = console.status(f"{self}{name}")
            self._status.start()

    def pause(self) -> None:
        """Take the line away: something else is shown, or nothing."""
        if self._status is not None:
            self._status.stop()
            self._status = None

    def stop(self) -> None:
        """Leave the run."""
        self.pause()
        self._total = self._begun = 0

    def __str__(self) -> str:
        """Return "7/41 ", or nothing outside a run."""
        return f"{self._begun}/{self._total} " if self._begun else ""


STEPS = RunSteps()
"""Counts of the run in this process; kept by `hooks.RecordHooks`."""


def track(
    results: Iterable[Result],
    title: str,
    total: int,
    failed: Callable[[Result], bool],
) -> Iterator[Result]:
    """Pass results on while showing progress: a bar, or log lines without a terminal.

    Args:
        results: What arrives, one a scene.
        title: Name of what is being made.
        total: How many will arrive.
        failed: Whether a result is a failure.
    """
    console = Console(stderr=True)
    if console.is_terminal:
        STEPS.pause()  # two things at a time cannot be shown
        yield from _bar(results, f"{STEPS}{title}", total, failed, console)
    else:
        yield from _log(results, f"{STEPS}{title}", total, failed)


def _bar(
    results: Iterable[Result],
    title: str,
    total: int,
    failed: Callable[[Result], bool],
    console: Console,
) -> Iterator[Result]:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
        TextColumn("[red]{task.fields[failures]}"),
    )
    failures, start = 0, time.monotonic()
    with Progress(*columns, console=console, transient=True) as progress:
        bar = progress.add_task(title, total=total, rate="", failures="")
        for done, result in enumerate(results, start=1):
            failures += failed(result)
            rate = done / max(time.monotonic() - start, 1e-9)
            progress.update(
                bar,
                advance=1,
                rate=f"{rate:.1f}/s",
                failures=f"{failures} failed" if failures else "",
            )
            yield result


def _log(
    results: Iterable[Result],
    title: str,
    total: int,
    failed: Callable[[Result], bool],
) -> Iterator[Result]:
    failures, first_s = 0, None
    last_s = time.monotonic()
    for done, result in enumerate(results, start=1):
        failures += failed(result)
        now_s = time.monotonic()
        if now_s - last_s >= _LOG_EVERY_S:
            last_s = now_s
            # The first has waited for workers to start: it tells nothing of the others.
            rate = (done - 1) / (now_s - first_s) if first_s is not None else 0.0
            pace = f"{rate:.1f}/s, {(total - done) / rate:.0f} s left, " if rate else ""
            said = title, done, total, pace, failures
            logger.info("%s: %d of %d (%s%d failed)", *said)
        first_s = first_s or now_s
        yield result
