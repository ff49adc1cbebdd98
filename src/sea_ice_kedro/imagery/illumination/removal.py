"""The last pass of the illumination filter, compiled."""

import numpy as np

from sea_ice_kedro.imagery.classes import QualityFlag
from sea_ice_kedro.imagery.compiled import compiled
from sea_ice_kedro.imagery.illumination.kernels import Bools, Bytes, Floats, at

_NODATA = np.uint8(QualityFlag.NODATA)
_CLOUD = np.uint8(QualityFlag.THIN_CLOUD)
_SHADOW = np.uint8(QualityFlag.SHADOW)
_SATURATED = np.uint8(QualityFlag.SATURATED)
_UNTRUSTWORTHY = np.uint8(QualityFlag.UNTRUSTWORTHY)
_WHITE = np.uint8(255)
_ZERO = np.uint8(0)


@compiled
def remove(
    rgb: Bytes,
    valid: Bools,
    shadow: Floats,
    haze: Floats,
    colours: Floats,
    limits: Floats,
    cell: int,
    restored: Bytes,
    quality: Bytes,
) -> None:
    """Write the restored scene and its flags.

    `colours`: of cloud in R, G, B, and dimming by shadow in R, G, B. `limits`: shadow
    and haze that are visible, shadow and haze from which nothing can be restored.
    """
    one, half, side = np.float32(1), np.float32(0.5), np.float32(cell)
    visible, most_shadow, most_haze = limits[0], limits[1], limits[2]
    for y in range(valid.shape[0]):
        i = (np.float32(y) + half) / side - half
        for x in range(valid.shape[1]):
            j = (np.float32(x) + half) / side - half
            s, t = at(shadow, i, j), at(haze, i, j)
            flag = _ZERO
            brightest = max(rgb[y, x, 0], rgb[y, x, 1], rgb[y, x, 2])
            if brightest == _WHITE:
                flag |= _SATURATED
            if s >= visible:
                flag |= _SHADOW
            if t >= visible:
                flag |= _CLOUD
            if s >= most_shadow or t >= most_haze:
                flag |= _UNTRUSTWORTHY
            clear = (s < visible and t < visible) or not valid[y, x]
            for c in range(3):
                value = np.float32(rgb[y, x, c])
                if not clear:
                    value -= t * colours[c]
                    value /= (one - t) * (one - colours[3 + c] * s)
                    value = min(max(value, np.float32(0)), np.float32(255)) + half
                restored[y, x, c] = np.uint8(value)
            if not valid[y, x]:
                flag = _NODATA
            quality[y, x] = flag


@compiled
def mark_changed(
    rgb: Bytes, restored: Bytes, limits: Bytes, flag: np.uint8, quality: Bytes
) -> None:
    """Add a flag where the class by brightness differs; all arrays flat but limits."""
    thin, thick = limits[0], limits[1]
    for i in range(quality.size):
        before = max(rgb[3 * i], rgb[3 * i + 1], rgb[3 * i + 2])
        after = max(restored[3 * i], restored[3 * i + 1], restored[3 * i + 2])
        same = (before < thin) == (after < thin)
        if not (same and (before < thick) == (after < thick)):
            quality[i] |= flag
