"""Cutting scenes into chips, which cover every pixel once, at any size."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from sea_ice_kedro.imagery.options import expect_integer

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
