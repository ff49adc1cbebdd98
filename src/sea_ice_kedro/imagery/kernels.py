"""Loops over the pixels of a scene, compiled with numba; imported when they run.

Each loop here does in one pass over memory what takes several passes with array
primitives. The machine code is kept beside this file, or in the user's cache folder.

All arrays are flat and contiguous: `rgb` uint8 (3·N,) with R, G, B of a pixel side by
side, all others (N,). The last arguments are written to; the callers in this package
make them, and nobody else sees them. Selections by `if` on bytes, not on tables, are
what lets LLVM work on 64 pixels at a time.
"""

import math
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

import numba
import numpy as np
import numpy.typing as npt

Function = TypeVar("Function", bound=Callable[..., Any])


def compiled(function: Function) -> Function:
    """Compile a function for NumPy arrays, without the GIL, cached where possible."""
    compile_for_arrays: Any = partial(numba.njit, nogil=True, error_model="numpy")
    try:
        return compile_for_arrays(cache=True)(function)  # type: ignore[no-any-return]
    except RuntimeError:
        # No folder to cache in (a read-only installation without a home): compile
        # anew in each process.
        return compile_for_arrays()(function)  # type: ignore[no-any-return]


# --- Single passes over the pixels of a scene, compiled

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
def count_levels(values: Bytes, counts: npt.NDArray[np.int64]) -> None:
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


# --- The pass over a class map that tells its pixels' cells, compiled

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@compiled
def count_runs(
    codes: Bytes,
    nodes: Floats,
    row_nodes: Integers,
    column_nodes: Integers,
    slots: Bytes,
    runs: Integers,
) -> int:
    """Count pixels by code in each run of pixels that lie in one cell.

    `codes`: (h, W). `nodes`: (2, R, C), column and row in cells at the centres of the
    pixels `row_nodes` (R,) and `column_nodes` (C,); linear between them. `slots`:
    (256,), the counter of each code. `runs` is written to: (h·W, 2 + counters), cell
    column, cell row, counts. Gives the number of runs.
    """
    counters = runs.shape[1] - 2
    found = 0
    upper = 0
    for r in range(codes.shape[0]):
        if upper + 2 < row_nodes.size and r >= row_nodes[upper + 1]:
            upper += 1
        lower = upper + 1
        v = (r - row_nodes[upper]) / (row_nodes[lower] - row_nodes[upper])
        for left in range(column_nodes.size - 1):
            right = left + 1
            start, stop = column_nodes[left], column_nodes[right]
            x = nodes[0, upper, left] * (1 - v) + nodes[0, lower, left] * v
            y = nodes[1, upper, left] * (1 - v) + nodes[1, lower, left] * v
            x_right = nodes[0, upper, right] * (1 - v) + nodes[0, lower, right] * v
            y_right = nodes[1, upper, right] * (1 - v) + nodes[1, lower, right] * v
            x_step = (x_right - x) / (stop - start)
            y_step = (y_right - y) / (stop - start)
            if right == column_nodes.size - 1:
                stop = codes.shape[1]
            for c in range(start, stop):
                cell_column = math.floor(x + x_step * (c - start))
                cell_row = math.floor(y + y_step * (c - start))
                new = True
                if found > 0:
                    new = (runs[found - 1, 0] != cell_column) | (
                        runs[found - 1, 1] != cell_row
                    )
                if new:
                    runs[found, 0], runs[found, 1] = cell_column, cell_row
                    for counter in range(counters):
                        runs[found, 2 + counter] = 0
                    found += 1
                runs[found - 1, 2 + slots[codes[r, c]]] += 1
    return found


# --- A distance transform flooded from its summits, compiled: it parts touching floes

Distances = npt.NDArray[np.float32]
Labels = npt.NDArray[np.int32]
Mask = npt.NDArray[np.bool_]


@compiled
def from_high_to_low(heights: Distances, mask: Mask, levels: int) -> Labels:
    """Sort the pixels of a mask by height, the highest first.

    `heights`: (N,), 0 at the lowest, sorted to a quarter. `levels`: more than four
    times the highest. Gives their indices.
    """
    ends = np.zeros(levels + 1, np.int64)
    for pixel in range(heights.size):
        if mask[pixel]:
            ends[levels - 1 - int(heights[pixel] * 4)] += 1
    total = 0
    for level in range(levels):
        here = ends[level]
        ends[level] = total
        total += here
    order = np.empty(total, np.int32)
    for pixel in range(heights.size):
        if mask[pixel]:
            level = levels - 1 - int(heights[pixel] * 4)
            order[ends[level]] = pixel
            ends[level] += 1
    return order


@compiled
def _root(parents: Labels, basin: int) -> int:
    while parents[basin] != basin:
        parents[basin] = parents[parents[basin]]
        basin = parents[basin]
    return basin


@compiled
def flood(  # noqa: PLR0912 - one loop over pixels
    heights: Distances, order: Labels, width: int, neck: float, least: float
) -> Labels:
    """Flood basins from their summits down; join two that meet above their neck.

    `heights`: (H·W,), distances to the shore. `order`: pixels, the highest first.
    `width`: W. Where the floods of two summits meet, that is the neck between them:
    they become one when its height is at least `neck` times that of the lower summit,
    or that summit is lower than `least`; at height 0 never. Gives a basin for each
    pixel, 0 outside.
    """
    labels = np.zeros(heights.size, np.int32)
    parents = np.zeros(1024, np.int32)
    summits = np.zeros(1024, np.float32)
    count = 0
    near = np.zeros(4, np.int64)
    sides = (-width, -1, 1, width)
    for pixel in order:
        column, found, height = pixel % width, 0, heights[pixel]
        best, highest = 0, np.float32(-1)
        for side in sides:
            other = pixel + side
            if other < 0 or other >= heights.size:
                continue
            if (side == -1 and column == 0) or (side == 1 and column == width - 1):
                continue
            if labels[other] > 0:
                near[found] = _root(parents, labels[other])
                if heights[other] > highest:
                    best, highest = near[found], heights[other]
                found += 1
        if found == 0:
            count += 1
            if count == parents.size:
                parents = np.concatenate((parents, np.zeros(count, np.int32)))
                summits = np.concatenate((summits, np.zeros(count, np.float32)))
            parents[count], summits[count], best = count, height, count
        for one in range(found):
            here, there = _root(parents, best), _root(parents, near[one])
            if here == there:
                continue
            lower = min(summits[here], summits[there])
            if height > 0 and (height >= neck * lower or lower < least):
                if summits[here] < summits[there]:
                    here, there = there, here
                parents[there] = here
        labels[pixel] = best
    for pixel in order:
        labels[pixel] = _root(parents, labels[pixel])
    return labels
