"""What `scenes.csv` beside the scenes of a folder does."""

import logging
import pickle
from datetime import UTC, datetime
from itertools import pairwise

import numpy as np
import pytest

from sea_ice_kedro.engines import fingerprint_of
from sea_ice_kedro.errors import InvalidOption, InvalidScene
from sea_ice_kedro.sources import IngestionOptions, find_scenes
from tests.fabricate import floes, write


@pytest.fixture
def folder(tmp_path):
    for name in ("ice_20191103.png", "b.png", "c.png"):
        write(tmp_path / name, floes())
    return tmp_path


def listed(folder, text, encoding="utf-8"):
    (folder / "scenes.csv").write_text(text, encoding=encoding)
    options = IngestionOptions(source="folder", folder=str(folder))
    return {entry.scene_id: entry for entry in find_scenes(options)}


def test_a_row_gives_a_scene_its_day_its_limits_its_filter_and_columns_of_the_index(
    folder,
):
    entries = listed(
        folder,
        "id,acquired,region,thin_ice_min,thick_ice_min,filter_method,use,observer\n"
        'ice_20191103,2019-11-04T08:30,,,,,,"Ann, Bo"\n'
        "\n"
        "b,20191105,Ross Sea,40,180,None,yes,\n",
    )
    first, second, third = (entries[i] for i in ("ice_20191103", "b", "c"))
    scene = first.scene()
    assert scene.acquired == datetime(2019, 11, 4, 8, 30, tzinfo=UTC)
    assert (scene.given_limits, scene.given_filter) == (None, "")
    assert first.columns == {"region": "", "observer": "Ann, Bo"}
    scene = pickle.loads(pickle.dumps(second.scene))()  # as a worker of Spark gets it
    assert scene.acquired == datetime(2019, 11, 5, tzinfo=UTC)
    assert (scene.given_limits, scene.given_filter) == ((40, 180), "none")
    assert second.columns["region"] == "Ross Sea"
    assert third.scene().acquired is None
    assert third.columns == {}


def test_a_file_of_a_spreadsheet_is_read(folder):
    text = "ID;Use;Thin_ice_min;thick_ice_min\r\nb;No;;\r\nc;YES;40;180\r\n"
    entries = listed(folder, text, encoding="utf-8-sig")
    assert list(entries) == ["c", "ice_20191103"]
    assert entries["c"].scene().given_limits == (40, 180)


def test_a_scene_not_to_be_used_is_left_out_counted_and_named(folder, caplog):
    (folder / "c.png").write_bytes(b"broken")
    with caplog.at_level(logging.WARNING):
        entries = listed(folder, "id,use\nc,no\n")
    assert list(entries) == ["b", "ice_20191103"]
    assert "scenes.csv: left out, as it says use: no: c (1 of 3)" in caplog.text


def test_a_folder_of_which_nothing_is_to_be_used_is_refused(folder):
    with pytest.raises(InvalidScene, match=r"scenes\.csv: expected at least one"):
        listed(folder, "id,use\nb,no\nc,no\nice_20191103,no\n")


def test_a_row_changes_the_fingerprint_of_its_scene_and_label_only(folder):
    write(folder / "d_vis_1.png", floes())
    write(folder / "d_seg_1.png", np.zeros((48, 64, 3), np.uint8))
    texts = [
        "id,use\nb,yes\n",
        "id,thin_ice_min,thick_ice_min,region\nb,40,180,\nd_vis_1,,,Ross Sea\n",
        "id,thin_ice_min,thick_ice_min,region\nb,41,180,\nd_vis_1,40,180,\n",
        "id,filter_method,thin_ice_min,thick_ice_min\nb,none,41,180\nd_vis_1,,40,180\n",
    ]
    prints = []
    for text in texts:
        entries = listed(folder, text)
        made = {i: fingerprint_of(entry.scene) for i, entry in entries.items()}
        made["label"] = fingerprint_of(entries["d_vis_1"].manual_label)
        prints.append(made)
    changed = [
        {i for i in before if before[i] != after[i]}
        for before, after in pairwise(prints)
    ]
    assert changed == [{"b"}, {"b", "d_vis_1", "label"}, {"b"}]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("id,use\nB,no\n", r"line 2: expected as id the name of a scene .* got 'B'"),
        ("id\nice_2019110\n", r"got 'ice_2019110' \(is it 'ice_20191103'\?\)"),
        ("id\nb\n\nb\n", r"line 4: expected one row a scene, got 'b' again, as in line 2"),
        ("id,use\nb\n", r"line 2: expected 2 fields, one a column, got 1; put quotes"),
        ("id,use\nb,maybe\n", r"expected use to be yes or no, got 'maybe'"),
        ("id,acquired\nb,3.11.2019\n", r"acquired as a day .* got '3\.11\.2019'"),
        ("id,acquired\nb,2019-11-03T25:00:00\n", r"acquired .* got '2019-11-03T25"),
        ("id,thin_ice_min,thick_ice_min\nb,180,40\n", r"1 <= thin.* got '180' and '40'"),
        ("id,thin_ice_min,thick_ice_min\nb,0,40\n", r"got '0' and '40'"),
        ("id,thin_ice_min,thick_ice_min\nb,40,256\n", r"got '40' and '256'"),
        ("id,thin_ice_min,thick_ice_min\nb,40,\n", r"or both empty, got '40' and ''"),
        ("id,thin_ice_min\nb,40\n", r"or both empty, got '40' and ''"),
        ("id,filter_method\nb,off\n", r"line 2: expected filter_method to be one of illumination, none, published, got 'off'"),
        ("name,use\nb,no\n", r"line 1: expected the names of the columns, .*: id"),
        ("id,use,Use\nb,no,no\n", r"line 1: .* twice: \['use', 'use'\]"),
        ("id,sky,Sky\nb,,\n", r"line 1: .* twice: \['sky', 'Sky'\]"),
        ("id,=1+1\nb,no\n", r"line 1: .* no name: \['=1\+1'\]"),
        ("", r"line 1: expected the names of the columns"),
        ('id,use\nb,"no\n', r"line 2: .* cannot be read .*; close its quotes"),
        ("id\nx\ny\n", r"scenes\.csv, line 2: .*; line 3: .* Mend or remove these lines"),
    ],
)  # fmt: skip
def test_a_row_that_cannot_be_right_is_refused_by_its_line(folder, text, said):
    with pytest.raises(InvalidOption, match=said):
        listed(folder, text)


def test_a_file_that_is_not_utf_8_is_refused_with_the_place(folder):
    with pytest.raises(InvalidOption, match=r"in UTF-8, got the byte 0xe9 at 9"):
        listed(folder, "id,regié\nb,x\n".replace("regié", "regioné"), "latin-1")
