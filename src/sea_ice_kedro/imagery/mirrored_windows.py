"""Squares of a scene that may reach over any edge, where the scene is mirrored."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from sea_ice_kedro.imagery.arrays import RGB, Mask, Scene

Read = Callable[[int, int, int], tuple[RGB, Mask]]
"""(row, column, size) -> uint8 (S, S, 3) and bool (S, S), True where observed."""


def mirrored(start: int, size: int, length: int) -> npt.NDArray[np.int64]:
    """Return the pixels of an axis that a window shows; outside, the axis is mirrored.

    The pixel at the edge is repeated, as by `numpy.pad(mode="symmetric")`:
    ... 1 0 | 0 1 2 | 2 1 ...

    Args:
        start: First position of the window; it may be negative.
        size: Positions in the window.
        length: Pixels of the axis, at least 1.

    Returns:
        int64 (size,), each 0..length - 1.
    """
    there_and_back = np.arange(start, start + size) % (2 * length)
    return np.minimum(there_and_back, 2 * length - 1 - there_and_back)


def reader_of(scene: Scene) -> Read:
    """Return a reader of squares of a scene in memory."""

    def read(row: int, column: int, size: int) -> tuple[RGB, Mask]:
        rows = mirrored(row, size, scene.shape[0])
        columns = mirrored(column, size, scene.shape[1])
        square = np.ix_(rows, columns)
        return scene.rgb[square], scene.valid_mask[square]

    return read
