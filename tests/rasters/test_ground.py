import numpy as np
import pytest

from sea_ice_kedro.errors import InvalidScene
from sea_ice_kedro.imagery.arrays import Georeference
from sea_ice_kedro.rasters.footprint import (
    bearings_deg,
    degrees,
    places,
    square_pixel_m,
)
from tests.fabricate import ROSS_SEA

UTM = Georeference("EPSG:32603", (10.0, 0.0, 500_000.0, 0.0, -10.0, 7_800_000.0))
FLIPPED = Georeference("EPSG:32603", (10.0, 0.0, 500_000.0, 0.0, 10.0, 7_800_000.0))
TURNED = Georeference("EPSG:32603", (0.0, 10.0, 500_000.0, 10.0, 0.0, 7_800_000.0))
DEGREES = Georeference("EPSG:4326", (1e-4, 0.0, -160.0, 0.0, -1e-4, 75.0))

UP = np.array([[0.0, -1.0]])
RIGHT_AND_UP = np.array([[np.cos(np.pi / 6), -np.sin(np.pi / 6)]])


def bearing(place, along):
    return bearings_deg(place, np.array([5.0]), np.array([5.0]), along)[0]


def test_a_pixel_has_its_true_side_on_the_ground():
    assert square_pixel_m(UTM, (100, 100), "s") == pytest.approx(10 / 0.9996, rel=1e-4)
    assert square_pixel_m(ROSS_SEA, (100, 100), "s") == pytest.approx(10.17, abs=0.05)


def test_pixels_that_are_not_square_on_the_ground_are_refused_with_the_way_out():
    with pytest.raises(InvalidScene, match=r"ice_07.*2\.\d+ m by 11\.\d+ m.*gdalwarp"):
        square_pixel_m(DEGREES, (100, 100), "ice_07")


@pytest.mark.parametrize("turned_over", [1, -1])
def test_axes_are_told_from_true_north(turned_over):
    assert (bearing(UTM, turned_over * UP) + 90) % 180 == pytest.approx(90, abs=0.01)
    assert bearing(UTM, turned_over * RIGHT_AND_UP) == pytest.approx(60, abs=0.01)
    assert bearing(FLIPPED, RIGHT_AND_UP) == pytest.approx(120, abs=0.01)
    assert bearing(TURNED, RIGHT_AND_UP) == pytest.approx(150, abs=0.01)


def test_north_in_polar_stereographic_depends_on_the_longitude():
    # EPSG:3031: longitude 0 is up, and north is away from the pole.
    longitude, _ = degrees(ROSS_SEA, np.array([5.0]), np.array([5.0]))
    assert longitude[0] == pytest.approx(-165.96, abs=0.01)
    assert bearing(ROSS_SEA, UP) == pytest.approx(-longitude[0] % 180, abs=0.01)


def test_places_are_in_the_crs_of_the_scene():
    x, y = places(UTM, np.array([0.5]), np.array([2.0]))
    assert (x[0], y[0]) == (500_005, 7_799_980)
