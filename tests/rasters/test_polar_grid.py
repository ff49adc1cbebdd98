import numpy as np
import pytest
from pyproj import Transformer

from sea_ice_kedro.errors import InvalidOption, InvalidScene
from sea_ice_kedro.imagery.arrays import Georeference
from sea_ice_kedro.imagery.cell_counts import LATTICE_PX, count_by_cell, lattice
from sea_ice_kedro.rasters.polar_grid import CellGrid, GridOptions, grid_of

SOUTH = CellGrid("EPSG:6932", 25_000.0)


def around(crs, longitude, latitude, side=10_980, pixel=10.0):
    """Lay a square scene's centre on a place."""
    x, y = Transformer.from_crs("EPSG:4326", crs, always_xy=True).transform(
        longitude, latitude
    )
    half = pixel * side / 2
    return Georeference(crs, (pixel, 0.0, x - half, 0.0, -pixel, y + half))


GRANULES = {
    "the pole, polar stereographic": around("EPSG:3413", 0.0, 89.99),
    "83 north, UTM": around("EPSG:32625", -33.0, 83.5),
    "60 south, the edge of a UTM zone": around("EPSG:32720", -60.1, -60.0),
    "the Ross Sea, polar stereographic": around("EPSG:3031", -170.0, -77.0),
    "77 south, turned UTM": Georeference(
        "EPSG:32758", (7.1, 7.1, 499980.0, 7.1, -7.1, 1400040.0)
    ),
    "70 south, degrees": Georeference(
        "EPSG:4326", (3e-4, 0.0, -171.0, 0.0, -1e-4, -70.0)
    ),
    "the pole, degrees": Georeference(
        "EPSG:4326", (3e-2, 0.0, -180.0, 0.0, -1e-3, -79.03)
    ),
}


@pytest.mark.parametrize("name", GRANULES)
def test_every_pixel_lies_where_proj_says_to_a_hundredth_of_its_size(name):
    place, width = GRANULES[name], 10_980
    grid = grid_of(place, (10_980, width), GridOptions())
    positions = grid.positions(place)
    columns, below = np.arange(width), np.arange(LATTICE_PX)[:, None]
    for top in (0, 64 * 85, 64 * 170):
        row_nodes, column_nodes, nodes = lattice((LATTICE_PX, width), top, positions)
        exact = np.stack(
            positions(*np.broadcast_arrays(columns + 0.5, below + top + 0.5))
        )
        found = np.stack([_bilinear(axis, row_nodes, column_nodes) for axis in nodes])
        sides = [np.hypot(*np.diff(exact, axis=axis)).min() for axis in (1, 2)]
        assert np.hypot(*(found - exact)).max() < 0.01 * min(sides)


def _bilinear(nodes, row_nodes, column_nodes):
    rows, columns = np.arange(row_nodes[-1] + 1), np.arange(column_nodes[-1] + 1)
    across = np.stack([np.interp(columns, column_nodes, line) for line in nodes])
    return np.stack([np.interp(rows, row_nodes, line) for line in across.T], axis=1)


@pytest.mark.parametrize(
    ("latitude", "crs"), [(75.0, "EPSG:6931"), (-75.0, "EPSG:6932")]
)
def test_a_scene_goes_to_the_equal_area_grid_of_its_hemisphere(latitude, crs):
    place = around("EPSG:4326", 20.0, latitude, pixel=1e-4)
    assert grid_of(place, (10_980, 10_980), GridOptions()) == CellGrid(crs, 25_000.0)


@pytest.mark.parametrize(("top", "crs"), [(0.006, "EPSG:6931"), (0.004, "EPSG:6932")])
def test_the_centre_of_a_scene_across_the_equator_decides(top, crs):
    place = Georeference("EPSG:4326", (1e-4, 0.0, 20.0, 0.0, -1e-4, top))
    assert grid_of(place, (100, 100), GridOptions()).crs == crs


