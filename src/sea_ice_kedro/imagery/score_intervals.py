"""How far scores would move with other scenes: intervals by the bootstrap."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sea_ice_kedro.imagery.classes import SeaIceClass
from sea_ice_kedro.imagery.scores import CLASS_COUNT, Counts, scores

RESAMPLES = 2000
"""Enough for the ends of an interval to move by some tenths of its width at most."""

Interval = tuple[float, float]
"""Lower and upper end, 0..1."""


@dataclass(frozen=True)
class ScoreIntervals:
    """Where 95 of 100 scores lie when the scenes are drawn again."""

    accuracy: Interval
    precision: dict[SeaIceClass, Interval]
    recall: dict[SeaIceClass, Interval]
    f1: dict[SeaIceClass, Interval]


def score_intervals(matrices: Sequence[Counts], seed: int) -> ScoreIntervals | None:
    """Estimate intervals of summed scores by drawing whole scenes with replacement.

    Pixels of one scene are alike, so scenes are drawn and not pixels. Ends are the 2.5
    and 97.5 percentiles (Efron and Tibshirani 1993, An Introduction to the Bootstrap,
    section 13.3). With few scenes intervals are too narrow.

    Args:
        matrices: A confusion matrix a scene, int64 (3, 3).
        seed: Of the draws; the same one gives the same intervals.

    Returns:
        The intervals, NaN where a class does not occur; None for fewer than two scenes.
    """
    if len(matrices) < 2:  # noqa: PLR2004 - one scene can be drawn in one way only
        return None
    count = len(matrices)
    rng = np.random.default_rng(seed)
    drawn = rng.multinomial(count, np.full(count, 1 / count), RESAMPLES)
    sums = np.tensordot(drawn, np.stack(matrices), axes=1)
    all_scores = [scores(matrix) for matrix in sums.reshape(-1, *[CLASS_COUNT] * 2)]

    def by_class(name: str) -> dict[SeaIceClass, Interval]:
        return {
            c: _ends([getattr(s.by_class[c], name) for s in all_scores])
            for c in SeaIceClass
        }

    return ScoreIntervals(
        accuracy=_ends([s.accuracy for s in all_scores]),
        precision=by_class("precision"),
        recall=by_class("recall"),
        f1=by_class("f1"),
    )


def _ends(values: Sequence[float]) -> Interval:
    found: npt.NDArray[np.float64] = np.array(values, np.float64)
    found = found[~np.isnan(found)]
    if not found.size:
        return float("nan"), float("nan")
    low, high = np.percentile(found, [2.5, 97.5])
    return float(low), float(high)
