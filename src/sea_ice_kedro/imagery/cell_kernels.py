"""The pass over a class map that tells its pixels' cells, compiled."""

import math

import numpy as np
import numpy.typing as npt

from sea_ice_kedro.imagery.compiled import compiled

Bytes = npt.NDArray[np.uint8]
Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@compiled
def count_runs(  # noqa: PLR0913 - what the loop needs
    codes: Bytes,
    nodes: Floats,
    row_nodes: Integers,
    column_nodes: Integers,
    slots: Bytes,
    runs: Integers,
) -> int:
    """Count pixels by code in each run of pixels that lie in one cell.

    `codes`: (h, W). `nodes`: (2, R, C), column and row in cells at the centres of the
    pixels `row_nodes` (R,) and `column_nodes` (C,); linear between them. `slots`:
    (256,), the counter of each code. `runs` is written to: (h·W, 2 + counters), cell
    column, cell row, counts. Gives the number of runs.
    """
    counters = runs.shape[1] - 2
    found = 0
    upper = 0
    for r in range(codes.shape[0]):
        if upper + 2 < row_nodes.size and r >= row_nodes[upper + 1]:
            upper += 1
        lower = upper + 1
        v = (r - row_nodes[upper]) / (row_nodes[lower] - row_nodes[upper])
        for left in range(column_nodes.size - 1):
            right = left + 1
            start, stop = column_nodes[left], column_nodes[right]
            x = nodes[0, upper, left] * (1 - v) + nodes[0, lower, left] * v
            y = nodes[1, upper, left] * (1 - v) + nodes[1, lower, left] * v
            x_right = nodes[0, upper, right] * (1 - v) + nodes[0, lower, right] * v
            y_right = nodes[1, upper, right] * (1 - v) + nodes[1, lower, right] * v
            x_step = (x_right - x) / (stop - start)
            y_step = (y_right - y) / (stop - start)
            if right == column_nodes.size - 1:
                stop = codes.shape[1]
            for c in range(start, stop):
                cell_column = math.floor(x + x_step * (c - start))
                cell_row = math.floor(y + y_step * (c - start))
                new = True
                if found > 0:
                    new = (runs[found - 1, 0] != cell_column) | (
                        runs[found - 1, 1] != cell_row
                    )
                if new:
                    runs[found, 0], runs[found, 1] = cell_column, cell_row
                    for counter in range(counters):
                        runs[found, 2 + counter] = 0
                    found += 1
                runs[found - 1, 2 + slots[codes[r, c]]] += 1
    return found