def test_a_grid_that_is_asked_for_holds_all_scenes():
    options = GridOptions("EPSG:3976", 12.5)
    place = around("EPSG:32758", 165.0, -77.0)
    assert grid_of(place, (9, 9), options) == CellGrid("EPSG:3976", 12_500.0)


def test_cells_are_those_of_ease_grid_2_counted_from_the_pole():
    # NSIDC's EASE2_S25km has 720 columns and rows; its column 0 starts at x = -9000 km,
    # its row 0 at y = +9000 km. Cell (385, 293) is centred at 637.5 km, 1662.5 km.
    column, row = 385 - 360, 359 - 293
    x, y = SOUTH.centres(np.array([column]), np.array([row]))
    assert (x[0], y[0]) == (637_500.0, 1_662_500.0)


def test_a_place_is_in_the_cell_around_it():
    place = Georeference("EPSG:6932", (10.0, 0.0, 24_990.0, 0.0, -10.0, -24_990.0))
    cells = count_by_cell(np.zeros((2, 2), np.uint8), SOUTH.positions(place))
    assert cells.columns.tolist() == [0, 1, 0, 1]
    assert cells.rows.tolist() == [-2, -2, -1, -1]
    assert cells.pixels[:, 0].tolist() == [1, 1, 1, 1]


def test_the_centre_of_a_cell_is_known_in_degrees():
    x, y = Transformer.from_crs("EPSG:4326", "EPSG:6932", always_xy=True).transform(
        -170.0, -77.5
    )
    longitude, latitude = SOUTH.degrees(np.array([x]), np.array([y]))
    assert (longitude[0], latitude[0]) == (-170.0, -77.5)


@pytest.mark.parametrize(
    "crs",
    ["EPSG:4326", "EPSG:2225", "EPSG:999999", "epsg 3031", "", None, 3031, "EPSG:5703"],
    ids=["degrees", "feet", "unknown", "words", "empty", "none", "number", "heights"],
)
def test_a_grid_is_in_metres_of_a_projection(crs):
    with pytest.raises(InvalidOption, match=r'gridding\.grid\.crs to be "auto" or a p'):
        GridOptions(crs=crs)


@pytest.mark.parametrize(
    "cell_km", [0.09, 1001, 0, -25, "25", None, True, float("nan")]
)
def test_cells_have_a_sensible_size(cell_km):
    with pytest.raises(InvalidOption, match='km or "auto", got'):
        GridOptions(cell_km=cell_km)


@pytest.mark.parametrize("cell_km", [0.1, 1, 1000.0, 3.125])
def test_cells_of_other_products_sizes_are_taken(cell_km):
    assert GridOptions(cell_km=cell_km).cell_km == cell_km


def test_a_scene_that_the_projection_does_not_show_is_refused():
    place = Georeference("EPSG:4326", (1e-4, 0.0, 10.0, 0.0, -1e-4, 95.0))
    with pytest.raises(
        InvalidScene, match=r"lies in EPSG:6932, got one in EPSG:4326 a"
    ):
        count_by_cell(np.zeros((9, 9), np.uint8), SOUTH.positions(place))


def test_a_cell_of_an_equal_area_grid_has_its_nominal_area_and_others_their_true_one():
    pole, far = np.array([-89.9, -60.0]), np.array([0.0, 0.0])
    assert CellGrid("EPSG:6932", 25e3).areas_km2(far, pole).tolist() == [625, 625]
    # 3976 is true at 70° south: too small nearer the pole, too large farther away.
    areas = CellGrid("EPSG:3976", 25e3).areas_km2(far, pole)
    assert areas.round(1).tolist() == [664.5, 578.5]


@pytest.mark.parametrize(
    ("side_px", "cell_m"),
    [(10_980, 5000.0), (2048, 1000.0), (384, 250.0), (64, 100.0), (60_000, 25e3)],
)
def test_cells_may_go_by_the_size_of_a_scene(side_px, cell_m):
    place = around("EPSG:3031", -170.0, -77.0, side=side_px)
    grid = grid_of(place, (side_px, 2 * side_px), GridOptions(cell_km="auto"))
    assert grid == CellGrid("EPSG:6932", cell_m)
