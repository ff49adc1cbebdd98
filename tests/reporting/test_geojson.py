import numpy as np
import pytest

from sea_ice_kedro.errors import InvalidScene
from sea_ice_kedro.imagery.arrays import Georeference
from sea_ice_kedro.reporting.products import place_of
from tests.rasters.test_polar_grid import around

DEGREES = Georeference("EPSG:4326", (0.1, 0, 170.0, 0, -0.1, -70.0))


def area(ring):
    x, y = np.array(ring).T
    return (x[:-1] * y[1:] - x[1:] * y[:-1]).sum() / 2


def rings(geometry):
    polygons = geometry["coordinates"]
    if geometry["type"] == "Polygon":
        polygons = [polygons]
    return [polygon[0] for polygon in polygons]


def test_a_scene_is_a_closed_ring_counter_clockwise():
    place = place_of(DEGREES, (20, 50))
    assert place.geometry["type"] == "Polygon"
    (ring,) = rings(place.geometry)
    assert len(ring) == 41
    assert ring[0] == ring[-1]
    assert area(ring) == pytest.approx(5 * 2)
    assert place.bbox == [170, -72, 175, -70]


def test_a_scene_across_the_antimeridian_is_cut_there():
    place = place_of(DEGREES, (20, 150))
    assert place.geometry["type"] == "MultiPolygon"
    west, east = rings(place.geometry)
    assert area(west) == pytest.approx(10 * 2)
    assert area(east) == pytest.approx(5 * 2)
    assert (min(x for x, _ in west), max(x for x, _ in west)) == (170, 180)
    assert (min(x for x, _ in east), max(x for x, _ in east)) == (-180, -175)
    assert place.bbox == [170, -72, -175, -70]


@pytest.mark.parametrize("longitude", [-179.99, 179.99])
def test_a_scene_of_the_ross_sea_at_180_degrees_stays_small(longitude):
    place = place_of(around("EPSG:3031", longitude, -76), (10_980, 10_980))
    west, _, east, _ = place.bbox
    assert (round(west), round(east)) == (178, -178)
    assert sum(area(ring) for ring in rings(place.geometry)) < 6


@pytest.mark.parametrize(
    ("crs", "pole"), [("EPSG:3413", 90), ("EPSG:3031", -90), ("EPSG:6932", -90)]
)
def test_a_raster_around_a_pole_reaches_it_on_all_meridians(crs, pole):
    grid = Georeference(crs, (25e3, 0, -1e6, 0, -25e3, 1e6))
    place = place_of(grid, (80, 80))
    (ring,) = rings(place.geometry)
    assert area(ring) > 0
    assert [180, pole] in ring
    assert [-180, pole] in ring
    south, north = place.bbox[1], place.bbox[3]
    assert pole in (south, north)
    # The sides, 1000 km from the pole, are what lies farthest from the corners.
    assert north - south == pytest.approx(12.8, abs=0.3)
    assert place.bbox[::2] == [-180, 180]


def test_what_does_not_lie_on_earth_is_refused():
    nowhere = Georeference("EPSG:6932", (1e6, 0, 2e7, 0, -1e6, 2e7))
    with pytest.raises(InvalidScene, match="lies on Earth"):
        place_of(nowhere, (9, 9))
