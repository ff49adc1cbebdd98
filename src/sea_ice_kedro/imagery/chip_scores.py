"""How well a class map agrees with another, chip by chip, every pixel once."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from sea_ice_kedro.errors import InvalidScene
from sea_ice_kedro.imagery.arrays import Codes, Quality
from sea_ice_kedro.imagery.chips import CLOUDY, Window
from sea_ice_kedro.imagery.classes import NODATA, SeaIceClass
from sea_ice_kedro.imagery.options import expect_integer, expect_number
from sea_ice_kedro.imagery.scores import (
    Counts,
    confusion_matrix,
    structural_similarity,
)

_SSIM_SIDE = 7
"""Rows and columns of the window that SSIM is taken over."""


@dataclass(frozen=True)
class EvaluationOptions:
    """Options of evaluation: what scores are split by, and how many chips are shown."""

    cloudy_min_fraction: float = 0.10
    """Chips with this cloud and shadow fraction, 0..1, or more are "cloudy", all
    others "clear" (Iqrah et al. 2024, Table V: "about 10 %")."""

    samples: int = 6
    """Held-out chips in the picture of samples."""

    seed: int = 2019
    """Of the choice of samples."""

    def __post_init__(self) -> None:
        """Refuse settings that split or show nothing."""
        least = self.cloudy_min_fraction
        expect_number("evaluation.cloudy_min_fraction", least, 0, 1, above=True)
        expect_integer("evaluation.samples", self.samples, 1, 100)
        expect_integer("evaluation.seed", self.seed, 0, 2**31 - 1)


@dataclass(frozen=True, eq=False)
class ChipScore:
    """Agreement of one class map with another in one chip."""

    row: int
    column: int
    valid_pixels: int
    """Pixels that the reference gives a class."""

    cloud_fraction: float
    """Pixels that the filter took for thin cloud or shadow / valid pixels, 0..1."""

    matrix: Counts
    """int64 (3, 3): rows = reference, columns = prediction, pixel counts."""

    ssim: float
    """Structural similarity, -1..1; NaN where it was not asked for."""


def score_chips(
    reference: Codes,
    prediction: Codes,
    quality: Quality,
    windows: Sequence[Window],
    *,
    with_ssim: bool = False,
) -> list[ChipScore]:
    """Score one class map in each of some chips.

    Chips that reach over the lower or right edge count the pixels inside the scene.

    Args:
        reference: uint8 (H, W) of class codes.
        prediction: uint8 (H, W) of class codes, on the same grid.
        quality: uint8 (H, W) of `QualityFlag` bits, on the same grid.
        windows: The chips.
        with_ssim: Whether to compare the maps as pictures, too; slow.

    Returns:
        A score for each window, in their order.

    Raises:
        InvalidScene: if the sizes differ, or a chip lies outside the scene.
        ValueError: if chips overlap.
    """
    if not reference.shape == prediction.shape == quality.shape:
        raise InvalidScene(
            "expected reference, prediction and quality band of one size, got "
            f"{reference.shape}, {prediction.shape} and {quality.shape}; make them "
            "again: kedro run"
        )
    _expect_apart(windows, reference.shape)
    scores = []
    for window, (rows, columns) in zip(windows, _slices(windows), strict=True):
        maps = [m[rows, columns] for m in (reference, prediction, quality)]
        scores.append(_score(window, *maps, with_ssim=with_ssim))
    return scores


def _slices(windows: Sequence[Window]) -> Iterator[tuple[slice, slice]]:
    for w in windows:
        yield slice(w.row, w.row + w.size), slice(w.column, w.column + w.size)


def _expect_apart(windows: Sequence[Window], shape: tuple[int, ...]) -> None:
    covered = np.zeros(shape, bool)
    for window, part in zip(windows, _slices(windows), strict=True):
        if not (0 <= window.row < shape[0] and 0 <= window.column < shape[1]):
            raise InvalidScene(
                f"expected held-out chips inside a scene of {shape[0]} x {shape[1]} "
                f"pixels, got one at row {window.row}, column {window.column}; split "
                "again: kedro run --pipelines modeling,evaluation"
            )
        if covered[part].any():
            raise ValueError(f"expected every pixel once, got {window} a second time")
        covered[part] = True


def _score(
    window: Window,
    reference: Codes,
    prediction: Codes,
    quality: Quality,
    *,
    with_ssim: bool,
) -> ChipScore:
    valid_mask = reference != NODATA
    valid = int(np.count_nonzero(valid_mask))
    cloudy = np.count_nonzero((quality & CLOUDY > 0) & valid_mask)
    ssim = math.nan
    if with_ssim and valid and min(reference.shape) >= _SSIM_SIDE:
        ssim = structural_similarity(reference, prediction)
    return ChipScore(
        row=window.row,
        column=window.column,
        valid_pixels=valid,
        cloud_fraction=cloudy / valid if valid else 0.0,
        matrix=confusion_matrix(reference, prediction),
        ssim=ssim,
    )


def count_name(reference: SeaIceClass, prediction: SeaIceClass) -> str:
    """Name a cell of the matrix: "reference_thick_ice_predicted_thin_ice"."""
    return f"reference_{reference.key}_predicted_{prediction.key}"


COUNT_NAMES = [count_name(r, p) for r in SeaIceClass for p in SeaIceClass]
"""Names of the cells of a confusion matrix, row by row."""


def counts_by_name(matrix: Counts) -> dict[str, int]:
    """Spread a confusion matrix, int64 (3, 3), over named columns of a table."""
    return dict(zip(COUNT_NAMES, map(int, matrix.ravel()), strict=True))
