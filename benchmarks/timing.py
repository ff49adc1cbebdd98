"""Paired timing: machines are noisy, so both sides take turns and medians count."""

import statistics
import time
from collections.abc import Callable


def paired(
    ours: Callable[[], object], theirs: Callable[[], object], repeats: int
) -> tuple[float, float, float]:
    """Time two functions in turns, after one warm-up each.

    Returns:
        Median seconds of ours and of theirs, and the median of theirs / ours by pair.
    """
    ours()
    theirs()
    pairs = [(seconds(ours), seconds(theirs)) for _ in range(repeats)]
    return (
        statistics.median(a for a, _ in pairs),
        statistics.median(b for _, b in pairs),
        statistics.median(b / a for a, b in pairs),
    )


def seconds(function: Callable[[], object]) -> float:
    """Time one call."""
    start = time.perf_counter()
    function()
    return time.perf_counter() - start
