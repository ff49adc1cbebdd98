import json

import numpy as np
import pytest
from rasterio import Affine

from sea_ice_kedro.datasets import ClassMapDataset
from sea_ice_kedro.errors import InvalidLabel, InvalidScene
from sea_ice_kedro.imagery.arrays import ClassMap
from sea_ice_kedro.imagery.classes import LAND_COLOUR
from sea_ice_kedro.sources import IngestionOptions
from sea_ice_kedro.sources.class_files import read_manual_label
from sea_ice_kedro.sources.folder import list_scenes
from tests.fabricate import ROSS_SEA, WHEN, cut, folder_of_scenes, scene, write

RED, BLUE, GREEN, BLACK = (255, 0, 0), (0, 0, 255), (0, 255, 0), (0, 0, 0)


def painted(path, colours, **profile):
    return str(write(path, np.array(colours, np.uint8), **profile))


def scene_of(shape, **facts):
    return scene("s", rgb=np.full((*shape, 3), 99, np.uint8), **facts)


@pytest.mark.parametrize("name", ["l.png", "l.tif"])
def test_red_blue_green_and_black_are_thick_thin_water_and_no_data(tmp_path, name):
    path = painted(tmp_path / name, [[RED, BLUE, GREEN, BLACK]])
    assert read_manual_label(path, scene_of((1, 4))).codes.tolist() == [[0, 1, 2, 255]]


def test_what_the_scene_did_not_observe_has_no_label(tmp_path):
    path = painted(tmp_path / "l.png", [[RED, BLUE]])
    label = read_manual_label(
        path, scene_of((1, 2), valid_mask=np.array([[False, True]]))
    )
    assert label.codes.tolist() == [[255, 1]]


def test_a_label_lies_where_its_scene_lies(tmp_path):
    path = painted(tmp_path / "l.png", [[RED]])
    label = read_manual_label(
        path, scene_of((1, 1), georeference=ROSS_SEA, acquired=WHEN)
    )
    assert (label.scene_id, label.georeference, label.acquired) == ("s", ROSS_SEA, WHEN)


def test_a_label_of_another_size_is_refused_with_both_sizes(tmp_path):
    path = painted(tmp_path / "l.png", [[RED, BLUE]])
    with pytest.raises(
        InvalidLabel,
        match=r"l\.png: expected the size of its scene s, 4 x 1, got 2 x 1",
    ):
        read_manual_label(path, scene_of((1, 4)))


def test_other_colours_are_refused_with_the_most_frequent_and_the_legend(tmp_path):
    path = painted(tmp_path / "l.png", [[RED, (255, 255, 0), (9, 9, 9), (9, 9, 9)]])
    with pytest.raises(InvalidLabel) as refusal:
        read_manual_label(path, scene_of((1, 4)))
    text = str(refusal.value)
    assert "#ff0000 thick ice, #0000ff thin ice, #00ff00 open water" in text
    assert "got also #090909 (2 px), #ffff00 (1 px)" in text
    assert "save labels as PNG, unscaled" in text


@pytest.mark.parametrize("name", ["l.png", "l.tif"])
def test_an_edited_class_map_is_a_label(tmp_path, name):
    path = painted(tmp_path / name, [[0, 1, 2, 255]])
    assert read_manual_label(path, scene_of((1, 4))).codes.tolist() == [[0, 1, 2, 255]]


def test_a_product_of_this_project_is_a_label_as_it_is(tmp_path):
    codes = np.array([[0, 2], [1, 255]], np.uint8)
    path = tmp_path / "s_label.tif"
    ClassMapDataset(filepath=str(path)).save(ClassMap("s", codes, ROSS_SEA))
    label = read_manual_label(str(path), scene_of((2, 2), georeference=ROSS_SEA))
    assert label.codes.tolist() == codes.tolist()


def test_other_codes_are_refused_with_those_that_are_known(tmp_path):
    path = painted(tmp_path / "l.png", [[0, 1, 7]])
    with pytest.raises(InvalidLabel, match=r"0 thick ice, .*255 none.* also \[7\]"):
        read_manual_label(path, scene_of((1, 3)))


def test_a_label_of_another_place_is_refused(tmp_path):
    transform = Affine(*ROSS_SEA.transform) @ Affine.translation(3, 0)
    path = painted(tmp_path / "l.tif", [[0, 1]], crs="EPSG:3031", transform=transform)
    with pytest.raises(InvalidLabel, match="on one grid"):
        read_manual_label(path, scene_of((1, 2), georeference=ROSS_SEA))


