"""Any class maps against any labels, by one command."""

import numpy as np
import pandas as pd
import pytest
import rasterio
from PIL import Image

from sea_ice_kedro.datasets import ClassMapDataset
from sea_ice_kedro.imagery.arrays import ClassMap
from sea_ice_kedro.imagery.classes import colourise
from tests.fabricate import ROSS_SEA, quiet
from tests.runs import command_here

THICK, THIN, WATER, NONE = 0, 1, 2, 255


def codes(*rows):
    """Four pixels a code, so that a scene has some size."""
    return np.repeat(np.array(rows, np.uint8), 4, axis=1)


LABELS = {
    "a": codes([THICK, THICK, THIN, WATER, NONE, WATER]),
    "b": codes([THICK, THIN, THIN, WATER, WATER, WATER]),
}
MAPS = {
    "a": codes([THICK, THIN, THIN, WATER, WATER, NONE]),
    "b": codes([THICK, THIN, THIN, WATER, WATER, THIN]),
}


def save_map(path, values, georeference=ROSS_SEA):
    path.parent.mkdir(exist_ok=True)
    made = ClassMap(path.stem, values, georeference)
    ClassMapDataset(filepath=str(path)).save(made)


def save_picture(path, picture):
    path.parent.mkdir(exist_ok=True)
    picture.save(path)


@pytest.fixture
def folders(tmp_path):
    for name, values in MAPS.items():
        save_map(tmp_path / "maps" / f"{name}.tif", values)
        rgb = Image.fromarray(colourise(LABELS[name]))
        save_picture(tmp_path / "labels" / f"{name}.png", rgb)
    return tmp_path / "maps", tmp_path / "labels"


def score(capsys, *arguments):
    return command_here(capsys, "score", *arguments)


def test_maps_are_scored_scene_by_scene_and_class_by_class(folders, tmp_path, capsys):
    code, out, err = score(capsys, *folders, "--out", tmp_path / "s.csv")
    assert (code, err) == (0, "")
    table = pd.read_csv(tmp_path / "s.csv").set_index(["scene_id", "class"])
    a, whole = table.loc["a"], table.loc["all scenes"]
    assert a["label_pixels"].tolist() == [8, 4, 4]
    assert a["recall"].tolist() == [0.5, 1, 1]
    assert a["precision"].tolist() == [1, 0.5, 1]
    assert a["f1"].tolist() == pytest.approx([2 / 3, 2 / 3, 1])
    assert a["accuracy"].tolist() == [0.75] * 3
    assert a["unmapped_fraction"].tolist() == [0.2] * 3
    assert whole["label_pixels"].tolist() == [12, 12, 16]
    matrix = whole[["as_thick_ice", "as_thin_ice", "as_open_water"]]
    assert matrix.to_numpy().tolist() == [[8, 4, 0], [0, 12, 0], [0, 4, 12]]
    assert whole["accuracy"].tolist() == [0.8] * 3
    assert whole["accuracy_low"].tolist() == [0.75] * 3
    assert whole["accuracy_high"].tolist() == pytest.approx([5 / 6] * 3)
    assert a["accuracy_low"].isna().all()
    assert out.startswith("accuracy 80.0 % (75.0 to 83.3), 2 scenes, 40 pixels")
    lines = [" ".join(line.split()) for line in out.splitlines()]
    assert "thin ice 0 12 0" in lines
    assert "a 75.0 % thick ice 8 100.0 % 50.0 % 66.7 %" in lines
    assert "intervals over 2 scenes are too narrow; 10 tell more" in lines


def test_the_same_command_gives_the_same_intervals(folders, tmp_path, capsys):
    said = [score(capsys, *folders, "--seed", seed)[1] for seed in (1, 1)]
    assert said[0] == said[1]


