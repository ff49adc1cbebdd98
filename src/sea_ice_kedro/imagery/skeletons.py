"""The middle lines of regions: one pixel wide, cut into branches."""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from sea_ice_kedro.imagery.arrays import Mask

Floats = npt.NDArray[np.float64]
Distances = npt.NDArray[np.float32]
Labels = npt.NDArray[np.int32]
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
