"""The last pass of the illumination filter, compiled."""

import numpy as np

from sea_ice_kedro.imagery.classes import QualityFlag
from sea_ice_kedro.imagery.compiled import compiled
from sea_ice_kedro.imagery.illumination.kernels import Bools, Bytes, Floats

_NODATA = np.uint8(QualityFlag.NODATA)
_SATURATED = np.uint8(QualityFlag.SATURATED)
_WHITE = np.uint8(255)


@compiled
def remove(
    rgb: Bytes, gains: Floats, offsets: Floats, place: Floats, restored: Bytes
) -> None:
    """Write gain · value + offset, 0..255, rounded.

    `rgb` and `restored`: uint8 (H, 3·W), R, G, B of a pixel side by side. `gains` and
    `offsets` (h, 3·W): of every column, at the middle of each row of cells; linear in
    between. `place` (H,): a row of pixels in rows of cells.
    """
    zero, white, half = np.float32(0), np.float32(255), np.float32(0.5)
    for y in range(rgb.shape[0]):
        above = int(place[y])
        below = min(above + 1, gains.shape[0] - 1)
        part = place[y] - np.float32(above)
        seen, out = rgb[y], restored[y]
        upper_gain, lower_gain = gains[above], gains[below]
        upper, lower = offsets[above], offsets[below]
        for n in range(seen.size):
            gain = upper_gain[n] + part * (lower_gain[n] - upper_gain[n])
            value = upper[n] + part * (lower[n] - upper[n]) + half
            value += np.float32(seen[n]) * gain
            value = value if value > zero else zero
            value = value if value < white else white
            out[n] = np.uint8(value)


@compiled
def flag(rgb: Bytes, valid: Bools, of_cells: Bytes, cell: int, quality: Bytes) -> None:
    """Write the flags of each pixel: its cell's, saturation, no data.

    `rgb`: uint8 (H, 3·W), as in `remove`.
    """
    rows, columns = valid.shape
    common = np.empty(columns, np.uint8)
    for y in range(rows):
        if y % cell == 0:
            for x in range(columns):
                common[x] = of_cells[y // cell, x // cell]
        seen, here, out = rgb[y], valid[y], quality[y]
        for x in range(columns):
            value = common[x]
            if max(seen[3 * x], seen[3 * x + 1], seen[3 * x + 2]) == _WHITE:
                value = value | _SATURATED
            if not here[x]:
                value = _NODATA
            out[x] = value


@compiled
def mark_changed(codes: Bytes, others: Bytes, flag: np.uint8, quality: Bytes) -> None:
    """Add a flag where two class maps differ; all arrays flat."""
    for i in range(quality.size):
        value = quality[i]
        if codes[i] != others[i]:
            value = value | flag
        quality[i] = value