def polygons(path, *drawn, crs="EPSG:3031"):
    """Write rectangles of pixels (top, left, bottom, right) with their classes."""
    to_map = Affine(*ROSS_SEA.transform)
    features = [
        {
            "type": "Feature",
            "properties": {"class": name},
            "geometry": {
                "type": "Polygon",
                "coordinates": [
                    [
                        list(to_map @ (column, row))
                        for row, column in (
                            *((top, left), (top, right), (bottom, right)),
                            *((bottom, left), (top, left)),
                        )
                    ]
                ],
            },
        }
        for name, (top, left, bottom, right) in drawn
    ]
    collection = {
        "type": "FeatureCollection",
        "crs": {"type": "name", "properties": {"name": crs}},
        "features": features,
    }
    path.write_text(json.dumps(collection))
    return str(path)


def test_polygons_with_a_class_are_a_label_and_the_last_counts(tmp_path):
    path = polygons(
        tmp_path / "s_label.geojson",
        ("thick_ice", (0, 0, 2, 2)),
        ("open water", (0, 1, 1, 3)),
        (1, (1, 2, 2, 3)),
    )
    one = scene_of((2, 4), georeference=ROSS_SEA)
    codes = read_manual_label(path, one).codes.tolist()
    assert codes == [[0, 2, 2, 255], [0, 0, 1, 255]]


@pytest.mark.parametrize(
    ("drawn", "place", "words"),
    [
        (("slush", (0, 0, 1, 1)), ROSS_SEA, r"thick_ice.*got .*feature 1: .*'slush'"),
        (("thick_ice", (50, 50, 60, 60)), ROSS_SEA, r"on its scene s, got none there"),
        (("thick_ice", (0, 0, 1, 1)), None, r"a scene with a place on Earth"),
    ],
)
def test_polygons_that_are_no_label_are_refused(tmp_path, drawn, place, words):
    path = polygons(tmp_path / "s_label.geojson", drawn)
    with pytest.raises(InvalidLabel, match=words):
        read_manual_label(path, scene_of((2, 4), georeference=place))


def test_a_file_beside_a_scene_is_its_label_by_name(tmp_path):
    folder = folder_of_scenes(tmp_path, 2)
    write(folder / "a_label.png", np.ones((40, 64), np.uint8))
    polygons(folder / "b_label.geojson", ("water", (0, 0, 1, 1)))
    options = IngestionOptions(source="folder", folder=str(folder))
    entries = {entry.scene_id: entry for entry in list_scenes(options)}
    assert sorted(entries) == ["a", "b"]
    assert (entries["a"].manual_label().codes == 1).all()
    assert "b_label.geojson" in entries["b"].manual_label.path


def test_a_truncated_label_is_refused(tmp_path):
    path = painted(tmp_path / "l.png", np.zeros((90, 90, 3)))
    cut(tmp_path / "l.png", 0.5)
    with pytest.raises(InvalidScene, match=r"l\.png: expected a whole"):
        read_manual_label(path, scene_of((90, 90)))


def test_an_edited_class_map_keeps_its_land_by_code_and_by_colour(tmp_path):
    codes = np.array([[0, 254, 2, 255]], np.uint8)
    path = tmp_path / "s.tif"
    edited = ClassMap("s", codes, ROSS_SEA, land_source="coast.gpkg md5:0")
    ClassMapDataset(filepath=str(path)).save(edited)
    plain = painted(tmp_path / "plain.tif", codes)
    colours = [RED, LAND_COLOUR, GREEN, BLACK]
    drawn = painted(tmp_path / "drawn.png", [colours])
    for label in (str(path), plain, drawn):
        read = read_manual_label(label, scene_of((1, 4), georeference=ROSS_SEA))
        assert read.codes.tolist() == [[0, 254, 2, 255]]


@pytest.mark.parametrize("content", [b"\x80\xff", b"[" * 100_000, b"{}"])
def test_a_label_that_is_no_geojson_is_refused_by_its_name(tmp_path, content):
    path = tmp_path / "s_label.geojson"
    path.write_bytes(content)
    with pytest.raises(InvalidLabel, match=r"s_label\.geojson: expected GeoJSON"):
        read_manual_label(str(path), scene_of((4, 4), georeference=ROSS_SEA))
