"""Exact median filter with a large square window, several times faster than OpenCV.

See `median.py` for the method. The odd phrasing of some loops (casts to 8 or 16 bits,
flat indices, a trip count passed as an argument) is what makes LLVM turn them into
vector instructions.

The background of a scene is the median over a window so large (155 pixels) that its
value hardly changes from one pixel to the next. Running-histogram filters (Huang,
Yang & Tang 1979, "A fast two-dimensional median filtering algorithm"; Perreault &
Hebert 2007, "Median filtering in constant time", which is ``cv2.medianBlur``) carry
all 256 bins to every pixel regardless. Here the image is cut in tiles, and a tile is
only asked, for the few levels its medians can take, where the number of window pixels
at or below that level stays too small: the median is the first level at which the
count exceeds half a window. The counts are exact integers, so the result equals
``cv2.medianBlur`` bit for bit.

Why numba: which level to ask next depends on the previous answer, tile by tile, which
array primitives cannot express, while each answer is a handful of short loops that
LLVM turns into vector instructions.
"""

from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from sea_ice_kedro.imagery.kernels import compiled

ROWS, COLS = 16, 64  # a tile
AREA = ROWS * COLS
HALF = 32  # running sums over half a tile row fit a byte: 32 * 4 < 256
BLOCK = 256  # columns whose counts are brought up to date together
REACH = 192  # columns read by a sum over one window row, a multiple of vector sizes
ONES = np.uint64(0x0101010101010101)
ZERO = np.uint64(0x70727476787A7C7E)  # 128 - 2 * (j + 1) in byte j, little endian
TOP = np.uint64(56)
SMALLEST, LARGEST = 31, 181  # the counts of a window up to 181 squared fit int16
WHITE = 255
BUDGET = 24  # levels asked per tile, on average, before OpenCV is the faster one


class State(NamedTuple):
    """State of the sweep; the first axis of the tables is the level."""

    padded: npt.NDArray[np.uint8]
    window: int
    half_row: int  # HALF; loops of that constant length LLVM unrolls in scalars
    within: npt.NDArray[np.uint8]  # (REACH,) one for the window's columns, else zero
    columns: npt.NDArray[np.uint8]  # (256, width) pixels <= level in a window column
    band: npt.NDArray[np.int32]  # (256, blocks) the tile row columns are valid for
    left: npt.NDArray[np.int32]  # (256, ROWS + 1) window counts left of the tile
    tile: npt.NDArray[np.int64]  # (256,) the tile that left them behind
    corners: npt.NDArray[np.uint8]  # (4, AREA), see _gather_corners
    steps: npt.NDArray[np.uint8]  # (AREA,) running sums of second differences
    sums: npt.NDArray[np.int16]  # (COLS + AREA,) window counts, less left
    limit: npt.NDArray[np.int16]  # (2 * ROWS,) what sums may reach, per half row
    short: npt.NDArray[np.uint8]  # (AREA,) one where the count is not above half


@compiled
def _update_columns(state: State, level: int, band: int, block: int) -> None:
    """Bring the column counts of one block to the first row of a band of tiles."""
    padded, window = state.padded, state.window
    x, y, lv = block * BLOCK, band * ROWS, np.uint8(level)
    age = band - state.band[level, block]
    counts = state.columns[level, x : x + BLOCK]
    if age * 2 * ROWS <= window:
        for i in range(y - age * ROWS, y, 2):
            p, q = padded[i, x : x + BLOCK], padded[i + 1, x : x + BLOCK]
            r = padded[i + window, x : x + BLOCK]
            s = padded[i + window + 1, x : x + BLOCK]
            for j in range(BLOCK):
                gone = np.uint8(np.uint8(p[j] <= lv) + np.uint8(q[j] <= lv))
                come = np.uint8(np.uint8(r[j] <= lv) + np.uint8(s[j] <= lv))
                counts[j] = np.uint8(counts[j] + come - gone)
    else:
        p = padded[y, x : x + BLOCK]
        for j in range(BLOCK):
            counts[j] = np.uint8(p[j] <= lv)
        for i in range(y + 1, y + window, 2):
            p, q = padded[i, x : x + BLOCK], padded[i + 1, x : x + BLOCK]
            for j in range(BLOCK):
                come = np.uint8(np.uint8(p[j] <= lv) + np.uint8(q[j] <= lv))
                counts[j] = np.uint8(counts[j] + come)
    state.band[level, block] = band


@compiled
def _sum_left(state: State, level: int, y: int, x: int) -> None:
    """Count the windows just left of a tile, from one row above it to its last row."""
    near, counts = state.padded[y:, x:], state.columns[level, x:]
    left, within, lv = state.left[level], state.within, np.uint8(level)
    for i in range(ROWS):
        row, n = near[i + state.window], np.uint8(0)
        for j in range(REACH):
            n = np.uint8(n + (np.uint8(row[j] <= lv) & within[j]))
        left[i + 1] = n
    total = np.int32(0)
    for j in range(REACH):
        total += np.int32(counts[j] * within[j])
    left[0] = total
    for i in range(ROWS):
        row, n = near[i], np.uint8(0)
        for j in range(REACH):
            n = np.uint8(n + (np.uint8(row[j] <= lv) & within[j]))
        total += left[i + 1] - np.int32(n)
        left[i + 1] = total


