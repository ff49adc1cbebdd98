"""Belief propagation of a coarse grid of cells with many states, compiled.

Min-sum messages between the four neighbours, sweep by sweep, with linear costs of
differences, which take one pass there and back in each of the two dimensions of a state
(Felzenszwalb & Huttenlocher 2006, "Efficient belief propagation for early vision").
"""

import numpy as np

from sea_ice_kedro.imagery.compiled import compiled
from sea_ice_kedro.imagery.illumination.kernels import Floats


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
