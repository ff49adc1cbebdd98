"""How many pixels of each class a scene has in each cell of a coarser grid.

A pixel belongs to the cell that holds its centre. Where centres lie is asked for a
lattice of pixels only and taken as linear between them; the lattice is as dense as it
takes to be right to a hundredth of a pixel (as GDAL's approximating transformer is).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sea_ice_kedro.imagery.arrays import Codes
from sea_ice_kedro.imagery.classes import LAND, NODATA, SeaIceClass

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

CellPositions = Callable[[Floats, Floats], tuple[Floats, Floats]]
"""(columns, rows) in a scene, 0 at its upper left corner -> (columns, rows) in cells
of the grid; arrays of one shape."""

LATTICE_PX = 64
"""Widest mesh of the lattice, and rows that are worked on at a time."""

TOLERANCE_PX = 0.01
"""Highest error of a pixel's position within the lattice."""

_NODATA_SLOT = len(SeaIceClass)
_LAND_SLOT = _NODATA_SLOT + 1
_UNKNOWN_SLOT = _LAND_SLOT + 1
_COUNTERS = _UNKNOWN_SLOT + 1


@dataclass(frozen=True, eq=False)
class CellCounts:
    """The pixels of one scene by cell; a cell that the scene does not touch is absent.

    Ordered by row, then column.
    """

    columns: Integers
    """int64 (N,): column of the cell in the grid."""

    rows: Integers
    """int64 (N,): row of the cell in the grid."""

    pixels: Integers
    """int64 (N, 3): pixels of each `SeaIceClass`."""

    nodata_pixels: Integers
    """int64 (N,)."""

    land_pixels: Integers
    """int64 (N,)."""


def count_by_cell(codes: Codes, positions: CellPositions) -> CellCounts:
    """Count the pixels of each class in each cell; every pixel is in one cell.

    Args:
        codes: uint8 (H, W) of class codes.
        positions: Where in the grid a place of the scene lies.

    Raises:
        ValueError: if a code is neither class nor LAND nor NODATA.
    """
    strips = [
        _count_strip(codes[top : top + LATTICE_PX], top, positions)
        for top in range(0, codes.shape[0], LATTICE_PX)
    ]
    cells = _merged(np.concatenate(strips))
    if cells[:, 2 + _UNKNOWN_SLOT].any():
        known = [*SeaIceClass, LAND, NODATA]
        unknown = sorted(set(np.unique(codes).tolist()) - set(known))
        raise ValueError(f"expected codes {known}, got also {unknown}")
    return CellCounts(
        columns=cells[:, 0],
        rows=cells[:, 1],
        pixels=cells[:, 2 : 2 + _NODATA_SLOT],
        nodata_pixels=cells[:, 2 + _NODATA_SLOT],
        land_pixels=cells[:, 2 + _LAND_SLOT],
    )


def _count_strip(codes: Codes, top: int, positions: CellPositions) -> Integers:
    """Count some whole rows of a scene, the first of which is `top`.

    Returns:
        int64 (N, 2 + `_COUNTERS`): cell column, cell row, pixels; a row a cell.
    """
    # Late: loading compiled code is for workers, not for `kedro --help`.
    from sea_ice_kedro.imagery import kernels  # noqa: PLC0415

    row_nodes, column_nodes, nodes = lattice(codes.shape, top, positions)
    slots = np.full(256, _UNKNOWN_SLOT, np.uint8)
    slots[[*SeaIceClass]] = [*SeaIceClass]
    slots[LAND], slots[NODATA] = _LAND_SLOT, _NODATA_SLOT
    runs = np.empty((codes.size, 2 + _COUNTERS), np.int64)
    found = kernels.count_runs(
        np.ascontiguousarray(codes), nodes, row_nodes, column_nodes, slots, runs
    )
    return _merged(runs[:found])


def _merged(runs: Integers) -> Integers:
    """Add up what lies in the same cell; ordered by row, then column."""
    ordered = runs[np.lexsort((runs[:, 0], runs[:, 1]))]
    differs = (ordered[1:, :2] != ordered[:-1, :2]).any(axis=1)
    starts = np.concatenate([[0], np.flatnonzero(differs) + 1])
    cells: Integers = ordered[starts]
    cells[:, 2:] = np.add.reduceat(ordered[:, 2:], starts, axis=0)
    return cells


def lattice(
    shape: tuple[int, ...], top: int, positions: CellPositions
) -> tuple[Integers, Integers, Floats]:
    """Choose pixels of a strip, and ask where they lie.

    Args:
        shape: (h, W) of the strip.
        top: The scene's row that is the strip's first.
        positions: Where in the grid a place of the scene lies.

    Returns:
        Rows within the strip, int64 (R,); columns, int64 (C,); cell columns and cell
        rows at the centres of these pixels, float64 (2, R, C).
    """
    step = LATTICE_PX
    while True:
        rows, columns = _nodes(shape[0], step), _nodes(shape[1], step)
        nodes = _placed(rows, columns, top, positions)
        if step == 1 or _is_flat(nodes, rows, columns, top, positions):
            return rows, columns, nodes
        step //= 2


def _nodes(size: int, step: int) -> Integers:
    """Return every `step`th pixel and the last one; at least two."""
    last = max(size - 1, 1)
    return np.array([*range(0, last, step), last], np.int64)


def _placed(
    rows: Integers | Floats,
    columns: Integers | Floats,
    top: int,
    positions: CellPositions,
) -> Floats:
    grid = np.meshgrid(columns + 0.5, rows + (top + 0.5))
    return np.stack(positions(*grid))


def _is_flat(
    nodes: Floats,
    rows: Integers,
    columns: Integers,
    top: int,
    positions: CellPositions,
) -> bool:
    """Return whether positions between the nodes are linear within the tolerance.

    What lies farthest off, halfway along the meshes' sides, is asked for: the errors
    along the two axes add up at most. In a mesh's middle alone they may cancel out, as
    between two conformal projections.
    """
    beside = _placed(rows, (columns[1:] + columns[:-1]) / 2, top, positions)
    below = _placed((rows[1:] + rows[:-1]) / 2, columns, top, positions)
    errors = [
        _length(beside - (nodes[:, :, 1:] + nodes[:, :, :-1]) / 2).max(),
        _length(below - (nodes[:, 1:] + nodes[:, :-1]) / 2).max(),
    ]
    sides = [
        (_length(np.diff(nodes, axis=2)) / np.diff(columns)).min(),
        (_length(np.diff(nodes, axis=1)) / np.diff(rows)[:, None]).min(),
    ]
    return bool(sum(errors) <= TOLERANCE_PX * min(sides))


def _length(vectors: Floats) -> Floats:
    return np.asarray(np.hypot(vectors[0], vectors[1]))
