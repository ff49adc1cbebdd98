"""Windows of bands with larger pixels than a scene's, brought to its grid."""

import numpy as np

from sea_ice_kedro.imagery.reflectance import Numbers
from sea_ice_kedro.sources.cutting import Cut


def coarse_shape(shape: tuple[int, int], factor: int) -> tuple[int, int]:
    """Return (H, W) of a granule's band whose pixels are `factor` times as large."""
    return -(-shape[0] // factor), -(-shape[1] // factor)


def coarse_cut(cut: Cut, factor: int) -> Cut:
    """Return the window of larger pixels that covers a window of the granule."""
    row, column = cut.row // factor, cut.column // factor
    below = -(-(cut.row + cut.height) // factor)
    right = -(-(cut.column + cut.width) // factor)
    return Cut(row, column, below - row, right - column)


def on_grid(numbers: Numbers, cut: Cut, factor: int) -> Numbers:
    """Map each pixel of a window to the larger pixel that it lies in.

    Nearest neighbour, as all bands are brought to a grid: every source gives the same
    numbers, wherever a granule is cut.

    Args:
        numbers: (h, w), the window `coarse_cut(cut, factor)`.
        cut: Window of the granule.
        factor: Pixels along a side of a larger one.

    Returns:
        (height, width) of the cut, of the same dtype.
    """
    coarse = coarse_cut(cut, factor)
    rows = np.arange(cut.row, cut.row + cut.height) // factor - coarse.row
    columns = np.arange(cut.column, cut.column + cut.width) // factor - coarse.column
    return np.asarray(numbers[np.ix_(rows, columns)])
