"""Exact median filter with a large square window, several times faster than OpenCV.

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
LLVM turns into vector instructions. The odd phrasing of some loops (casts to 8 or 16
bits, flat indices, a trip count passed as an argument) is what makes it do so.
"""

from typing import NamedTuple

import cv2
import numba
import numpy as np
import numpy.typing as npt

ROWS, COLS = 16, 64  # a tile
AREA = ROWS * COLS
HALF = 32  # running sums over half a tile row fit a byte: 32 * 4 < 256
BLOCK = 256  # columns whose counts are brought up to date together
REACH = 192  # columns read by a sum over one window row, a multiple of vector sizes
ONES = np.uint64(0x0101010101010101)
SMALLEST, LARGEST = 31, 181  # the counts of a window up to 181 squared fit int16
BUDGET = 40  # levels asked per tile, on average, before OpenCV is the faster one

_jit = numba.njit(nogil=True, cache=True, error_model="numpy")


class _State(NamedTuple):
    """What the sweep remembers; the first axis of the tables is the level."""

    padded: npt.NDArray[np.uint8]
    window: int
    within: npt.NDArray[np.uint8]  # (REACH,) one for the window's columns, else zero
    columns: npt.NDArray[np.uint8]  # (256, width) pixels <= level in a window column
    band: npt.NDArray[np.int32]  # (256, blocks) the tile row columns are valid for
    left: npt.NDArray[np.int32]  # (256, ROWS + 1) window counts left of the tile
    tile: npt.NDArray[np.int64]  # (256,) the tile that left them behind
    steps: npt.NDArray[np.uint8]  # (AREA,) running sums of second differences
    sums: npt.NDArray[np.int16]  # (COLS + AREA,) window counts, less left
    limit: npt.NDArray[np.int16]  # (2 * ROWS,) what sums may reach, per half row
    short: npt.NDArray[np.uint8]  # (AREA,) one where the count is not above half


@_jit
def _update_columns(state, level, band, block):  # type: ignore[no-untyped-def]
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


@_jit
def _sum_left(state, level, y, x):  # type: ignore[no-untyped-def]
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


@_jit
def _sum_steps(state, level, y, x):  # type: ignore[no-untyped-def]
    """Sum, along half rows, the second differences of the window counts of a tile.

    The count at a pixel differs from those above, left and above-left of it by four
    pixels, the corners of its window. Eight such differences, each raised by two to
    stay positive, are summed by one multiplication; 128 stands for zero at the end.
    """
    near = state.padded[y:, x:]
    far = near[:, state.window :]
    steps, lv = state.steps.reshape(ROWS, COLS), np.uint8(level)
    for i in range(ROWS):
        a, b, out = near[i], far[i], steps[i]
        c, d = near[i + state.window], far[i + state.window]
        for j in range(COLS):
            come = np.uint8(np.uint8(2) + np.uint8(d[j] <= lv) + np.uint8(a[j] <= lv))
            gone = np.uint8(np.uint8(c[j] <= lv) + np.uint8(b[j] <= lv))
            out[j] = np.uint8(come - gone)
    words = state.steps.view(np.uint64)
    for i in range(AREA // 8):
        words[i] *= ONES
    # Bytes of 128 - 2 * (j + 1) for j = 0..7 (little endian); 16 less for each word.
    start = np.uint64(0x70727476787A7C7E)
    for i in range(0, AREA // 8, HALF // 8):
        carry, zero = words[i], start
        words[i] = carry + zero
        for g in range(1, HALF // 8):
            zero -= np.uint64(16) * ONES
            carry = words[i + g] + (carry >> np.uint64(56)) * ONES
            words[i + g] = carry + zero


@_jit
def _count_short(state, level, x, half):  # type: ignore[no-untyped-def]
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
        for j in range(state.within.size // 6):  # HALF, kept from being unrolled
            out[j] = np.uint8(row[j] <= most)
    total = 0
    for i in range(AREA):
        total += short[i]
    return total


@_jit
def _ask(state, level, band, x, tile):  # type: ignore[no-untyped-def]
    """Return how many pixels of a tile have a median above the level."""
    if level < 0:
        return AREA
    if level >= 255:
        return 0
    window, valid = state.window, state.band[level]
    known = state.tile[level] == tile - 1
    for block in range(x // BLOCK, (x + window + COLS - 1) // BLOCK + 1):
        if valid[block] != band:
            _update_columns(state, level, band, block)
    if not known:
        _sum_left(state, level, band * ROWS, x)
    state.tile[level] = tile
    _sum_steps(state, level, band * ROWS, x)
    return _count_short(state, level, x, np.int32(window * window // 2))


@_jit
def _walk(state, guess, sign, found, band, x, tile, rise):  # type: ignore[no-untyped-def]
    """Ask level after level from a guess, down (-1) or up (1), until all agree.

    Args:
        state: Tables of the sweep.
        guess: Level already asked.
        sign: Direction.
        found: The answer at the guess.
        band: Tile row.
        x: First column of the tile.
        tile: Running number of the tile.
        rise: (AREA,) uint8, raised by the number of levels each pixel's median is
            above, of those that only part of the tile is above.

    Returns:
        The last level walked to, the highest one known to be below the whole tile
        (or -1), and the number of levels asked.
    """
    level, step, asked, floor = guess, 1, 0, -1
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
        # The sets are nested: equal numbers are equal sets, also in between.
        step = min(step * 2, 64) if answer == found else step
        level, found = ahead, answer
    return level, floor, asked


@_jit
def _sweep(state, out):  # type: ignore[no-untyped-def]
    """Fill ``out``, in whole tiles; return the rows done before the budget ran out."""
    bands, tiles = out.shape[0] // ROWS, out.shape[1] // COLS
    rise = np.zeros(AREA, np.uint8)
    guess, tile, left_over = np.int64(128), 0, BUDGET * tiles * 8
    for band in range(bands):
        y = band * ROWS
        tile += 1  # the first tile of a band has nothing on its left
        if band > 0:
            guess = np.int64(out[y - 1, 0])
        for x in range(0, out.shape[1], COLS):
            tile += 1
            found = _ask(state, guess, band, x, tile)
            for i in range(AREA):
                rise[i] = state.short[i] if 0 < found < AREA else 0
            low, _, n = _walk(state, guess, -1, found, band, x, tile, rise)
            _, floor, m = _walk(state, guess, 1, found, band, x, tile, rise)
            base = np.uint8(max(low, floor) + 1)
            for i in range(ROWS):
                row, more = out[y + i, x : x + COLS], rise[i * COLS :]
                for j in range(COLS):
                    row[j] = more[j] + base
            guess = np.int64(out[y + ROWS // 2, x + COLS - 1])
            left_over += BUDGET - n - m
        if left_over < 0:
            return y + ROWS
    return out.shape[0]
