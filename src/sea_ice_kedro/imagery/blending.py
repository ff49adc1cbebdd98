"""A network over a whole scene: overlapping windows, blended so that no seam shows.

Each window counts fully in its middle; where two overlap, the weight of one falls as
that of the other rises, along a raised cosine. Their sum is 1 everywhere, so that what
comes out are probabilities again. Only one row of windows is in memory at a time.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
import numpy.typing as npt

from sea_ice_kedro.errors import InvalidModel
from sea_ice_kedro.imagery.arrays import RGB, Grey, Mask
from sea_ice_kedro.imagery.classes import NO_CLASS, NODATA, SeaIceClass
from sea_ice_kedro.imagery.mirrored_windows import Read
from sea_ice_kedro.imagery.options import expect_integer
from sea_ice_kedro.imagery.predictions import Strip

Probabilities = npt.NDArray[np.float32]
Predict = Callable[[RGB], Probabilities]
"""uint8 (N, S, S, 3) -> float32 (N, S, S, K), the probability of each class and, where
K is one more than there are classes, of no class."""

_CLASSES = len(SeaIceClass)


@dataclass(frozen=True)
class WindowOptions:
    """How windows lie over a scene."""

    window_px: int
    """Rows and columns of a window."""

    overlap_px: int
    """Rows and columns that neighbours share, at most half a window."""

    batch_size: int = 1
    """Windows that are predicted at a time."""

    shift_px: int = 0
    """Moves all windows so far up and to the left."""

    probabilities: bool = False
    """Whether strips have all `PROBABILITY_BANDS`."""

    def __post_init__(self) -> None:
        """Refuse windows that leave gaps or overlap more than one neighbour."""
        where = "inference."
        expect_integer(f"{where}window_px", self.window_px, 1, 16_384)
        expect_integer(f"{where}overlap_px", self.overlap_px, 0, self.window_px // 2)
        expect_integer(f"{where}batch_size", self.batch_size, 1, 65_536)
        expect_integer(f"{where}shift_px", self.shift_px, 0, self.stride_px - 1)

    @property
    def stride_px(self) -> int:
        """From one window to the next."""
        return self.window_px - self.overlap_px


def window_starts(length: int, options: WindowOptions) -> list[int]:
    """Place windows along an axis; the first and the last reach over the edges.

    By half an overlap, so that the edge of a scene has as much around it as any other
    pixel. A window is the only one for `stride_px` pixels, less the overlaps.

    Args:
        length: Pixels of the axis.
        options: Size and overlap.

    Returns:
        The first pixel of each window, ascending.
    """
    first = -(options.overlap_px // 2) - options.shift_px
    count = -(-(length + options.shift_px) // options.stride_px)
    return [first + number * options.stride_px for number in range(count)]


def window_weights(count: int, options: WindowOptions) -> npt.NDArray[np.float32]:
    """Weigh the pixels of all windows along an axis: float32 (count, window_px).

    1 where a window is the only one, else above 0 and below 1.
    """
    overlap = options.overlap_px
    rise = 0.5 - 0.5 * np.cos(np.pi * (np.arange(overlap) + 0.5) / max(overlap, 1))
    weights = np.ones((count, options.window_px))
    weights[1:, :overlap] = rise
    weights[:-1, options.window_px - overlap :] = rise[::-1]
    return weights.astype(np.float32)


def blended_strips(
    read: Read, predict: Predict, shape: tuple[int, int], options: WindowOptions
) -> Iterator[Strip]:
    """Predict a scene and give its rows from top to bottom.

    Windows without an observed pixel are not predicted.

    Args:
        read: Reads any window of the scene.
        predict: Gives the probabilities of the classes, in the order of their codes.
        shape: (H, W) of the scene.
        options: Size, overlap and place of the windows.

    Yields:
        Strips that cover the scene once.

    Raises:
        InvalidModel: if what `predict` gives are no probabilities.
    """
    rows, columns = (window_starts(length, options) for length in shape)
    down, across = (window_weights(len(s), options) for s in (rows, columns))
    band = _Band(shape, options)
    for row, row_weights in zip(rows, down, strict=True):
        observed = _observed(read, row, columns, options.window_px)
        while batch := list(islice(observed, options.batch_size)):
            images = np.stack([rgb for _, rgb, _ in batch])
            predicted = _checked(predict(images), images.shape)
            for (number, _, valid_mask), classes in zip(batch, predicted, strict=True):
                weights = row_weights[:, None] * across[number]
                band.add(columns[number], classes, weights, valid_mask)
        yield from band.finish(row, last=row == rows[-1])


def _observed(
    read: Read, row: int, columns: Sequence[int], size: int
) -> Iterator[tuple[int, RGB, Mask]]:
    """Read the windows of one row that have an observed pixel, with their numbers."""
    for number, column in enumerate(columns):
        rgb, valid_mask = read(row, column, size)
        if valid_mask.all():
            yield number, rgb, valid_mask
        elif valid_mask.any():
            # As in the chips that networks learn from: what is not observed is 0.
            yield number, np.where(valid_mask[..., None], rgb, np.uint8(0)), valid_mask


def _checked(predicted: Probabilities, expected: tuple[int, ...]) -> Probabilities:
    outcomes = predicted.shape[-1] if predicted.ndim == len(expected) else 0
    if (
        outcomes not in (_CLASSES, NO_CLASS + 1)
        or predicted.shape[:-1] != expected[:-1]
    ):
        raise InvalidModel(
            f"expected a network that gives {(*expected[:-1], _CLASSES)} probabilities "
            f"for {expected} pixels, got {predicted.shape}; train it again: "
            "kedro run --pipelines modeling"
        )
    if not np.isfinite(predicted).all():
        raise InvalidModel(
            "expected probabilities from the network, got NaN or infinity; train it "
            "again, with a lower learning rate: kedro run --pipelines modeling"
        )
    return predicted


class _Band:
    """The open rows of a scene: weighted probabilities, summed window by window."""

    def __init__(self, shape: tuple[int, int], options: WindowOptions) -> None:
        self._height, self._width = shape
        self._options = options
        size = options.window_px
        self._sums = np.zeros((NO_CLASS + 1, size, self._width), np.float32)
        self._valid_mask = np.zeros((size, self._width), bool)

    def add(
        self, column: int, classes: Probabilities, weights: Probabilities, valid: Mask
    ) -> None:
        """Add the part of one window that lies in the scene."""
        left, right = max(column, 0), min(column + self._options.window_px, self._width)
        inside = slice(left - column, right - column)
        for code in range(classes.shape[-1]):
            part = weights[:, inside] * classes[:, inside, code]
            self._sums[code, :, left:right] += part
        self._valid_mask[:, left:right] |= valid[:, inside]

    def finish(self, row: int, *, last: bool) -> Iterator[Strip]:
        """Return the rows that no later window adds to, and move the others up.

        Args:
            row: First row of the band in the scene; it may be negative.
            last: Whether no window follows below.
        """
        size, overlap = self._options.window_px, self._options.overlap_px
        done = size if last else size - overlap
        top, bottom = max(-row, 0), min(done, self._height - row)
        if top < bottom:
            yield self._strip(row, slice(top, bottom))
        for open_rows in (*self._sums, self._valid_mask):
            open_rows[:overlap] = open_rows[size - overlap :]
            open_rows[overlap:] = 0

    def _strip(self, row: int, rows: slice) -> Strip:
        # Plane by plane: many times faster than argmax along the first axis.
        best = self._sums[0, rows].copy()
        second = np.zeros_like(best)
        codes = np.zeros(best.shape, np.uint8)
        for code, plane in enumerate(self._sums[1:, rows], start=1):
            codes[plane > best] = code
            if self._options.probabilities:
                np.maximum(second, np.minimum(best, plane), out=second)
            np.maximum(best, plane, out=best)
        observed = self._valid_mask[rows]
        unclassed = observed & (codes == NO_CLASS)
        absent = unclassed | ~observed
        percent = _percent(best, absent)
        codes[absent] = NODATA
        wanted = (
            [*self._sums[:_CLASSES, rows], best - second]
            if self._options.probabilities
            else []
        )
        return Strip(
            row + rows.start,
            codes,
            percent,
            int(np.count_nonzero(unclassed)),
            [_percent(plane, ~observed) for plane in wanted],
        )


def _percent(share: Probabilities, absent: Mask) -> Grey:
    percent: Grey = np.rint(np.clip(share, 0.0, 1.0) * 100.0).astype(np.uint8)
    percent[absent] = NODATA
    return percent
