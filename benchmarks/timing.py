"""Paired timing: machines are noisy, so both sides take turns and medians count."""

import statistics
import time
from collections.abc import Callable


def paired(
    ours: Callable[[], object],
    theirs: Callable[[], object],
    repeats: int,
    clock: Callable[[], float] = time.perf_counter,
) -> tuple[float, float, float]:
    """Time two functions in turns, after one warm-up each.

    `clock` may be `time.process_time`: on a machine that others use, too, the processor
    time of all threads says more than the time of day.

    Returns:
        Median seconds of ours and of theirs, and the median of theirs / ours by pair.
    """
    ours()
    theirs()
    pairs = [(seconds(ours, clock), seconds(theirs, clock)) for _ in range(repeats)]
    return (
        statistics.median(a for a, _ in pairs),
        statistics.median(b for _, b in pairs),
        statistics.median(b / a for a, b in pairs),
    )


def seconds(
    function: Callable[[], object], clock: Callable[[], float] = time.perf_counter
) -> float:
    """Time one call."""
    start = clock()
    function()
    return clock() - start
