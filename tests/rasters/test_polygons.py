"""Polygons of any CRS on the grid of any raster."""

import numpy as np
import pytest
from pyproj import CRS, Transformer

from sea_ice_kedro.imagery.arrays import Georeference
from sea_ice_kedro.rasters.polygons import draw_polygons, layer_of

SHAPE = 240, 300
POLAR, DEGREES = CRS("EPSG:3031"), CRS("EPSG:4326")
ROSS_SEA = Georeference("EPSG:3031", (400.0, 0, -60_000, 0, -400.0, -1_300_000))
UTM_BY_180 = Georeference("EPSG:32701", (400.0, 0, 370_000, 0, -400.0, 1_430_000))
TURNED = Georeference("EPSG:3031", (300.0, 200, -90_000, 200.0, -300.0, -1_330_000))
AT_POLE = Georeference("EPSG:3031", (900.0, 0, -140_000, 0, -900.0, 110_000))
SCENES = [ROSS_SEA, UTM_BY_180, TURNED]


def closed(corners):
    return np.array([*corners, corners[0]], float)


def box(west, south, east, north):
    return closed([(west, south), (east, south), (east, north), (west, north)])


def places(georeference, crs):
    """Give x and y of each pixel's centre in another CRS."""
    a, b, c, d, e, f = georeference.transform
    x, y = np.meshgrid(np.arange(SHAPE[1]) + 0.5, np.arange(SHAPE[0]) + 0.5)
    there = Transformer.from_crs(georeference.crs, crs, always_xy=True)
    return there.transform(a * x + b * y + c, d * x + e * y + f)


def within(georeference, crs, west, south, east, north):
    x, y = places(georeference, crs)
    if crs.is_geographic:
        middle = (west + east) / 2
        x = middle + (x - middle + 180) % 360 - 180
    return (x > west) & (x < east) & (y > south) & (y < north)


def expect_but_for_edges(drawn, truth):
    """A side may be off by a small part of a pixel."""
    assert 0.02 < truth.mean() < 0.98
    assert np.count_nonzero(drawn != truth) <= 0.0005 * truth.size


@pytest.mark.parametrize("georeference", SCENES)
def test_a_box_in_metres_is_one_in_every_crs_and_its_hole_is_none(georeference):
    outline, hole = (-40e3, -1350e3, 30e3, -1310e3), (-20e3, -1340e3, 10e3, -1320e3)
    drawn = draw_polygons(
        layer_of(POLAR, [[box(*outline), box(*hole)]]), georeference, SHAPE
    )
    x, y = (within(georeference, POLAR, *b) for b in (outline, hole))
    expect_but_for_edges(drawn, x & ~y)


@pytest.mark.parametrize("georeference", SCENES)
def test_long_sides_follow_parallels_and_cross_180_cut_or_not(georeference):
    truth = within(georeference, DEGREES, 178.8, -78.1, 181.5, -77.9)
    cut = [[box(178.8, -78.1, 180, -77.9)], [box(-180, -78.1, -178.5, -77.9)]]
    jumping = [[box(178.8, -78.1, -178.5, -77.9)]]
    beyond = [[box(178.8, -78.1, 181.5, -77.9)]]
    for polygons in (cut, jumping, beyond):
        drawn = draw_polygons(layer_of(DEGREES, polygons), georeference, SHAPE)
        expect_but_for_edges(drawn, truth)


def continent(cut):
    """Give all south of 78 degrees, as a file has a continent around a pole."""
    coast = [(float(x), -78.0) for x in range(-180, 181, 2)]
    if cut:
        return closed([*coast, (180, -90), (-180, -90)])
    east = [(x % 360 - 360 * (x % 360 > 180), y) for x, y in coast[45:-1] + coast[:45]]
    return closed(east)


@pytest.mark.parametrize("cut", [True, False])
@pytest.mark.parametrize("georeference", [*SCENES, AT_POLE])
def test_a_continent_around_the_pole_has_its_coast_everywhere(georeference, cut):
    layer = layer_of(DEGREES, [[continent(cut)]])
    drawn = draw_polygons(layer, georeference, SHAPE)
    _, latitudes = places(georeference, DEGREES)
    truth = latitudes < -78
    assert np.count_nonzero(drawn != truth) <= 0.0005 * truth.size


@pytest.mark.parametrize("georeference", [*SCENES, AT_POLE])
def test_all_but_a_sea_around_the_pole_is_land_around_the_whole_earth(georeference):
    earth = box(-180, -90, 180, 90)
    layer = layer_of(DEGREES, [[earth, continent(cut=True)]])
    drawn = draw_polygons(layer, georeference, SHAPE)
    _, latitudes = places(georeference, DEGREES)
    assert np.count_nonzero(drawn != (latitudes > -78)) <= 0.0005 * drawn.size


def test_the_other_side_of_the_earth_folds_onto_nothing():
    north = layer_of(DEGREES, [[box(-180, 60, 180, 85)], [box(0, -89, 20, -60)]])
    assert not draw_polygons(north, UTM_BY_180, SHAPE).any()


def test_a_raster_beside_the_box_of_all_polygons_is_told():
    svalbard = layer_of(DEGREES, [[box(10, 76, 30, 81)]])
    assert draw_polygons(svalbard, ROSS_SEA, SHAPE) is None
    around = layer_of(POLAR, [[box(-1e6, -2e6, -9e5, -1e6)], [box(9e5, -2e6, 1e6, 0)]])
    assert not draw_polygons(around, ROSS_SEA, SHAPE).any()


def test_metres_without_a_crs_and_corners_without_a_place_are_refused():
    with pytest.raises(ValueError, match=r"as far as 60000, 1\.31e"):
        layer_of(DEGREES, [[box(-60_000, -1_310_000, 0, -1_300_000)]])
    with pytest.raises(ValueError, match="not finite"):
        layer_of(POLAR, [[closed([(0, 0), (1, np.nan), (1, 1)])]])


def test_a_coast_of_many_more_corners_than_pixels_is_drawn_right():
    angles = np.linspace(0, 2 * np.pi, 100_000, endpoint=False)
    wide = np.stack([np.cos(angles), np.sin(angles)], axis=1) * 1_330_000
    layer = layer_of(POLAR, [[closed(wide)]])
    drawn = draw_polygons(layer, ROSS_SEA, SHAPE)
    x, y = places(ROSS_SEA, POLAR)
    expect_but_for_edges(drawn, np.hypot(x, y) < 1_330_000)