def test_codes_palettes_colours_and_the_archive_s_names_are_labels(
    folders, tmp_path, capsys
):
    maps, labels = folders
    for file in labels.iterdir():
        file.unlink()
    save_picture(labels / "a.png", Image.fromarray(LABELS["a"]))  # codes as grey
    numbered = np.where(LABELS["b"] == THICK, 7, LABELS["b"]).astype(np.uint8)
    palette = Image.fromarray(numbered)  # numbers as a program likes them
    colours = np.zeros((256, 3), np.uint8)
    colours[[7, THIN, WATER]] = (255, 0, 0), (0, 0, 255), (0, 255, 0)
    palette.putpalette(colours.ravel().tolist())
    save_picture(labels / "b.png", palette)
    save_map(maps / "s2_vis_0.tif", MAPS["a"])
    photograph = np.full((*LABELS["a"].shape, 3), 90, np.uint8)
    save_picture(labels / "s2_vis_0.png", Image.fromarray(photograph))
    rgb = Image.fromarray(colourise(LABELS["a"]))
    save_picture(labels / "s2_seg_0.png", rgb)
    code, _, err = score(capsys, maps, labels, "--out", tmp_path / "s.csv")
    assert (code, err) == (0, "")
    table = pd.read_csv(tmp_path / "s.csv")
    accuracy = table.groupby("scene_id")["accuracy"].first()
    assert accuracy["a"] == accuracy["s2_vis_0"] == 0.75
    assert accuracy["b"] == pytest.approx(5 / 6)


def test_files_without_a_partner_are_named_and_the_others_are_scored(folders, capsys):
    maps, labels = folders
    save_map(maps / "c.tif", MAPS["a"])
    save_picture(labels / "d.png", Image.fromarray(LABELS["a"]))
    code, out, err = score(capsys, *folders)
    assert code == 0
    assert f"1 only in {maps}: c\n" in err
    assert f"1 only in {labels}: d\n" in err
    assert "2 scenes" in out


def test_folders_without_a_common_name_end_with_1(folders, tmp_path, capsys):
    other = tmp_path / "other"
    save_map(other / "c.tif", MAPS["a"])
    code, out, err = score(capsys, folders[0], other)
    assert (code, out) == (1, "")
    assert "of the same names, got a, b and c; name each label as its map" in err


def wrong_size(path):
    save_map(path, MAPS["a"][:, :-1])


def moved(path):
    a, b, c, d, e, f = ROSS_SEA.transform
    place = type(ROSS_SEA)(ROSS_SEA.crs, (a, b, c + a, d, e, f))
    save_map(path, MAPS["a"], place)


def other_codes(path):
    with (
        quiet(),
        rasterio.open(
            path, "w", driver="GTiff", width=24, height=1, count=1, dtype="uint8"
        ) as file,
    ):
        file.write(np.full((1, 1, 24), 9, np.uint8))


def thick_is_nodata(path):
    with (
        quiet(),
        rasterio.open(
            path,
            "w",
            driver="GTiff",
            width=24,
            height=1,
            count=1,
            dtype="uint8",
            nodata=0,
        ) as file,
    ):
        file.write(MAPS["a"][None])


def empty(path):
    save_map(path, np.full_like(MAPS["a"], NONE))


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (wrong_size, "a: expected map and label of one size, got 24 x 1 and 23 x 1"),
        (moved, "a: expected map and label on one grid, got EPSG:3031"),
        (
            other_codes,
            "a.tif: expected the codes 0 thick ice, 1 thin ice, 2 open water",
        ),
        (thick_is_nodata, "a.tif: expected 255 for no data, got 0, which is thick ice"),
        (empty, "a: expected pixels with a class in map and label, got none"),
        (lambda path: path.write_bytes(b"II*\0"), "a.tif"),
    ],
)
def test_a_pair_that_cannot_be_compared_is_refused_by_name_and_costs_no_other(
    folders, capsys, make, said
):
    maps, labels = folders
    (labels / "a.png").unlink()
    make(labels / "a.tif")
    code, out, err = score(capsys, maps, labels)
    assert code == 1
    assert "1 of 2 not scored" in err
    assert said in err
    assert out.startswith("accuracy 83.3 %, 1 scene, 24 pixels")
    assert "one scene: no interval" in out


