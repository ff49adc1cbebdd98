"""Passes of the illumination filter over pixels and cells, compiled.

The last array of each is written to; the callers in this package make it.

Min-sum messages between the four neighbours, sweep by sweep, with linear costs of
differences, which take one pass there and back in each of the two dimensions of a state
(Felzenszwalb & Huttenlocher 2006, "Efficient belief propagation for early vision").
"""

import numpy as np
import numpy.typing as npt

from sea_ice_kedro.imagery.classes import QualityFlag
from sea_ice_kedro.imagery.kernels import compiled

Bytes = npt.NDArray[np.uint8]
Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float32]


@compiled
def observed_whole(valid: Bools, ok: Bools) -> None:
    """Write whether all four of each 2 x 2 pixels were observed."""
    for i in range(ok.shape[0]):
        upper, lower = valid[2 * i], valid[2 * i + 1]
        for j in range(ok.shape[1]):
            x = 2 * j
            ok[i, j] = upper[x] & upper[x + 1] & lower[x] & lower[x + 1]


@compiled
def gather(
    half: Bytes, ok: Bools, table: Floats, bins: Floats, cell: int, costs: Floats
) -> None:
    """Take each cell's log-likelihoods, of every other pixel, off its costs.

    `bins`: first chroma, width of a bin, weight of a pixel.
    """
    rows, columns = ok.shape
    states, last = costs.shape[2], table.shape[1] - 1
    for i in range(costs.shape[0]):
        for j in range(costs.shape[1]):
            cost = costs[i, j]
            for y in range(i * cell, min((i + 1) * cell, rows), 2):
                first = j * cell + (y >> 1) % 2
                for x in range(first, min((j + 1) * cell, columns), 2):
                    if not ok[y, x]:
                        continue
                    red, green, blue = half[y, x, 0], half[y, x, 1], half[y, x, 2]
                    chroma = np.float32(blue) - np.float32(red)
                    place = int((chroma - bins[0]) / bins[1])
                    known = table[max(red, green, blue) >> 1, min(max(place, 0), last)]
                    for k in range(states):
                        cost[k] -= bins[2] * known[k]


@compiled
def at(field: Floats, y: np.float32, x: np.float32) -> np.float32:
    """Interpolate a field linearly; y and x in cells from the first cell's middle."""
    y = min(max(y, np.float32(0)), np.float32(field.shape[0] - 1))
    x = min(max(x, np.float32(0)), np.float32(field.shape[1] - 1))
    i, j = int(y), int(x)
    below, right = min(i + 1, field.shape[0] - 1), min(j + 1, field.shape[1] - 1)
    v, u = y - np.float32(i), x - np.float32(j)
    upper = field[i, j] + u * (field[i, right] - field[i, j])
    lower = field[below, j] + u * (field[below, right] - field[below, j])
    return np.float32(upper + v * (lower - upper))