@compiled
def _gather_corners(state: State, y: int, x: int) -> None:
    """Copy the four pieces of image that leave or enter the windows of a tile."""
    corners, window = state.corners.reshape(4, ROWS, COLS), state.window
    for corner in range(4):
        top, first = y + corner // 2 * window, x + corner % 2 * window
        for i in range(ROWS):
            out, row = corners[corner, i], state.padded[top + i, first:]
            for j in range(2 * state.half_row):
                out[j] = row[j]


@compiled
def _sum_steps(state: State, level: int) -> None:
    """Sum, along half rows, the second differences of the window counts of a tile.

    The count at a pixel differs from those above, left and above-left of it by four
    pixels, the corners of its window. Eight such differences, each raised by two to
    stay positive, are summed by one multiplication; 128 stands for zero at the end.
    """
    steps, lv = state.steps, np.uint8(level)
    a, b = state.corners[0], state.corners[1]
    c, d = state.corners[2], state.corners[3]
    for i in range(AREA):
        come = np.uint8(np.uint8(2) + np.uint8(d[i] <= lv) + np.uint8(a[i] <= lv))
        steps[i] = np.uint8(come - np.uint8(b[i] <= lv) - np.uint8(c[i] <= lv))
    words = steps.view(np.uint64)
    for i in range(0, AREA // 8, HALF // 8):
        w0, w1 = words[i] * ONES, words[i + 1] * ONES
        w2, w3 = words[i + 2] * ONES, words[i + 3] * ONES
        t0 = w0 >> TOP
        t1 = t0 + (w1 >> TOP)
        t2 = t1 + (w2 >> TOP)
        words[i] = w0 + ZERO
        words[i + 1] = w1 + t0 * ONES + (ZERO - np.uint64(16) * ONES)
        words[i + 2] = w2 + t1 * ONES + (ZERO - np.uint64(32) * ONES)
        words[i + 3] = w3 + t2 * ONES + (ZERO - np.uint64(48) * ONES)


@compiled
def _count_short(state: State, level: int, x: int, half: int) -> int:
    """Mark and number the pixels of a tile whose count is not above half a window."""
    sums, steps, limit, short = state.sums, state.steps, state.limit, state.short
    leave = state.columns[level, x : x + COLS]
    enter = state.columns[level, x + state.window : x + state.window + COLS]
    left = state.left[level]
    for start in range(0, COLS, HALF):
        s = np.int16(0)
        for j in range(start, start + HALF):
            s = np.int16(s + np.int16(enter[j]) - np.int16(leave[j]))
            sums[j] = s
    for i in range(AREA):
        sums[COLS + i] = np.int16(sums[i] + np.int16(steps[i]) - np.int16(128))
    for i in range(ROWS + 1):
        middle = left[i] + sums[i * COLS + HALF - 1]
        if i > 0:
            limit[2 * i - 2] = half - left[i]
            limit[2 * i - 1] = half - middle
        left[i] = middle + sums[i * COLS + COLS - 1]
    for i in range(2 * ROWS):
        most, row, out = limit[i], sums[COLS + i * HALF :], short[i * HALF :]
        for j in range(state.half_row):
            out[j] = np.uint8(row[j] <= most)
    total = np.uint16(0)
    for i in range(AREA):
        total = np.uint16(total + np.uint16(short[i]))
    return int(np.int64(total))  # signed, where numba would keep it unsigned


@compiled
def _ask(state: State, level: int, band: int, x: int, tile: int) -> int:
    """Return how many pixels of a tile have a median above the level."""
    if level < 0:
        return AREA
    if level >= WHITE:
        return 0
    window, valid = state.window, state.band[level]
    known = state.tile[level] == tile - 1
    for block in range(x // BLOCK, (x + window + COLS - 1) // BLOCK + 1):
        if valid[block] != band:
            _update_columns(state, level, band, block)
    if not known:
        _sum_left(state, level, band * ROWS, x)
    state.tile[level] = tile
    _sum_steps(state, level)
    return _count_short(state, level, x, window * window // 2)


@compiled
def _walk(
    state: State,
    guess: int,
    sign: int,
    found: int,
    band: int,
    x: int,
    tile: int,
    rise: npt.NDArray[np.uint8],
) -> tuple[int, int]:
    """Ask level after level from a guess, down (-1) or up (1), until all agree.

    ``found`` is the answer at the guess. For every level asked that is below the
    medians of only a part of the tile, ``rise`` grows by one in that part. Returns
    the highest level below the whole tile (-1 if unknown) and the number of levels
    asked.
    """
    level, step, asked = guess, 1, 0
    floor = guess if found == AREA else -1
    end = AREA if sign < 0 else 0
    while found != end:
        ahead = min(max(level + sign * step, -1), 255)
        answer = _ask(state, ahead, band, x, tile)
        asked += 1
        if answer != found and abs(ahead - level) > 1:
            step = max(step // 4, 1)
            continue
        if answer == AREA:
            floor = ahead
        elif answer > 0:
            times = np.uint8(abs(ahead - level))
            for i in range(AREA):
                rise[i] += state.short[i] * times
        # The parts are nested: equal numbers are equal parts, also in between.
        step = min(step * 2, 64) if answer == found else step
        level, found = ahead, answer
    return floor, asked


@compiled
def sweep(state: State, out: npt.NDArray[np.uint8]) -> int:
    """Fill ``out``, in whole tiles; return the rows done before the budget ran out."""
    bands, tiles = out.shape[0] // ROWS, out.shape[1] // COLS
    rise = np.zeros(AREA, np.uint8)
    guess, tile, left_over = 128, 0, BUDGET * tiles * 2
    for band in range(bands):
        y = band * ROWS
        tile += 1  # the first tile of a band has nothing on its left
        if band > 0:
            guess = int(np.int64(out[y - 1, 0]))
        for x in range(0, out.shape[1], COLS):
            tile += 1
            _gather_corners(state, y, x)
            found = _ask(state, guess, band, x, tile)
            for i in range(AREA):
                rise[i] = state.short[i] if 0 < found < AREA else 0
            floor = -1
            for sign in (-1, 1):
                low, asked = _walk(state, guess, sign, found, band, x, tile, rise)
                floor = max(floor, low)
                left_over -= asked
            base = np.uint8(floor + 1)
            for i in range(ROWS):
                row, more = out[y + i, x : x + COLS], rise[i * COLS :]
                for j in range(2 * state.half_row):
                    row[j] = more[j] + base
            guess = int(np.int64(out[y + ROWS // 2, x + COLS - 1]))
            left_over += BUDGET - 1
        if left_over < 0:
            return y + ROWS
    return out.shape[0]


# --- Exact median filter with a large square window, several times faster than OpenCV


def _prepare(image: npt.NDArray[np.uint8], window: int, rows: int, width: int) -> State:
    """Pad the image, by one more than the window needs above and left, and set out."""
    border = window // 2 + 1
    across = -(-(width + COLS + REACH) // BLOCK) * BLOCK
    bottom, right = rows + window - border, across - border
    bottom, right = bottom - image.shape[0], right - image.shape[1]
    padded = cv2.copyMakeBorder(
        image, border, bottom, border, right, cv2.BORDER_REPLICATE
    )
    return State(
        padded=np.asarray(padded, dtype=np.uint8),
        window=window,
        half_row=HALF,
        within=(np.arange(REACH) < window).astype(np.uint8),
        columns=np.empty((256, across), np.uint8),
        band=np.full((256, across // BLOCK), -LARGEST, np.int32),
        left=np.empty((256, ROWS + 1), np.int32),
        tile=np.full(256, -1, np.int64),
        corners=np.empty((4, AREA), np.uint8),
        steps=np.empty(AREA, np.uint8),
        sums=np.empty(COLS + AREA, np.int16),
        limit=np.empty(2 * ROWS, np.int16),
        short=np.empty(AREA, np.uint8),
    )


def median_filter(image: npt.NDArray[np.uint8], window: int) -> npt.NDArray[np.uint8]:
    """Return the median of the square window around every pixel.

    Equal to ``cv2.medianBlur``: beyond its edges the image repeats its border. Takes
    about three times the memory of the image.

    Args:
        image: uint8 (H, W), H and W at least 1; not written to.
        window: Odd width of the window in pixels, 3 to 255.

    Returns:
        uint8 (H, W), a new array.

    Raises:
        ValueError: If the image or the window is none of the above.
    """
    if image.dtype != np.uint8:
        raise ValueError(f"expected an image of dtype uint8, got {image.dtype}")
    if image.ndim != 2 or image.size == 0:
        raise ValueError(f"expected an image of shape (H, W), got {image.shape}")
    if window % 2 == 0 or not 3 <= window <= 255:
        raise ValueError(f"expected an odd window from 3 to 255, got {window}")
    height, width = image.shape
    image = np.ascontiguousarray(image)
    if not SMALLEST <= window <= LARGEST:
        return np.asarray(cv2.medianBlur(image, window), dtype=np.uint8)
    rows, across = -(-height // ROWS) * ROWS, -(-width // COLS) * COLS
    out = np.empty((rows, across), np.uint8)
    done = sweep(_prepare(image, window, rows, across), out)
    if done < height:
        # An image whose medians jump about; the rows above are there for the windows.
        first = max(done - window // 2, 0)
        out[done:height, :width] = cv2.medianBlur(image[first:], window)[done - first :]
    return np.ascontiguousarray(out[:height, :width])
