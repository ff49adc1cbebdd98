import json

import numpy as np
import pytest

from sea_ice_kedro.errors import InvalidOption
from sea_ice_kedro.sources.regions import outlines_of, read_region

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
        ("1/2/3", "to be a GeoJSON file of polygons"),
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
        ('{"type": "Polygon", "coordinates": [[]]}', "ValueError: an outline of less"),
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
