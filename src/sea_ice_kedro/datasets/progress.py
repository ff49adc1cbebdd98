"""How far a long save has come: scenes done, rate, time left, failures."""

import logging
import time
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)

Result = TypeVar("Result")

logger = logging.getLogger(__name__)

_LOG_EVERY_S = 30.0


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
        yield from _bar(results, title, total, failed, console)
    else:
        yield from _log(results, title, total, failed)


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
    failures, start = 0, time.monotonic()
    last = start
    for done, result in enumerate(results, start=1):
        failures += failed(result)
        now = time.monotonic()
        if now - last >= _LOG_EVERY_S:
            last = now
            rate = done / (now - start)
            logger.info(
                "%s: %d of %d (%.1f/s, %.0f s left, %d failed)",
                title,
                done,
                total,
                rate,
                (total - done) / rate,
                failures,
            )
        yield result
