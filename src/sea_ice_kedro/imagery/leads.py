"""Leads of a class map: their middle lines, widths and directions."""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from sea_ice_kedro.imagery.arrays import Codes, Mask
from sea_ice_kedro.imagery.classes import LAND, classed
from sea_ice_kedro.imagery.floes import (
    Floats,
    FloeOptions,
    Labels,
    pack_of,
    rims_of,
    small_regions,
    touching,
)

Distances = npt.NDArray[np.float32]
Integers = npt.NDArray[np.int64]

_RING = ((0, 0), (0, 1), (0, 2), (1, 2), (2, 2), (2, 1), (2, 0), (1, 0))
"""The eight neighbours of a pixel, once around, as (row, column) in its 3 x 3."""

_STRAIGHT, _DIAGONAL, _CORNER = 0.980, 1.406, -0.091
"""Lengths of the links of a digital line and of their changes from one to the other,
unbiased over all directions (Vossepoel & Smeulders 1982)."""

_ROUNDS = 4
"""Most times that spurs are cut: a second round finds spurs of spurs."""

_CROSSING = 3
"""How many lines meet at least."""


def _by_neighbours() -> tuple[npt.NDArray[np.uint8], Floats]:
    """Tabulate all 256 neighbourhoods.

    Returns:
        (256,) each: how many runs of neighbours are around the pixel, and its share of
        the line's length.
    """
    codes = np.arange(256)
    ring = (codes[:, None] >> np.arange(8)) & 1
    following = np.roll(ring, -1, axis=1)
    runs = ((ring == 0) & (following == 1)).sum(axis=1)
    straight, diagonal = ring[:, 1::2], ring[:, ::2]
    # A diagonal beside a straight link is the same way twice.
    beside = straight | np.roll(straight, 1, axis=1)
    steps = straight.sum(axis=1), (diagonal & ~beside & 1).sum(axis=1)
    lengths = (_STRAIGHT * steps[0] + _DIAGONAL * steps[1]) / 2
    lengths[(steps[0] == 1) & (steps[1] == 1)] += _CORNER
    return runs.astype(np.uint8), lengths


_RUNS, LENGTHS_PX = _by_neighbours()


@dataclass(frozen=True, eq=False)
class _Pieces:
    """Lines, cut where they meet."""

    branches: Labels
    """int32 (H, W), 1..N; 0 elsewhere."""

    meetings: Labels
    """int32 (H, W), 1..M: what lies between the branches; 0 elsewhere."""

    ways: Integers
    """int64 (M + 1,): how many branches end at a meeting."""

    ends: tuple[Integers, Integers]
    """Meeting and branch of each such end."""

    @property
    def count(self) -> int:
        """N."""
        return int(self.branches.max(initial=0))

    def at(self, chosen: Mask) -> Mask:
        """Return which branches end at chosen meetings: bool (N + 1,)."""
        found = np.zeros(self.count + 1, bool)
        found[self.ends[1][chosen[self.ends[0]]]] = True
        return found


def middle_lines(region: Mask, half_widths: Distances) -> Mask:
    """Thin a region to its middle lines (Zhang & Suen 1984), without short spurs.

    A spur that is not much longer than to the rim from where it begins comes from a
    rough rim, and goes.

    Args:
        region: bool (H, W).
        half_widths: float32 (H, W), distance to the rim.
    """
    from skimage.morphology import skeletonize  # noqa: PLC0415 - slow to import

    lines = np.asarray(skeletonize(region), np.bool_)  # type: ignore[no-untyped-call]
    for _ in range(_ROUNDS):
        kept = lines & ~_spurs(lines, half_widths)
        if (kept == lines).all():
            break
        lines = np.asarray(skeletonize(kept), np.bool_)  # type: ignore[no-untyped-call]
    return lines


def crossings(lines: Mask) -> Mask:
    """Return where three or more lines meet: bool (H, W)."""
    pieces = _cut(lines)
    return np.asarray((pieces.ways >= _CROSSING)[pieces.meetings])


def _spurs(lines: Mask, half_widths: Distances) -> Mask:
    """Mark short branches that end at nothing, and hang on a crossing."""
    pieces = _cut(lines)
    branches, count = pieces.branches, pieces.count
    # With the half width where it begins.
    around = cv2.dilate(np.where(lines, half_widths, 0), np.ones((7, 7), np.uint8))
    places = np.flatnonzero(branches)
    of = branches.ravel()[places]
    widest = np.zeros(count + 1, np.float32)
    np.maximum.at(widest, of, around.ravel()[places])
    short = np.bincount(of, minlength=count + 1) <= 1.5 * widest + 1
    # A fork of a pixel or two at its tip is no branch.
    tips = pieces.ways == 1
    loose = pieces.at(tips)
    loose[branches[lines & (_RUNS[neighbourhoods(lines)] <= 1)]] = True
    spurs = short & loose & pieces.at(pieces.ways >= _CROSSING)
    spurs[0] = False
    gone = np.zeros(len(tips), bool)
    gone[pieces.ends[0][spurs[pieces.ends[1]]]] = True
    return np.asarray(spurs[branches] | (gone & tips)[pieces.meetings])


def _cut(lines: Mask) -> _Pieces:
    meets = _RUNS[neighbourhoods(lines)] >= _CROSSING
    # Four lines may meet in a block in which each pixel has but one of them.
    block = lines[:-1, :-1] & lines[1:, :-1] & lines[:-1, 1:] & lines[1:, 1:]
    meets[:-1, :-1] |= block
    meets[1:, 1:] |= block
    meets &= lines
    cuts = cv2.dilate(meets.view(np.uint8), np.ones((3, 3), np.uint8)) > 0
    branches, _ = numbered(lines & ~cuts)
    meetings, count = numbered(lines & cuts)
    ends = _ends(branches, meetings)
    return _Pieces(branches, meetings, np.bincount(ends[0], minlength=count + 1), ends)


def _ends(branches: Labels, meetings: Labels) -> tuple[Integers, Integers]:
    """Find which branches are beside which meetings, each pair once."""
    rows, columns = np.nonzero(meetings)
    of = meetings[rows, columns].astype(np.int64)
    span = int(branches.max(initial=0)) + 1
    pairs = []
    for down, right in _RING:
        row = np.clip(rows + down - 1, 0, branches.shape[0] - 1)
        column = np.clip(columns + right - 1, 0, branches.shape[1] - 1)
        beside = branches[row, column]
        pairs.append(of[beside > 0] * span + beside[beside > 0])
    meeting, branch = np.divmod(np.unique(np.concatenate(pairs)), span)
    return meeting, branch


def neighbourhoods(lines: Mask) -> npt.NDArray[np.uint8]:
    """Return for each pixel which of its neighbours are set, a bit each: (H, W)."""
    kernel = np.zeros((3, 3), np.float32)
    for bit, place in enumerate(_RING):
        kernel[place] = 1 << bit
    return np.asarray(
        cv2.filter2D(
            lines.view(np.uint8), cv2.CV_8U, kernel, borderType=cv2.BORDER_CONSTANT
        )
    )


def numbered(lines: Mask) -> tuple[Labels, int]:
    """Number connected lines from 1 on, row by row: int32 (H, W), and how many."""
    count, labels = cv2.connectedComponents(
        lines.view(np.uint8), connectivity=8, ltype=cv2.CV_32S
    )
    return labels.astype(np.int32, copy=False), count - 1


# --- Leads of a class map: their middle lines, widths and directions

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