def test_two_labels_of_one_scene_are_refused(folders, capsys):
    save_map(folders[1] / "a.tif", LABELS["a"])
    code, _, err = score(capsys, *folders)
    assert code == 1
    assert "a: expected one label, got" in err


def test_a_wrong_command_line_ends_with_2(folders, capsys):
    assert score(capsys, folders[0])[0] == 2
    assert score(capsys, folders[0], "/nowhere")[0] == 2
    assert "Score the class maps in MAPS" in score(capsys, "--help")[1]


def points(folder, *rows, head="scene,x,y,class,half_size"):
    path = folder / "points.csv"
    path.write_text("\n".join([head, *rows, ""]))
    return path


def at(scene_id, column, sea_ice_class, half_size=""):
    a, _, c, _, _, f = ROSS_SEA.transform
    return f"{scene_id},{c + a * (column + 0.5)},{f - 1},{sea_ice_class},{half_size}"


def test_points_give_accuracy_and_areas_adjusted_by_what_the_maps_show(
    folders, tmp_path, capsys
):
    # Map a shows 4 pixels of thick ice, then 8 thin, 8 water, 4 none.
    file = points(
        tmp_path,
        *(at("a", column, "thick ice") for column in (0, 1)),
        *(at("a", column, "thin_ice") for column in (5, 9, 10)),
        at("a", 4, 0),
        at("a", 13, 2, 1),
        at("a", 18, "open water"),
        at("a", 22, 2),
    )
    code, out, err = score(capsys, folders[0], file, "--out", tmp_path / "p.csv")
    assert (code, err) == (0, "")
    table = pd.read_csv(tmp_path / "p.csv").set_index("class")
    assert table["mapped_pixels"].tolist() == [4, 8, 8]
    assert table["points"].tolist() == [2, 4, 2]
    assert table["user"].tolist() == [1, 0.75, 1]
    assert table["area"].tolist() == pytest.approx([0.3, 0.3, 0.4])
    assert table["producer"].tolist() == pytest.approx([2 / 3, 1, 1])
    assert table["accuracy"].tolist() == pytest.approx([0.9] * 3)
    assert table["accuracy_error"][0] == pytest.approx(0.4 * np.sqrt(0.75 * 0.25 / 3))
    assert out.startswith("area-adjusted accuracy 90.0 ± 19.6 %, 8 points on 1 map\n")
    assert "without a class in the map: 1 point\n" in out


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (["a,1,2"], "line 2: expected 5 fields, one a column, got 3"),
        (["a,one,2,0,"], "line 2: expected numbers as x and y, got 'one' and '2'"),
        (["a,1,2,9,"], "line 2: expected as class 0 or thick ice, 1 or thin ice"),
        (["a,1,2,0,-1"], "line 2: expected half_size as whole pixels, 0 to 100"),
        (["z,1,2,0,"], "got no map named z; scene is the name of the map"),
        ([], "got no point"),
        (["a,1e9,2,0,"], "line 2: expected a place in the map of a, got column"),
        ([at("a", 1, 0)], "two points or more in each class that the map shows"),
    ],
)
def test_points_that_cannot_be_right_are_refused_by_their_line(
    folders, tmp_path, capsys, rows, said
):
    code, out, err = score(capsys, folders[0], points(tmp_path, *rows))
    assert (code, out) == (1, "")
    assert said in err


def test_a_table_of_points_without_its_columns_is_refused(folders, tmp_path, capsys):
    file = points(tmp_path, head="id,x,y,class")
    assert (
        "line 1: expected the columns scene, x, y, class"
        in score(capsys, folders[0], file)[2]
    )
