"""A network over a whole scene: windows, blended strips, and the map that they make.

Each window counts fully in its middle; where two overlap, the weight of one falls as
that of the other rises, along a raised cosine. Their sum is 1 everywhere, so that what
comes out are probabilities again. Only one row of windows is in memory at a time.
"""

from collections.abc import (
    Callable,
    Generator,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice

import numpy as np
import numpy.typing as npt

from sea_ice_kedro.errors import InvalidModel, expect_integer
from sea_ice_kedro.imagery.arrays import (
    RGB,
    ClassMap,
    Codes,
    Georeference,
    Grey,
    Mask,
    Scene,
)
from sea_ice_kedro.imagery.classes import NO_CLASS, NODATA, SeaIceClass
from sea_ice_kedro.imagery.scores import concentration

Read = Callable[[int, int, int], tuple[RGB, Mask]]
"""(row, column, size) -> uint8 (S, S, 3) and bool (S, S), True where observed."""


def mirrored(start: int, size: int, length: int) -> npt.NDArray[np.int64]:
    """Return the pixels of an axis that a window shows; outside, the axis is mirrored.

    The pixel at the edge is repeated, as by `numpy.pad(mode="symmetric")`:
    ... 1 0 | 0 1 2 | 2 1 ...

    Args:
        start: First position of the window; it may be negative.
        size: Positions in the window.
        length: Pixels of the axis, at least 1.

    Returns:
        int64 (size,), each 0..length - 1.
    """
    there_and_back = np.arange(start, start + size) % (2 * length)
    return np.minimum(there_and_back, 2 * length - 1 - there_and_back)


def reader_of(scene: Scene) -> Read:
    """Return a reader of squares of a scene in memory."""

    def read(row: int, column: int, size: int) -> tuple[RGB, Mask]:
        rows = mirrored(row, size, scene.shape[0])
        columns = mirrored(column, size, scene.shape[1])
        square = np.ix_(rows, columns)
        return scene.rgb[square], scene.valid_mask[square]

    return read


# --- Prediction of a network for a scene: strip by strip, and as a whole

PROBABILITY_BANDS = (*(f"{c.key}_percent" for c in SeaIceClass), "margin_percent")
"""The probability of each class, and by how much the likeliest outcome is ahead."""


@dataclass(frozen=True, eq=False)
class Strip:
    """Some whole rows of a prediction."""

    row: int
    """First row in the scene, 0-based."""

    codes: Codes
    """uint8 (h, W) of `SeaIceClass` codes; 254 on land, 255 where there is no data."""

    confidence: Grey
    """uint8 (h, W): probability of that class in percent, 0..100; 255 = no data."""

    unclassed_pixels: int = 0
    """Observed pixels in which the network sees neither sea nor sea ice: code 255."""

    probabilities: Sequence[Grey] = ()
    """uint8 (h, W) in percent, 0..100; 255 = no data: all `PROBABILITY_BANDS`, where
    they are wanted."""

    doubted_pixels: tuple[float, float] = (np.nan, np.nan)
    """How many pixels called ice are expected to be water by their probabilities, and
    how many called water to be ice; NaN: not known."""


@dataclass(frozen=True, eq=False)
class Prediction:
    """A prediction in the making: its strips are computed while they are taken."""

    scene_id: str
    shape: tuple[int, int]
    """(H, W) in pixels."""

    strips: Iterable[Strip]
    """From top to bottom, without gaps; they can be taken once."""

    georeference: Georeference | None = None
    acquired: datetime | None = None
    facts: Mapping[str, str] = field(default_factory=dict)
    """Network that made it: `model`, `model_checksum`."""

    source: str = ""
    """Of the scene: "sample" (simulated), "folder", ...; "": not known."""

    land_source: str = ""
    """Name and digest of the mask of land; "" where none was named."""

    with_probabilities: bool = False
    """Whether strips have `PROBABILITY_BANDS`."""


@contextmanager
def closed_after(strips: Iterable[Strip]) -> Iterator[None]:
    """Close what makes strips at the end of a block, also where that is an error.

    It may hold a file open, in an environment of GDAL that must end before others.
    """
    try:
        yield
    finally:
        if isinstance(strips, Generator):
            strips.close()


@dataclass(frozen=True, eq=False, kw_only=True)
class PredictedMap(ClassMap):
    """A class map made by a network, with how sure that is of each pixel."""

    confidence: Grey
    """uint8 (H, W): probability of the class in percent, 0..100; 255 = no data."""

    model_checksum: str = ""
    """Digest of the network's file."""

    def __post_init__(self) -> None:
        """Refuse rasters that do not fit together."""
        if self.confidence.shape != self.shape or self.confidence.dtype != np.uint8:
            raise ValueError(
                f"scene {self.scene_id!r}: expected confidence as uint8 {self.shape}, "
                f"got {self.confidence.dtype} {self.confidence.shape}"
            )


# --- A network over a whole scene: overlapping windows, blended so that no seam shows

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
            self._doubted(rows, codes),
        )

    def _doubted(self, rows: slice, codes: Codes) -> tuple[float, float]:
        """Expect what is wrong of ice and of water, among what has a class."""
        water = self._sums[SeaIceClass.OPEN_WATER, rows]
        sea = np.maximum(self._sums[:_CLASSES, rows].sum(axis=0), np.float32(1e-6))
        share, called_water = water / sea, codes == SeaIceClass.OPEN_WATER
        called_ice = ~called_water & (codes != NODATA)
        return (
            float(share[called_ice].sum(dtype=np.float64)),
            float((1 - share[called_water]).sum(dtype=np.float64)),
        )


def expected_range(
    counts: dict[SeaIceClass, int], doubted_pixels: Iterable[float]
) -> tuple[float, float]:
    """Return sea ice concentration without the doubted ice and with the doubted water.

    Args:
        counts: Pixels of each class.
        doubted_pixels: Those of all strips, see `Strip`.

    Returns:
        Two shares, 0..1; NaN where no pixel has a class or the doubts are not known.
    """
    share, valid = concentration(counts), max(sum(counts.values()), 1)
    no_ice, no_water = doubted_pixels
    return share - no_ice / valid, share + no_water / valid


def _percent(share: Probabilities, absent: Mask) -> Grey:
    percent: Grey = np.rint(np.clip(share, 0.0, 1.0) * 100.0).astype(np.uint8)
    percent[absent] = NODATA
    return percent
