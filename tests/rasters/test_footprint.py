import pytest
from pyproj import Transformer

from sea_ice_kedro.imagery.arrays import Georeference
from sea_ice_kedro.rasters.footprint import (
    centre_deg,
    north_bearing_deg,
    pixel_area_m2,
    pixel_size_m,
)


def around(crs, longitude, latitude, side=128):
    """Give a square scene of 10 m pixels with its centre at a place."""
    to_crs = Transformer.from_crs("EPSG:4326", crs, always_xy=True)
    x, y = to_crs.transform(longitude, latitude)
    transform = (10.0, 0.0, x - 5 * side, 0.0, -10.0, y + 5 * side)
    return Georeference(crs, transform), (side, side)


@pytest.mark.parametrize(
    ("crs", "latitude", "area_m2"),
    [
        ("EPSG:3031", -71.0, 100.0),  # the latitude of true scale
        ("EPSG:3031", -78.0, 103.381),
        ("EPSG:3031", -65.0, 96.013),
        ("EPSG:3413", 70.0, 100.0),  # the Arctic's latitude of true scale
        ("EPSG:32758", -77.0, 100.080),  # UTM, on the central meridian: 0.9996 ** -2
    ],
)
def test_ten_metre_pixels_cover_their_true_area(crs, latitude, area_m2):
    longitude = -45.0 if crs == "EPSG:3413" else 165.0
    assert pixel_area_m2(*around(crs, longitude, latitude)) == pytest.approx(
        area_m2, abs=2e-3
    )


def test_pixels_of_degrees_have_the_area_that_the_earth_gives_them():
    degrees = Georeference("EPSG:4326", (1e-3, 0.0, -170.0, 0.0, -1e-3, -77.0))
    # 111.67 m by 24.99 m on WGS 84 at 77.064 degrees south
    assert pixel_area_m2(degrees, (128, 128)) == pytest.approx(2790.92, abs=0.01)
    assert pixel_size_m(degrees, (128, 128)) == pytest.approx(52.829, abs=1e-3)


def test_a_scene_across_the_antimeridian_has_the_same_area():
    across = Georeference("EPSG:4326", (1e-3, 0.0, 179.95, 0.0, -1e-3, -77.0))
    assert pixel_area_m2(across, (128, 128)) == pytest.approx(2790.92, abs=0.01)


@pytest.mark.parametrize(
    "transform",
    [
        (10.0, 0.0, -3e5, 0.0, -10.0, -1.2e6),
        (6.0, 8.0, -3e5, 8.0, -6.0, -1.2e6),
        (0.0, 10.0, -3e5, 10.0, 0.0, -1.2e6),
    ],
    ids=["north-up", "rotated", "transposed"],
)
def test_the_nominal_pixel_size_is_that_of_the_transform(transform):
    assert pixel_size_m(Georeference("EPSG:3031", transform), (64, 64)) == 10.0


def test_feet_are_counted_in_metres():
    feet = Georeference("EPSG:2225", (100.0, 0.0, 6e6, 0.0, -100.0, 2e6))
    assert pixel_size_m(feet, (64, 64)) == pytest.approx(30.48006, abs=1e-5)


@pytest.mark.parametrize(
    ("crs", "longitude", "latitude", "bearing_deg"),
    [
        ("EPSG:32758", 165.0, -77.0, 0.0),
        ("EPSG:3031", 0.0, -75.0, 0.0),
        ("EPSG:3031", 90.0, -75.0, 90.0),
        ("EPSG:3031", 180.0, -75.0, 180.0),
        ("EPSG:3031", -90.0, -75.0, 270.0),
    ],
)
def test_north_points_where_it_does_on_the_ground(
    crs, longitude, latitude, bearing_deg
):
    bearing = north_bearing_deg(*around(crs, longitude, latitude))
    assert (bearing - bearing_deg + 180) % 360 - 180 == pytest.approx(0, abs=1e-3)


@pytest.mark.parametrize("crs", ["EPSG:3031", "EPSG:32703", "EPSG:4326"])
def test_the_centre_of_a_scene_is_where_it_lies(crs):
    assert centre_deg(*around(crs, -165.25, -76.5)) == pytest.approx((-165.25, -76.5))
