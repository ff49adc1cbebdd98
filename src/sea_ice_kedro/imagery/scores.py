"""How well one class map agrees with another, and how much ice a class map holds.

All agreement scores derive from one confusion matrix, so they can be summed over
scenes first. Pixels of land or without data in either map take no part.
"""

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
