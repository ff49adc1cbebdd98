import json

import numpy as np
import pytest
from pyproj import Transformer

from sea_ice_kedro.errors import InvalidOption
from sea_ice_kedro.sources.regions import outlines_of, read_region, region_of
from tests.geopackage import blob, geopackage
from tests.geopackage import polygon as wkb

FIJI = (170.0, -78.0, -170.0, -70.0)
"""Across the antimeridian."""


@pytest.mark.parametrize("value", [(-180, -78, -140, -70), "-180/-78/-140/-70"])
def test_a_box_holds_what_lies_in_it(value):
    region = read_region(value)
    there = region.holds(
        [-160, -179.9, -139, -160, 180, 200], [-75] * 3 + [-69, -75, -75]
    )
    assert there.tolist() == [True, True, False, False, True, True]
    assert region.boxes() == [(-180.0, -78.0, -140.0, -70.0)]


def test_a_box_across_the_antimeridian_is_the_narrow_one():
    region = read_region(FIJI)
    there = region.holds([175, -175, 180, -180, 0, 160, -160], [-75] * 7)
    assert there.tolist() == [True, True, True, True, False, False, False]
    assert region.boxes() == [
        (170.0, -78.0, 180.0, -70.0),
        (-180.0, -78.0, -170.0, -70.0),
    ]


def polygon(*corners):
    return {"type": "Polygon", "coordinates": [[*map(list, corners), list(corners[0])]]}


def test_a_polygon_s_corners_may_jump_at_the_antimeridian(tmp_path):
    path = tmp_path / "ross.geojson"
    triangle = polygon((179, -75), (-179, -75), (-179, -70))
    path.write_text(json.dumps({"type": "Feature", "geometry": triangle}))
    region = read_region(str(path))
    assert region.holds([180, -179.1, 179.1, 0], [-74, -71, -71, -74]).tolist() == [
        True,
        True,
        False,
        False,
    ]
    assert region.boxes() == [
        (179.0, -75.0, 180.0, -70.0),
        (-180.0, -75.0, -179.0, -70.0),
    ]


@pytest.mark.parametrize(
    "kind", ["FeatureCollection", "MultiPolygon", "GeometryCollection"]
)
def test_several_polygons_are_one_region(kind):
    first, second = polygon((0, 0), (1, 0), (0, 1)), polygon((5, 5), (6, 5), (5, 6))
    made = {
        "FeatureCollection": {"features": [{"type": "Feature", "geometry": g} for g in (first, second)]},
        "MultiPolygon": {"coordinates": [first["coordinates"], second["coordinates"]]},
        "GeometryCollection": {"geometries": [first, second]},
    }[kind]  # fmt: skip
    region = outlines_of({"type": kind, **made})
    assert region.holds([0.2, 5.2, 3], [0.2, 5.2, 3]).tolist() == [True, True, False]


def test_a_place_on_a_grid_keeps_its_shape():
    assert read_region(FIJI).holds(np.zeros((3, 4)), np.zeros((3, 4))).shape == (3, 4)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "got none; name one as"),
        ((1, 2, 3), "name one as"),
        ("1/2/3", "to be a GeoJSON or GeoPackage file of polygons"),
        ((0, -78, 0, -70), "different, got 0 and 0"),
        ((0, -78, 190, -70), r"in -180\.\.180"),
        ((-180, -70, -140, -78), "south < north"),
        ((-180, -95, -140, -78), "south < north"),
        ((-180, 85, 180, 90), "which is all that Sentinel-2 images"),
        ((-180, -90, 180, -85), "which is all that Sentinel-2 images"),
        (7, "name one as"),
    ],
)
def test_what_is_no_region_is_refused_with_the_way_out(value, text):
    with pytest.raises(InvalidOption, match=text):
        read_region(value)


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (None, "No such file"),
        ("not JSON", "JSONDecodeError"),
        ('{"type": "Point", "coordinates": [0, 0]}', "ValueError: a Point"),
        ('{"type": "FeatureCollection", "features": []}', "ValueError: no polygon"),
        ('{"type": "Polygon", "coordinates": [[]]}', "ValueError: a ring of 0 corners"),
        ("[]", "AttributeError"),
        ("[" * 100_000, "RecursionError"),
    ],
)
def test_a_file_without_polygons_is_refused_by_its_name(tmp_path, content, found):
    path = tmp_path / "region.geojson"
    if content is not None:
        path.write_text(content)
    with pytest.raises(InvalidOption, match=rf"region\.geojson.*got {found}"):
        read_region(str(path))


