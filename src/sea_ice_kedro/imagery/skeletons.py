"""The middle lines of regions: one pixel wide, cut into branches."""

import cv2
import numpy as np
import numpy.typing as npt

from sea_ice_kedro.imagery.arrays import Mask

Floats = npt.NDArray[np.float64]
Distances = npt.NDArray[np.float32]
Labels = npt.NDArray[np.int32]

_RING = ((0, 0), (0, 1), (0, 2), (1, 2), (2, 2), (2, 1), (2, 0), (1, 0))
"""The eight neighbours of a pixel, once around, as (row, column) in its 3 x 3."""

_STRAIGHT, _DIAGONAL = 0.948, 1.343
"""Lengths of the links of a digital line, unbiased over all directions (Kulpa 1977)."""

_ROUNDS = 2
"""Times that spurs are cut: the second round finds spurs of spurs."""


def _by_neighbours() -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8], Floats]:
    """Tabulate all 256 neighbourhoods.

    Returns:
        (256,) each: how many neighbours there are, how many runs of them around the
        pixel, and half the length of the links to them.
    """
    codes = np.arange(256)
    ring = (codes[:, None] >> np.arange(8)) & 1
    following = np.roll(ring, -1, axis=1)
    runs = ((ring == 0) & (following == 1)).sum(axis=1)
    straight, diagonal = ring[:, 1::2], ring[:, ::2]
    # A diagonal beside a straight link is the same way twice.
    beside = straight | np.roll(straight, 1, axis=1)
    links = _STRAIGHT * straight.sum(axis=1)
    links = links + _DIAGONAL * (diagonal & ~beside & 1).sum(axis=1)
    return ring.sum(axis=1).astype(np.uint8), runs.astype(np.uint8), links / 2


_NEIGHBOURS, _RUNS, LINKS_PX = _by_neighbours()


def middle_lines(region: Mask, half_widths: Distances) -> Mask:
    """Thin a region to its middle lines (Zhang & Suen 1984), without short spurs.

    A spur that is not longer than the region is wide where it begins comes from a
    rough rim, and goes.

    Args:
        region: bool (H, W).
        half_widths: float32 (H, W), distance to the rim.
    """
    from skimage.morphology import skeletonize  # noqa: PLC0415 - slow to import

    lines = skeletonize(region)  # type: ignore[no-untyped-call]
    for _ in range(_ROUNDS):
        branches, count, ends = _cut(lines)
        if not count:
            break
        widest = np.zeros(count + 1, np.float32)
        places = np.flatnonzero(branches)
        of = branches.ravel()[places]
        np.maximum.at(widest, of, half_widths.ravel()[places])
        short = np.bincount(of, minlength=count + 1) <= 1.5 * widest + 1
        is_spur = short & ends
        is_spur[0] = False
        kept = lines & ~is_spur[branches]
        lines = skeletonize(kept)  # type: ignore[no-untyped-call]
    return np.asarray(lines, bool)


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


def junctions(lines: Mask) -> Mask:
    """Return where three or more lines meet: bool (H, W)."""
    meets = _RUNS[neighbourhoods(lines)] >= 3  # noqa: PLR2004
    # Four lines may meet in a block in which each pixel has but one of them.
    block = lines[:-1, :-1] & lines[1:, :-1] & lines[:-1, 1:] & lines[1:, 1:]
    meets[:-1, :-1] |= block
    meets[1:, 1:] |= block
    return np.asarray(meets & lines)


def _cut(lines: Mask) -> tuple[Labels, int, Mask]:
    """Cut lines where they meet.

    Returns:
        int32 (H, W) numbers of the branches; how many; bool (N + 1,): which of them
        have a loose end, and another that they hang on.
    """
    cuts = cv2.dilate(junctions(lines).view(np.uint8), np.ones((3, 3), np.uint8))
    branches, count = numbered(lines & (cuts == 0))
    loose = np.zeros(count + 1, bool)
    loose[branches[lines & (_NEIGHBOURS[neighbourhoods(lines)] <= 1)]] = True
    held = np.zeros(count + 1, bool)
    beside = cv2.dilate(cuts, np.ones((3, 3), np.uint8)) > 0
    held[branches[beside]] = True
    return branches, count, loose & held


def numbered(lines: Mask) -> tuple[Labels, int]:
    """Number connected lines from 1 on, row by row: int32 (H, W), and how many."""
    count, labels = cv2.connectedComponents(
        lines.view(np.uint8), connectivity=8, ltype=cv2.CV_32S
    )
    return labels.astype(np.int32, copy=False), count - 1
