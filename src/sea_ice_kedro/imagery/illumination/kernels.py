"""Single passes of the illumination filter, compiled.

The last array of each is written to; the callers in this package make it.
"""

import numpy as np
import numpy.typing as npt

from sea_ice_kedro.imagery.compiled import compiled

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
