"""Polygons out of a GeoPackage."""

import struct

import numpy as np
import pytest

from sea_ice_kedro.rasters.polygons import read_geopackage
from tests.geopackage import blob, geopackage, multipolygon, polygon

OUTLINE = [(0.0, 0.0), (9.0, 0.0), (9.0, 9.0), (0.0, 9.0), (0.0, 0.0)]
HOLE = [(3.0, 3.0), (6.0, 3.0), (6.0, 6.0), (3.0, 3.0)]


def rings_of(layer):
    return [[ring.tolist() for ring in rings] for rings in layer.polygons]


def as_lists(*polygons):
    return [[[list(c) for c in ring] for ring in rings] for rings in polygons]


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("envelope", [0, 1, 2, 4])
def test_polygons_come_with_their_holes_whatever_the_order_of_bytes(
    tmp_path, order, envelope
):
    one = polygon([OUTLINE, HOLE], order)
    two = multipolygon(one, polygon([HOLE], order), order=order)
    blobs = [blob(wkb, envelope, order) for wkb in (one, two)]
    path = geopackage(tmp_path / "a.gpkg", {"coast": ("GEOMETRY", 3031, blobs)})
    (layer,) = read_geopackage(path)
    assert layer.crs.to_epsg() == 3031
    assert rings_of(layer) == as_lists([OUTLINE, HOLE], [OUTLINE, HOLE], [HOLE])


def test_heights_are_left_out_and_rows_of_nothing_are_none(tmp_path):
    blobs = [None, blob(b"", empty=True), blob(polygon([OUTLINE], axes=3))]
    path = geopackage(tmp_path / "a.gpkg", {"coast": ("POLYGON", 4326, blobs)})
    (layer,) = read_geopackage(path)
    assert rings_of(layer) == as_lists([OUTLINE])


def test_every_layer_of_polygons_counts_in_its_own_crs_and_lines_do_not(tmp_path):
    line = b"\1" + struct.pack("<II4d", 2, 2, 0, 0, 1, 1)
    layers = {
        "ice shelf": ("MULTIPOLYGON", 3031, [blob(multipolygon(polygon([OUTLINE])))]),
        'rock "old"': ("POLYGON", 4326, [blob(polygon([HOLE]))]),
        "empty": ("POLYGON", 3031, []),
        "fronts": ("LINESTRING", 3031, [blob(line)]),
    }
    found = read_geopackage(geopackage(tmp_path / "a b?.gpkg", layers))
    assert [layer.crs.to_epsg() for layer in found] == [3031, 4326]
    layers["rock"] = ("GEOMETRY", 3031, [blob(line)])
    with pytest.raises(ValueError, match="kind 2 in rock, which is no polygon"):
        read_geopackage(geopackage(tmp_path / "b.gpkg", layers))


def test_a_layer_without_a_crs_is_named(tmp_path):
    blobs = [blob(polygon([OUTLINE]))]
    path = geopackage(tmp_path / "a.gpkg", {"coast": ("POLYGON", -1, blobs)})
    with pytest.raises(ValueError, match="no CRS of its layer coast"):
        read_geopackage(path)


@pytest.mark.parametrize(
    "broken",
    [
        b"",
        b"GP",
        b"XX" + bytes(60),
        blob(b""),
        blob(b"\1\3\0"),
        blob(polygon([OUTLINE]))[:-9],
        blob((b"\1" + struct.pack("<II", 6, 1)) * 2000),
    ],
)
def test_what_is_broken_is_an_error_of_values(tmp_path, broken):
    path = geopackage(tmp_path / "a.gpkg", {"coast": ("POLYGON", 3031, [broken])})
    with pytest.raises(ValueError):  # noqa: PT011 - any words
        read_geopackage(path)


def test_a_count_that_the_file_cannot_hold_takes_no_memory(tmp_path):
    huge = blob(b"\1" + struct.pack("<III", 3, 1, 2**32 - 1))
    path = geopackage(tmp_path / "a.gpkg", {"coast": ("POLYGON", 3031, [huge])})
    with pytest.raises(ValueError, match="buffer"):
        read_geopackage(path)


def test_a_file_that_is_no_geopackage_is_told(tmp_path):
    path = tmp_path / "a.gpkg"
    path.write_bytes(np.random.default_rng(0).bytes(4096))
    with pytest.raises(ValueError, match="DatabaseError: file is not a database"):
        read_geopackage(path)
    path.write_bytes(b"")
    with pytest.raises(ValueError, match="no such table"):
        read_geopackage(path)
    assert [p.name for p in tmp_path.iterdir()] == ["a.gpkg"]