@compiled
def measure(
    half: Bytes,
    ok: Bools,
    shadow: Floats,
    haze: Floats,
    tones: Floats,
    cell: int,
    sums: Floats,
) -> None:
    """Sum, by cell, what thick ice says of the shadow and water of the haze.

    `tones`: brightness of water and of thick ice. `sums` (H, W, 4): pixels of thick
    ice and the sum of their shadows; the same of water and haze.
    """
    water, thick = tones[0], tones[1]
    one, half_pixel = np.float32(1), np.float32(0.5)
    for y in range(ok.shape[0]):
        i = (np.float32(y) + half_pixel) / np.float32(cell) - half_pixel
        # One pixel in four: its neighbours know the same.
        for x in range(2 * (y % 2), ok.shape[1], 4):
            if not ok[y, x]:
                continue
            j = (np.float32(x) + half_pixel) / np.float32(cell) - half_pixel
            s, t = at(shadow, i, j), at(haze, i, j)
            bright = np.float32(max(half[y, x, 0], half[y, x, 1], half[y, x, 2]))
            through = (one - t) * (one - s)
            place = ((bright - t * thick) / through - water) / (thick - water)
            sum_of = sums[y // cell, x // cell]
            if np.float32(0.86) < place < np.float32(1.16):
                light = (bright - t * thick) / ((one - t) * thick)
                sum_of[0] += one
                sum_of[1] += one - light
            elif np.float32(-0.13) < place < np.float32(0.13):
                dark = (one - s) * water
                sum_of[2] += one
                sum_of[3] += (bright - dark) / (thick - dark)


# --- Belief propagation of a coarse grid of cells with many states, compiled


@compiled
def propagate(
    costs: Floats, steps: Floats, shape: tuple[int, int], sweeps: int, heard: Floats
) -> None:
    """Pass messages; costs plus all that a cell heard are its beliefs.

    Args:
        costs: float32 (H, W, S · T), the cells' own.
        steps: Cost of one step in the first and in the second dimension of a state.
        shape: (S, T).
        sweeps: How often every cell hears from all four sides.
        heard: float32 (4, H, W, S · T), zero; what cells hear from the left, from the
            right, from above and from below is written to it.
    """
    rows, columns, states = costs.shape
    own = np.empty(states, np.float32)
    for _ in range(sweeps):
        for y in range(rows):
            for x in range(columns - 1):
                _tell(costs, heard, (y, x), 1, own)
                _spread(own, steps, shape)
                heard[0, y, x + 1] = own
            for x in range(columns - 1, 0, -1):
                _tell(costs, heard, (y, x), 0, own)
                _spread(own, steps, shape)
                heard[1, y, x - 1] = own
        for x in range(columns):
            for y in range(rows - 1):
                _tell(costs, heard, (y, x), 3, own)
                _spread(own, steps, shape)
                heard[2, y + 1, x] = own
            for y in range(rows - 1, 0, -1):
                _tell(costs, heard, (y, x), 2, own)
                _spread(own, steps, shape)
                heard[3, y - 1, x] = own


@compiled
def _tell(
    costs: Floats, heard: Floats, cell: tuple[int, int], to: int, own: Floats
) -> None:
    """Sum what a cell knows, but for what it heard from the one it will tell."""
    y, x = cell
    for k in range(own.size):
        own[k] = costs[y, x, k]
    for side in range(4):
        if side != to:
            for k in range(own.size):
                own[k] += heard[side, y, x, k]


@compiled
def _spread(own: Floats, steps: Floats, shape: tuple[int, int]) -> None:
    """Let each state cost at most its neighbour's and a step; the least costs 0."""
    first, second = shape
    for a in range(first):
        row = own[a * second : (a + 1) * second]
        for b in range(1, second):
            row[b] = min(row[b], row[b - 1] + steps[1])
        for b in range(second - 2, -1, -1):
            row[b] = min(row[b], row[b + 1] + steps[1])
    for k in range(second, own.size):
        own[k] = min(own[k], own[k - second] + steps[0])
    for k in range(own.size - second - 1, -1, -1):
        own[k] = min(own[k], own[k + second] + steps[0])
    least = own[0]
    for k in range(1, own.size):
        least = min(least, own[k])
    for k in range(own.size):
        own[k] -= least


# --- The last pass of the illumination filter, compiled

_NODATA = np.uint8(QualityFlag.NODATA)
_SATURATED = np.uint8(QualityFlag.SATURATED)
_WHITE = np.uint8(255)


@compiled
def remove(
    rgb: Bytes, gains: Floats, offsets: Floats, place: Floats, restored: Bytes
) -> None:
    """Write gain · value + offset, 0..255, rounded.

    `rgb` and `restored`: uint8 (H, 3·W), R, G, B of a pixel side by side. `gains` and
    `offsets` (h, 3·W): of every column, at the middle of each row of cells; linear in
    between. `place` (H,): a row of pixels in rows of cells.
    """
    zero, white, half = np.float32(0), np.float32(255), np.float32(0.5)
    for y in range(rgb.shape[0]):
        above = int(place[y])
        below = min(above + 1, gains.shape[0] - 1)
        part = place[y] - np.float32(above)
        seen, out = rgb[y], restored[y]
        upper_gain, lower_gain = gains[above], gains[below]
        upper, lower = offsets[above], offsets[below]
        for n in range(seen.size):
            gain = upper_gain[n] + part * (lower_gain[n] - upper_gain[n])
            value = upper[n] + part * (lower[n] - upper[n]) + half
            value += np.float32(seen[n]) * gain
            value = value if value > zero else zero
            value = value if value < white else white
            out[n] = np.uint8(value)


@compiled
def flag(rgb: Bytes, valid: Bools, of_cells: Bytes, cell: int, quality: Bytes) -> None:
    """Write the flags of each pixel: its cell's, saturation, no data.

    `rgb`: uint8 (H, 3·W), as in `remove`.
    """
    rows, columns = valid.shape
    common = np.empty(columns, np.uint8)
    for y in range(rows):
        if y % cell == 0:
            for x in range(columns):
                common[x] = of_cells[y // cell, x // cell]
        seen, here, out = rgb[y], valid[y], quality[y]
        for x in range(columns):
            value = common[x]
            if max(seen[3 * x], seen[3 * x + 1], seen[3 * x + 2]) == _WHITE:
                value = value | _SATURATED
            if not here[x]:
                value = _NODATA
            out[x] = value


@compiled
def mark_changed(codes: Bytes, others: Bytes, flag: np.uint8, quality: Bytes) -> None:
    """Add a flag where two class maps differ; all arrays flat."""
    for i in range(quality.size):
        value = quality[i]
        if codes[i] != others[i]:
            value = value | flag
        quality[i] = value
