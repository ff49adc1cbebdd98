"""A distance transform flooded from its summits, compiled: it parts touching floes."""

import numpy as np
import numpy.typing as npt

from sea_ice_kedro.imagery.compiled import compiled

Floats = npt.NDArray[np.float32]
Labels = npt.NDArray[np.int32]
Mask = npt.NDArray[np.bool_]


@compiled
def from_high_to_low(heights: Floats, mask: Mask, levels: int) -> Labels:
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
    heights: Floats, order: Labels, width: int, neck: float, least: float
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
