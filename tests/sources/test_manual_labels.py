import numpy as np
import pytest

from sea_ice_kedro.errors import InvalidLabel, InvalidScene
from sea_ice_kedro.sources.manual_labels import read_manual_label
from tests.fabricate import ROSS_SEA, WHEN, cut, scene, write

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


def test_a_label_of_one_band_is_refused(tmp_path):
    path = painted(tmp_path / "l.png", [[0, 1, 2]])
    with pytest.raises(InvalidLabel, match=r"8-bit R, G, B, got 1 band\(s\) of uint8"):
        read_manual_label(path, scene_of((1, 3)))


def test_a_truncated_label_is_refused(tmp_path):
    path = painted(tmp_path / "l.png", np.zeros((90, 90, 3)))
    cut(tmp_path / "l.png", 0.5)
    with pytest.raises(InvalidScene, match=r"l\.png: expected a whole"):
        read_manual_label(path, scene_of((90, 90)))