SQUARE_M = [(0.0, -2e6), (1e6, -2e6), (1e6, -1e6), (0.0, -1e6), (0.0, -2e6)]
"""In EPSG:3031, as QGIS exports it from a project in that projection."""


def square(path):
    if path.suffix == ".gpkg":
        return geopackage(path, {"bay": ("POLYGON", 3031, [blob(wkb([SQUARE_M]))])})
    crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::3031"}}
    geometry = {"type": "Polygon", "coordinates": [SQUARE_M]}
    feature = {"type": "Feature", "properties": {}, "geometry": geometry}
    whole = {"type": "FeatureCollection", "crs": crs, "features": [feature]}
    path.write_text(json.dumps(whole))
    return path


@pytest.mark.parametrize("name", ["bay.geojson", "bay.gpkg"])
def test_a_file_of_polygons_may_be_in_any_crs(tmp_path, name):
    region = region_of(str(square(tmp_path / name)), "ingestion.area_of_interest")
    to_degrees = Transformer.from_crs("EPSG:3031", "EPSG:4326", always_xy=True)
    # In the middle, and a km to each side of a side that is straight there alone.
    x = np.array([5e5, 5e5, 5e5, 2e6])
    y = np.array([-1.5e6, -1.001e6, -0.999e6, -1.5e6])
    there = region.holds(*to_degrees.transform(x, y))
    assert there.tolist() == [True, True, False, False]


def test_polygons_in_metres_around_a_pole_hold_it(tmp_path):
    around = [(-1e6, -1e6), (1e6, -1e6), (1e6, 1e6), (-1e6, 1e6), (-1e6, -1e6)]
    path = tmp_path / "pole.gpkg"
    geopackage(path, {"pole": ("POLYGON", 3031, [blob(wkb([around]))])})
    region = region_of(str(path), "ingestion.area_of_interest")
    there = region.holds([0, 90, 180, -90, 45, 0], [-89, -82, -82, -82, -80, -78])
    assert there.tolist() == [True, True, True, True, True, False]


def test_metres_without_a_crs_are_no_degrees(tmp_path):
    path = tmp_path / "bay.geojson"
    path.write_text(json.dumps({"type": "Polygon", "coordinates": [SQUARE_M]}))
    with pytest.raises(InvalidOption, match="which are no degrees; name one as"):
        region_of(str(path), "ingestion.area_of_interest")


def test_outlines_in_metres_keep_about_as_many_corners_as_they_have(tmp_path):
    """Long sides are cut into pieces, short ones are not."""
    angle = np.linspace(0, 2 * np.pi, 301)
    ring = np.column_stack([4000 * np.cos(angle), 4000 * np.sin(angle)]) - [0, 1.5e6]
    crs = {"type": "name", "properties": {"name": "EPSG:3031"}}
    shape = {"type": "Polygon", "coordinates": [ring.tolist()], "crs": crs}
    (tmp_path / "a.geojson").write_text(json.dumps(shape))
    region = region_of(str(tmp_path / "a.geojson"), "ingestion.area_of_interest")
    assert 300 <= len(region.rings[0]) < 350


def test_a_feature_without_geometry_is_no_hindrance_to_the_others(tmp_path):
    there = {"type": "Polygon", "coordinates": [[[0, 70], [20, 70], [20, 80]]]}
    features = [{"type": "Feature", "geometry": g} for g in (None, there)]
    path = tmp_path / "a.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    region = region_of(str(path), "ingestion.area_of_interest")
    assert region.holds([15, 50], [72, 72]).tolist() == [True, False]
