"""Chips: cut from scenes and put back; with label and facts; and scored one by one."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from sea_ice_kedro.errors import InvalidScene, expect_integer, expect_number
from sea_ice_kedro.imagery.arrays import RGB, Codes, Quality
from sea_ice_kedro.imagery.classes import NO_CLASS, NODATA, QualityFlag, SeaIceClass
from sea_ice_kedro.imagery.histogram import histogram_of
from sea_ice_kedro.imagery.scene_context import Context, context_of
from sea_ice_kedro.imagery.scores import (
    Counts,
    confusion_matrix,
    structural_similarity,
)

Raster = npt.NDArray[Any]


@dataclass(frozen=True)
class Window:
    """A square of a scene; it may reach over the lower and right edge."""

    row: int
    """First row, 0-based."""

    column: int
    """First column, 0-based."""

    size: int
    """Rows and columns."""

    def chip_id(self, scene_id: str) -> str:
        """Name the chip: "s2_vis_00_r0768_c1792"."""
        return f"{scene_id}_r{self.row:04d}_c{self.column:04d}"


def chip_windows(shape: tuple[int, int], size: int) -> Iterator[Window]:
    """Lay a grid of squares over a scene, row by row; the last may reach over.

    Args:
        shape: (H, W) of the scene.
        size: Rows and columns of a chip, at least 1.

    Raises:
        InvalidOption: if `size` is not a positive whole number.
    """
    expect_integer("chip size", size, 1, 2**31)
    for row in range(0, shape[0], size):
        for column in range(0, shape[1], size):
            yield Window(row, column, size)


def cut_chip(raster: Raster, window: Window, fill: int) -> Raster:
    """Cut one chip, (size, size) or (size, size, C); `fill` where it reaches over."""
    part = raster[
        window.row : window.row + window.size,
        window.column : window.column + window.size,
    ]
    missing = [(0, window.size - length) for length in part.shape[:2]]
    missing += [(0, 0)] * (raster.ndim - 2)
    return np.pad(part, missing, constant_values=fill)


# --- Chips to learn from: image, label and what is known about each

CLOUDY = QualityFlag.THIN_CLOUD | QualityFlag.SHADOW


@dataclass(frozen=True)
class ChipOptions:
    """How scenes are cut."""

    size_px: int = 256
    """Rows and columns of a chip."""

    min_valid_fraction: float = 0.5
    """Chips with fewer observed and labelled pixels, 0..1, are dropped."""

    def __post_init__(self) -> None:
        """Refuse settings that no chip can be cut with."""
        expect_integer("modeling.chips.size_px", self.size_px, 16, 4096)
        expect_number(
            "modeling.chips.min_valid_fraction", self.min_valid_fraction, 0, 1
        )


@dataclass(frozen=True)
class ChipFacts:
    """Metadata of one chip, without its pixels."""

    row: int
    column: int
    valid_fraction: float
    """Labelled pixels / pixels of a whole chip, 0..1."""

    cloud_fraction: float
    """Pixels that the filter took for thin cloud or shadow / labelled pixels, 0..1."""

    class_fractions: tuple[float, ...]
    """Pixels of each `SeaIceClass`, and of `NO_CLASS`, / labelled pixels, 0..1."""

    kept: bool
    """Whether its pixels are in the shard."""


@dataclass(frozen=True, eq=False)
class Chips:
    """The chips of one scene."""

    scene_id: str
    images: RGB
    """uint8 (N, S, S, 3) of the chips that are kept."""

    labels: npt.NDArray[np.uint8]
    """uint8 (N, S, S) of class codes or `NO_CLASS`, 255 = no data."""

    context: Context
    """float32 (CONTEXT_SIZE,), of the whole scene."""

    facts: Sequence[ChipFacts]
    """Facts of all chips of the grid, row by row."""


def cut_chips(
    scene_id: str, rgb: RGB, codes: Codes, quality: Quality, options: ChipOptions
) -> Chips:
    """Cut image and label of one scene along the grid of chips.

    Args:
        scene_id: Name of the scene.
        rgb: uint8 (H, W, 3), 0 where not observed.
        codes: uint8 (H, W) of class codes; NODATA where not observed or labelled.
        quality: uint8 (H, W) of `QualityFlag` bits.
        options: Size, and what is dropped.
    """
    windows = list(chip_windows((codes.shape[0], codes.shape[1]), options.size_px))
    facts = [_facts(window, codes, quality, options) for window in windows]
    kept = [w for w, fact in zip(windows, facts, strict=True) if fact.kept]
    side = options.size_px
    images = np.empty((len(kept), side, side, 3), np.uint8)
    labels = np.empty((len(kept), side, side), np.uint8)
    for index, window in enumerate(kept):
        labels[index] = cut_chip(codes, window, NODATA)
        images[index] = cut_chip(rgb, window, 0)
    context = context_of(rgb, quality & QualityFlag.NODATA == 0)
    return Chips(scene_id, images, labels, context, facts)


def _facts(
    window: Window, codes: Codes, quality: Quality, options: ChipOptions
) -> ChipFacts:
    label = cut_chip(codes, window, NODATA)
    flags = cut_chip(quality, window, 0)
    counts = histogram_of(label)[: NO_CLASS + 1]
    valid = int(counts.sum())
    cloudy = np.count_nonzero((flags & CLOUDY > 0) & (label != NODATA))
    fraction = valid / label.size
    return ChipFacts(
        row=window.row,
        column=window.column,
        valid_fraction=fraction,
        cloud_fraction=cloudy / valid if valid else 0.0,
        class_fractions=tuple(float(c) / valid if valid else 0.0 for c in counts),
        kept=valid > 0 and fraction >= options.min_valid_fraction,
    )


# --- How well a class map agrees with another, chip by chip, every pixel once

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
