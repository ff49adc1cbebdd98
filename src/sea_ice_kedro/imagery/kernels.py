"""Single passes over the pixels of a scene, compiled.

All arrays are flat and contiguous: `rgb` uint8 (3·N,) with R, G, B of a pixel side by
side, all others (N,). The last arguments are written to; the callers in this package
make them, and nobody else sees them. Selections by `if` on bytes, not on tables, are
what lets LLVM work on 64 pixels at a time.
"""

import numpy as np
import numpy.typing as npt

from sea_ice_kedro.imagery.compiled import compiled

Bytes = npt.NDArray[np.uint8]
Bools = npt.NDArray[np.bool_]

TABLES = 4
"""Of counts, filled in turn."""

_WHITE = np.uint8(255)
_NO_FLAG = np.uint8(0)


@compiled
def label(
    rgb: Bytes, valid: Bools, limits: Bytes, classes: Bytes, codes: Bytes
) -> None:
    """Write the class code of each pixel's max(R, G, B).

    `limits`: first brightness of thin and of thick ice; `classes`: codes of thick ice,
    thin ice, open water and no data.
    """
    thin, thick = limits[0], limits[1]
    thick_ice, thin_ice, open_water, nodata = classes
    for i in range(codes.size):
        bright = max(rgb[3 * i], rgb[3 * i + 1], rgb[3 * i + 2])
        code = thin_ice
        if bright >= thick:
            code = thick_ice
        if bright < thin:
            code = open_water
        if not valid[i]:
            code = nodata
        codes[i] = code


@compiled
def label_by_ends(
    rgb: Bytes, valid: Bools, limits: Bytes, classes: Bytes, codes: Bytes
) -> None:
    """Write what `label` does, but with water where min(R, G, B) is below its limit."""
    thin, thick = limits[0], limits[1]
    thick_ice, thin_ice, open_water, nodata = classes
    for i in range(codes.size):
        red, green, blue = rgb[3 * i], rgb[3 * i + 1], rgb[3 * i + 2]
        code = thin_ice
        if max(red, green, blue) >= thick:
            code = thick_ice
        if min(red, green, blue) < thin:
            code = open_water
        if not valid[i]:
            code = nodata
        codes[i] = code


@compiled
def count_ends(rgb: Bytes, valid: Bools, counts: npt.NDArray[np.int64]) -> None:
    """Add how often valid pixels have each max(R, G, B) and min(R, G, B).

    `counts`: int64 (TABLES, 256), by the brightest channel in the first and third, by
    the darkest in the second and fourth; pixels take turns, as in `count`.
    """
    for i in range(valid.size):
        if valid[i]:
            red, green, blue = rgb[3 * i], rgb[3 * i + 1], rgb[3 * i + 2]
            turn = 2 * (i % 2)
            counts[turn, max(red, green, blue)] += 1
            counts[turn + 1, min(red, green, blue)] += 1


@compiled
def paint_water_white(
    rgb: Bytes, valid: Bools, water_max: np.uint8, grey: Bytes, bright: Bytes
) -> None:
    """Write max(R, G, B), 0 without data, and turn grey white where that is water."""
    for i in range(grey.size):
        brightest = max(rgb[3 * i], rgb[3 * i + 1], rgb[3 * i + 2])
        if not valid[i]:
            brightest = np.uint8(0)
        bright[i] = brightest
        value = grey[i]
        if brightest <= water_max:
            value = _WHITE
        grey[i] = value


@compiled
def closeness(grey: Bytes, background: Bytes) -> None:
    """Write 255 - |grey - background| over the background."""
    for i in range(grey.size):
        a, b = grey[i], background[i]
        background[i] = _WHITE - (max(a, b) - min(a, b))


@compiled
def count(values: Bytes, counts: npt.NDArray[np.int64]) -> None:
    """Add the number of times each value occurs to int64 (TABLES, 256).

    Several tables in turn: in a run of equal values, each count would wait for the
    one before to be stored.
    """
    whole = values.size // TABLES * TABLES
    for i in range(0, whole, TABLES):
        counts[0, values[i]] += 1
        counts[1, values[i + 1]] += 1
        counts[2, values[i + 2]] += 1
        counts[3, values[i + 3]] += 1
    for i in range(whole, values.size):
        counts[0, values[i]] += 1


@compiled
def levels_and_quality(
    difference: Bytes,
    bright: Bytes,
    valid: Bools,
    limits: Bytes,
    settings: Bytes,
    rgb: Bytes,
    quality: Bytes,
) -> None:
    """Write the three-level scene, three equal channels, and its quality flags.

    `limits`: last brightness of water, first of thick ice, last difference of thin
    ice; `settings`: level of thin ice, flags of no data, of thick ice that became thin
    and of thin ice that became thick.
    """
    water_max, thick_ice_min, thin_difference_max = limits
    thin_level, nodata, cloud, shadow = settings
    for i in range(quality.size):
        thick = difference[i] > thin_difference_max
        was_thick = bright[i] >= thick_ice_min
        water = bright[i] <= water_max
        level = thin_level
        if thick:
            level = _WHITE
        if water:
            level = np.uint8(0)
        rgb[3 * i] = level
        rgb[3 * i + 1] = level
        rgb[3 * i + 2] = level
        flag = _NO_FLAG
        if was_thick & (not thick):
            flag = cloud
        if (not was_thick) & thick:
            flag = shadow
        if water:
            flag = _NO_FLAG
        if not valid[i]:
            flag = nodata
        quality[i] = flag
