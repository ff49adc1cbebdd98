"""Leads of a class map: their middle lines, widths and directions."""

from dataclasses import dataclass

import cv2
import numpy as np

from sea_ice_kedro.imagery.arrays import Codes, Mask
from sea_ice_kedro.imagery.classes import LAND, classed
from sea_ice_kedro.imagery.floe_options import FloeOptions
from sea_ice_kedro.imagery.floes import (
    Floats,
    Labels,
    pack_of,
    rims_of,
    small_regions,
    touching,
)
from sea_ice_kedro.imagery.skeletons import (
    LENGTHS_PX,
    Distances,
    crossings,
    middle_lines,
    neighbourhoods,
    numbered,
)

_RIM_PX = 0.25
"""Twice the distance from a middle line to the centres of the ice pixels beside it is
so much more than the width, on average over all directions and widths."""

_CLEAR_PX = 2
"""How far the skeleton of a lead stays off the open sea."""


@dataclass(frozen=True, eq=False)
class Leads:
    """The leads of one map, by number; lengths in pixels."""

    labels: Labels
    area_px: Floats
    length_px: Floats
    width_px: Floats
    """float64 (N,): mean along the middle line."""

    widest_px: Floats
    columns: Floats
    """float64 (N,): of the middles, 0.5 in the middle of the first pixel."""

    rows: Floats
    along: Floats
    """float64 (N, 2): direction (columns, rows) of the axis, of length 1."""

    touches_edge: Mask
    """bool (N,): whether it reaches the edge of the map, land or what was not seen."""


def find_leads(codes: Codes, pixel_m: float, options: FloeOptions) -> Leads:
    """Find the leads of a class map and measure them.

    Between floes there is water and, unless it is part of floes, thin ice: a lead may
    be refrozen (WMO 2014, fracture). What a disc of `widest_m` fits into is open sea
    (an opening). The rest is thinned to middle lines, which are cut where they meet; a
    piece is a lead when it is long and narrow enough. Its width is twice the distance
    to the ice, on average along the line; its direction is the first principal axis of
    the line.

    Args:
        codes: uint8 (H, W) of classes, 254 on land, 255 where there is no data.
        pixel_m: Side of a pixel on the ground, m.
        options: What is a lead.

    Returns:
        The leads in the order of their first pixels, row by row.
    """
    pack = pack_of(codes, options) | rims_of(codes)
    pack &= ~small_regions(pack, options, 4)
    unseen = ~classed(codes)
    gaps = ~pack & ~unseen
    # What was not seen may be water: no shore, like the edge of the map. Land is one.
    shore = ~pack & (codes != LAND)
    distances = _distances(shore)
    gaps, off_sea = _without_sea(gaps, distances, options.widest_m / pixel_m / 2)
    lines = middle_lines(gaps, distances)
    branches, count = numbered(lines & ~_crossings(lines, distances) & off_sea)
    found = _measured(branches, count, distances)
    width, length = found["width"], found["length"]
    chosen = (length >= options.shortest_px) & (length >= options.elongation * width)
    labels = _regions(gaps, lines, branches, chosen)
    number = int(chosen.sum())
    return Leads(
        labels=labels,
        area_px=np.bincount(labels.ravel(), minlength=number + 1)[1:].astype(float),
        length_px=length[chosen],
        width_px=width[chosen],
        widest_px=found["widest"][chosen],
        columns=found["column"][chosen] + 0.5,
        rows=found["row"][chosen] + 0.5,
        along=np.stack([found["cosine"], found["sine"]], axis=1)[chosen],
        touches_edge=touching(labels, unseen, number),
    )


def _distances(mask: Mask) -> Distances:
    """Return the distance to the nearest pixel outside of a mask, in pixels."""
    found = cv2.distanceTransform(
        mask.view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE
    )
    return np.asarray(np.minimum(found, np.float32(sum(mask.shape)), out=found))


def _without_sea(
    gaps: Mask, distances: Distances, radius_px: float
) -> tuple[Mask, Mask]:
    """Take the open sea away.

    Returns:
        bool (H, W) each: what is left of the gaps; where middle lines are of leads,
        and not of bays, because the ice is much nearer than the open sea.
    """
    core = gaps & (distances >= radius_px)
    if not core.any():
        return gaps, np.ones(gaps.shape, bool)
    to_sea = _distances(~core) - np.float32(radius_px)
    return gaps & (to_sea > _CLEAR_PX), to_sea > 2 * distances + _CLEAR_PX


def _crossings(lines: Mask, distances: Distances) -> Mask:
    """Mark where leads meet: the widest disc in the water around each crossing."""
    marked = np.zeros(lines.shape, np.uint8)
    for row, column in np.argwhere(crossings(lines)).tolist():
        radius = max(round(float(distances[row, column])), 1)
        cv2.circle(marked, (column, row), radius, 1, -1)
    return marked.view(bool)


def _measured(branches: Labels, count: int, distances: Distances) -> dict[str, Floats]:
    """Measure each branch along its pixels: float64 (N,) each."""
    places = np.flatnonzero(branches)
    of = branches.ravel()[places]
    rows, columns = np.divmod(places, branches.shape[1])

    def summed(values: Floats) -> Floats:
        return np.bincount(of, values, minlength=count + 1)[1:].astype(float)

    pixels = np.bincount(of, minlength=count + 1)[1:]
    row, column = summed(rows * 1.0) / pixels, summed(columns * 1.0) / pixels
    y, x = rows - row[of - 1], columns - column[of - 1]
    half_angle = np.arctan2(2 * summed(x * y), summed(x * x) - summed(y * y)) / 2
    widths = 2 * distances.ravel()[places].astype(float) - _RIM_PX
    widest = np.zeros(count + 1)
    np.maximum.at(widest, of, widths)
    links = LENGTHS_PX[neighbourhoods(branches > 0).ravel()[places]]
    return {
        "row": row,
        "column": column,
        "cosine": np.cos(half_angle),
        "sine": np.sin(half_angle),
        "width": summed(widths) / pixels,
        "widest": widest[1:],
        "length": summed(links) + 1,
    }


def _regions(gaps: Mask, lines: Mask, branches: Labels, chosen: Mask) -> Labels:
    """Give each pixel between floes to the lead whose middle line is nearest."""
    numbers = np.zeros(len(chosen) + 1, np.int32)
    numbers[1:][chosen] = np.arange(1, int(chosen.sum()) + 1)
    if not chosen.any():
        return np.zeros(gaps.shape, np.int32)
    _, nearest = cv2.distanceTransformWithLabels(
        (~lines).view(np.uint8),
        cv2.DIST_L2,
        cv2.DIST_MASK_5,
        labelType=cv2.DIST_LABEL_PIXEL,
    )
    of_line = np.zeros(int(nearest.max()) + 1, np.int32)
    of_line[nearest[lines]] = numbers[branches[lines]]
    return np.asarray(np.where(gaps, of_line[nearest], 0), np.int32)
