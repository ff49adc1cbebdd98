import numpy as np
import pytest
from pyproj import Transformer

from sea_ice_kedro.reporting.concentration_figures import Box, graticule

ROSS_SEA = Box(-900.0, -100.0, -2000.0, -1200.0)
ANTARCTIC = Box(-4000.0, 4000.0, -4000.0, 4000.0)


def lines(crs, box):
    return {line.label: line for line in graticule(crs, box)}


def test_lines_are_at_round_degrees_that_the_map_shows():
    names = lines("EPSG:6932", ROSS_SEA)
    assert {"74°S", "76°S", "150°W", "165°W"} <= set(names)
    assert not {"60°S", "90°S", "74°N", "0°"} & set(names)


@pytest.mark.parametrize(
    ("name", "axis", "degrees"), [("76°S", 1, -76.0), ("165°W", 0, -165.0)]
)
def test_a_line_lies_where_its_name_says(name, axis, degrees):
    line = lines("EPSG:6932", ROSS_SEA)[name]
    seen = ~np.isnan(line.x)
    to_degrees = Transformer.from_crs("EPSG:6932", "EPSG:4326", always_xy=True)
    places = to_degrees.transform(line.x[seen] * 1e3, line.y[seen] * 1e3)
    assert np.allclose(places[axis], degrees, atol=1e-6)


@pytest.mark.parametrize("crs", ["EPSG:6931", "EPSG:6932", "EPSG:3413", "EPSG:32633"])
def test_no_line_leaves_the_map_and_every_name_is_in_it(crs):
    box = Box(100.0, 900.0, 300.0, 1100.0)
    for line in graticule(crs, box):
        assert np.nanmin(line.x) >= 100.0
        assert np.nanmax(line.x) <= 900.0
        assert np.nanmin(line.y) >= 300.0
        assert np.nanmax(line.y) <= 1100.0
        assert not np.isnan(line.x[line.label_at])


def test_names_are_written_whole_where_the_line_has_room():
    roomy = 0
    for line in graticule("EPSG:6932", ROSS_SEA):
        inside = (np.abs(line.x + 500) < 360) & (np.abs(line.y + 1600) < 360)
        assert inside[line.label_at] or not inside.any()
        roomy += inside.any()
    assert roomy >= 10


@pytest.mark.parametrize(("crs", "side"), [("EPSG:6931", "N"), ("EPSG:6932", "S")])
def test_around_a_pole_are_whole_circles_and_meridians_of_all_sides(crs, side):
    names = lines(crs, ANTARCTIC)
    assert {f"75°{side}", "0°", "180°", "90°E", "90°W", "150°W"} <= set(names)
    assert len([name for name in names if name[-1] not in "NS"]) == 12
    circle = names[f"75°{side}"]
    assert not np.isnan(circle.x).any()
    # Snyder (1987), eq. 24-23: the radius of the parallel on WGS 84.
    assert np.hypot(circle.x, circle.y) == pytest.approx(1670.250, abs=1e-3)
