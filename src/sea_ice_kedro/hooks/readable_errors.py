"""Errors in words."""

import os
import sys
from collections.abc import Callable
from types import TracebackType

from kedro.framework.hooks import hook_impl
from kedro.io import DatasetError
from kedro.validation.exceptions import ParameterValidationError
from rich.console import Console
from rich.markup import escape

from sea_ice_kedro.addresses import without_keys
from sea_ice_kedro.errors import SeaIceError
from sea_ice_kedro.hooks.run_log import LOG
from sea_ice_kedro.plain_text import inert


class ReadableErrorHooks:
    """End a run with the message of what went wrong, not with a page of frames."""

    @hook_impl
    def after_context_created(self) -> None:
        """Show errors in words, frames in the log; SEA_ICE_TRACE=1 shows them here."""
        if not os.environ.get("SEA_ICE_TRACE"):
            sys.excepthook = _in_words(sys.excepthook)


ExceptHook = Callable[
    [type[BaseException], BaseException, TracebackType | None], object
]


def _in_words(otherwise: ExceptHook) -> ExceptHook:
    def show(
        kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        meant, log = meant_for_people(error), LOG.write(error)
        if meant is None and log is None:
            otherwise(kind, error, trace)
            return
        words = f"{kind.__name__}: {error}" if meant is None else str(meant)
        words = inert(without_keys(words))
        where = f"all of it is in {log}; " if log else ""
        console = Console(stderr=True, soft_wrap=True, highlight=False, emoji=False)
        console.print(f"[bold red]Error:[/] {escape(words)}")
        console.print(
            f"[dim]({escape(where)}SEA_ICE_TRACE=1 shows where in the code)[/]"
        )

    return show


def meant_for_people(error: BaseException | None) -> BaseException | None:
    """Find the outermost error in a chain of causes whose message says it all."""
    while error is not None:
        if isinstance(error, SeaIceError | ParameterValidationError):
            return error
        silenced = error.__suppress_context__ or not isinstance(error, DatasetError)
        error = error.__cause__ or (None if silenced else error.__context__)
    return None
