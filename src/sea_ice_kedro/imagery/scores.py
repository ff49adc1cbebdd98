"""How well one class map agrees with another, and how much ice a class map holds.

All agreement scores derive from one confusion matrix, so they can be summed over
scenes first. Pixels of land or without data in either map take no part.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sea_ice_kedro.imagery.arrays import Codes
from sea_ice_kedro.imagery.classes import (
    DARK_TO_BRIGHT,
    LAND,
    NODATA,
    SeaIceClass,
    classed,
)
from sea_ice_kedro.imagery.histogram import histogram_of

Counts = npt.NDArray[np.int64]
"""int64 (3, 3): rows = reference, columns = prediction, pixel counts."""

CLASS_COUNT = len(SeaIceClass)


@dataclass(frozen=True)
class ClassScores:
    """Scores of one class; NaN where a score has no pixels to be taken over."""

    precision: float
    recall: float
    f1: float
    iou: float
    support: int
    """Reference pixels of the class."""


@dataclass(frozen=True)
class Scores:
    """Scores over all classes, 0..1."""

    accuracy: float
    by_class: dict[SeaIceClass, ClassScores]
    macro: ClassScores
    """Plain mean over the classes that occur in reference or prediction."""

    weighted: ClassScores
    """Mean over the classes, weighted by support."""


def confusion_matrix(reference: Codes, prediction: Codes) -> Counts:
    """Count pixels by (reference, prediction).

    Args:
        reference: uint8 (H, W) of class codes.
        prediction: uint8 (H, W) of class codes, on the same grid.

    Returns:
        int64 (3, 3), rows = reference, columns = prediction.

    Raises:
        ValueError: if the shapes differ or a code is neither class nor LAND nor NODATA.
    """
    if reference.shape != prediction.shape:
        raise ValueError(
            f"expected two maps of one shape, got {reference.shape} and "
            f"{prediction.shape}"
        )
    pairs = np.bincount(
        (reference.astype(np.uint16) * 256 + prediction).ravel(), minlength=65536
    ).reshape(256, 256)
    known = [*SeaIceClass, LAND, NODATA]
    if pairs[np.ix_(known, known)].sum() != reference.size:
        unknown = sorted(
            (set(np.unique(reference)) | set(np.unique(prediction))) - set(known)
        )
        raise ValueError(
            f"expected codes {known}, got also {[int(c) for c in unknown]}"
        )
    return pairs[:CLASS_COUNT, :CLASS_COUNT].astype(np.int64)


def scores(matrix: Counts) -> Scores:
    """Derive every score from a confusion matrix, int64 (3, 3)."""
    support = matrix.sum(axis=1)
    predicted = matrix.sum(axis=0)
    hits = np.diag(matrix)
    table = np.stack(
        [
            _ratio(hits, predicted),
            _ratio(hits, support),
            _ratio(2 * hits, support + predicted),
            _ratio(hits, support + predicted - hits),
        ]
    )
    occurs = (support + predicted) > 0
    return Scores(
        accuracy=float(_ratio(hits.sum(), matrix.sum())),
        by_class={c: _class_scores(table[:, c], int(support[c])) for c in SeaIceClass},
        macro=_mean(table, occurs.astype(float), int(support.sum())),
        weighted=_mean(table, support.astype(float), int(support.sum())),
    )


def _ratio(
    numerator: npt.NDArray[np.int64] | np.int64,
    denominator: npt.NDArray[np.int64] | np.int64,
) -> npt.NDArray[np.float64]:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.true_divide(numerator, denominator)


def _mean(
    table: npt.NDArray[np.float64], weights: npt.NDArray[np.float64], support: int
) -> ClassScores:
    """Average each score over the classes where it is defined and has weight."""
    usable = np.where(np.isnan(table), 0.0, weights)
    totals = usable.sum(axis=1)
    sums = (np.nan_to_num(table) * usable).sum(axis=1)
    means = np.divide(sums, totals, out=np.full(4, np.nan), where=totals > 0)
    return _class_scores(means, support)


def _class_scores(values: npt.NDArray[np.float64], support: int) -> ClassScores:
    precision, recall, f1, iou = map(float, values)
    return ClassScores(precision, recall, f1, iou, support)


def structural_similarity(reference: Codes, prediction: Codes) -> float:
    """Compare two class maps as pictures by SSIM (Wang et al. 2004), -1..1.

    The classes are rendered as evenly spaced greys in order of brightness; pixels
    without data in either map are set equal in both, so they count as agreement.

    Args:
        reference: uint8 (H, W) of class codes, at least 7 by 7.
        prediction: uint8 (H, W) of class codes, on the same grid.

    Raises:
        ValueError: if the shapes differ or are smaller than SSIM's 7x7 window.
    """
    from skimage.metrics import structural_similarity as ssim  # noqa: PLC0415 - slow

    if min(reference.shape) < 7 or reference.shape != prediction.shape:  # noqa: PLR2004
        raise ValueError(
            "expected two maps of one shape, at least 7x7, got "
            f"{reference.shape} and {prediction.shape}"
        )
    greys = np.zeros(256, np.uint8)
    greys[[*DARK_TO_BRIGHT]] = np.linspace(0, 255, CLASS_COUNT).astype(np.uint8)
    unknown = ~(classed(reference) & classed(prediction))
    pictures = [np.where(unknown, 0, greys[m]) for m in (reference, prediction)]
    return float(ssim(*pictures, data_range=255))  # type: ignore[no-untyped-call]


def class_counts(codes: Codes) -> dict[SeaIceClass, int]:
    """Count the pixels of each class in a class map, uint8 (H, W)."""
    counts = histogram_of(codes)
    return {c: int(counts[c]) for c in SeaIceClass}


def concentration(counts: dict[SeaIceClass, int]) -> float:
    """Return sea ice concentration: ice pixels / valid ocean pixels, 0..1.

    NaN when no pixel is valid.
    """
    valid = sum(counts.values())
    ice = sum(
        pixels for sea_ice_class, pixels in counts.items() if sea_ice_class.is_ice
    )
    return ice / valid if valid else float("nan")


def area_km2(pixels: int, pixel_area_m2: float) -> float:
    """Convert a pixel count to km²."""
    return pixels * pixel_area_m2 / 1e6


# --- How far scores would move with other scenes: intervals by the bootstrap

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


# --- Accuracy and area from a sample of points, weighted by what the map shows of each

Values = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class AreaAdjusted:
    """Estimates for the whole mapped area, each with its standard error; shares, 0..1.

    Arrays are float64 (K,), a value a class; NaN where no point is of the class.
    """

    accuracy: float
    accuracy_error: float
    user: Values
    """Share of what is mapped as a class that is right (precision)."""

    user_error: Values
    producer: Values
    """Share of a class that is mapped as it (recall)."""

    producer_error: Values
    area: Values
    """Share of the mapped area that a class really has."""

    area_error: Values


def area_adjusted(
    counts: npt.NDArray[np.int64], mapped: npt.NDArray[np.int64]
) -> AreaAdjusted:
    """Estimate accuracy and area (Olofsson et al. 2014, equations 1 to 11).

    Points are a random sample of the map, or of each class of the map. Their shares
    are weighted by the share of the map that their mapped class has, so that a class
    with many points counts no more than its area.

    Args:
        counts: int64 (K, K), rows = class in the map, columns = class of the point.
        mapped: int64 (K,), pixels of the map a class.

    Raises:
        ValueError: if a class that the map shows has fewer than two points.
    """
    points = counts.sum(axis=1)
    if np.any((mapped > 0) & (points < 2)):  # noqa: PLR2004 - a variance needs two
        raise ValueError(
            "expected two points or more in each class that the map shows, got "
            f"{points.tolist()}"
        )
    weights = mapped / mapped.sum()
    shares = counts / np.maximum(points, 1)[:, None]  # of the points of a mapped class
    spread = shares * (1 - shares) / np.maximum(points - 1, 1)[:, None]
    weighted = weights[:, None] ** 2 * spread
    right = np.diag(shares)
    area = weights @ shares
    with np.errstate(divide="ignore", invalid="ignore"):
        user = np.where(points > 0, right, np.nan)
        producer = weights * right / area
        own = np.diag(weighted)
        others = weighted.sum(axis=0) - own
        variance = ((1 - producer) ** 2 * own + producer**2 * others) / area**2
    return AreaAdjusted(
        accuracy=float(weights @ right),
        accuracy_error=float(np.sqrt(own.sum())),
        user=user,
        user_error=np.where(points > 0, np.sqrt(np.diag(spread)), np.nan),
        producer=producer,
        producer_error=np.sqrt(variance),
        area=area,
        area_error=np.sqrt(weighted.sum(axis=0)),
    )
