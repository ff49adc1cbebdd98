import numpy as np
import pytest

from sea_ice_kedro.imagery.cell_counts import LATTICE_PX, count_by_cell, lattice


def straight(scale=0.1, left=0.0, top=0.0):
    """Cells of 1 / scale pixels, side by side with the scene's rows and columns."""
    return lambda columns, rows: (columns * scale + left, rows * scale + top)


def turned(columns, rows):
    """Cells of 36 pixels, turned by some 27 degrees, rows counted upwards."""
    return (columns + rows / 2) / np.e**3.7 - 7, (columns / 2 - rows) / np.e**3.7 + 2


def bent(columns, rows):
    """Positions on a globe seen from close: bent within a hundred pixels."""
    angle, radius = columns / 200, 300 - rows
    return radius * np.sin(angle) / 10, radius * np.cos(angle) / 10


def classes(height, width, seed=0):
    return np.random.default_rng(seed).choice(
        np.array([0, 1, 2, 254, 255], np.uint8), (height, width)
    )


def pixel_by_pixel(codes, positions):
    """Count by asking for each pixel: {(column, row): [three classes, none, land]}."""
    rows, columns = np.indices(codes.shape) + 0.5
    cells = np.floor(np.stack(positions(columns, rows))).astype(int)
    counts = {}
    for column, row, code in zip(*cells.reshape(2, -1), codes.ravel(), strict=True):
        cell = counts.setdefault((int(column), int(row)), [0, 0, 0, 0, 0])
        cell[{255: 3, 254: 4}.get(code, code)] += 1
    return counts


def as_counts(cells):
    return {
        (int(column), int(row)): [*map(int, pixels), int(nodata), int(land)]
        for column, row, pixels, nodata, land in zip(
            cells.columns,
            cells.rows,
            cells.pixels,
            cells.nodata_pixels,
            cells.land_pixels,
            strict=True,
        )
    }


@pytest.mark.parametrize("positions", [straight(), turned])
@pytest.mark.parametrize(
    "shape", [(200, 150), (64, 64), (65, 129), (1, 90), (90, 1), (1, 1)]
)
def test_every_pixel_is_counted_in_the_cell_that_holds_its_centre(positions, shape):
    codes = classes(*shape)
    assert as_counts(count_by_cell(codes, positions)) == pixel_by_pixel(
        codes, positions
    )


def test_where_the_grid_is_bent_only_pixels_on_an_edge_may_change_sides():
    codes = classes(200, 150)
    found = as_counts(count_by_cell(codes, bent))
    expected = pixel_by_pixel(codes, bent)
    moved = sum(
        np.abs(np.subtract(found.get(cell, [0] * 4), counts)).sum()
        for cell, counts in expected.items()
    )
    assert set(found) == set(expected)
    assert moved <= 2 * 0.001 * codes.size


def test_the_centre_of_a_pixel_decides_and_an_edge_belongs_to_the_cell_behind_it():
    codes = np.zeros((1, 20), np.uint8)
    assert as_counts(count_by_cell(codes, straight(left=-0.05))) == {
        (0, 0): [10, 0, 0, 0, 0],
        (1, 0): [10, 0, 0, 0, 0],
    }
    assert as_counts(count_by_cell(codes, straight(left=-0.06))) == {
        (-1, 0): [1, 0, 0, 0, 0],
        (0, 0): [10, 0, 0, 0, 0],
        (1, 0): [9, 0, 0, 0, 0],
    }


def test_all_cells_together_hold_the_pixels_of_the_class_map():
    codes = classes(300, 500)
    cells = count_by_cell(codes, turned)
    expected = np.bincount(codes.ravel(), minlength=256)[[0, 1, 2, 255]]
    assert [*cells.pixels.sum(axis=0), cells.nodata_pixels.sum()] == expected.tolist()
    assert cells.pixels.dtype == cells.columns.dtype == np.int64


def test_cells_are_named_once_in_order_of_row_and_column():
    cells = count_by_cell(classes(300, 500), turned)
    order = list(zip(cells.rows, cells.columns, strict=True))
    assert order == sorted(set(order))
    assert len(order) > 50


def test_a_code_that_is_no_class_is_refused():
    codes = classes(10, 10)
    codes[3, 4] = 7
    with pytest.raises(ValueError, match=r"codes \[.*255\], got also \[7\]"):
        count_by_cell(codes, straight())


def test_a_class_map_in_another_order_of_memory_counts_alike():
    codes = classes(130, 90)
    cells = count_by_cell(np.asfortranarray(codes), turned)
    assert as_counts(cells) == as_counts(count_by_cell(codes, turned))


@pytest.mark.parametrize(("positions", "widest"), [(turned, 64), (bent, 2)])
def test_the_lattice_is_as_wide_as_the_bend_allows(positions, widest):
    _, columns, _ = lattice((LATTICE_PX, 1000), 0, positions)
    assert columns[1] == widest
