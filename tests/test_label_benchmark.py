import json

import cv2
import numpy as np
import pandas as pd
import pytest

from benchmarks.labels import rulers as rulers_module
from benchmarks.labels.conditions import CONDITIONS, SEEDS, condition_named, scenes_of
from benchmarks.labels.methods import METHODS, Labelled, Method, methods_named
from benchmarks.labels.outcomes import Outcomes
from benchmarks.labels.report import write_report
from benchmarks.labels.rulers import (
    CHIPS,
    PICTURES,
    REPORTING,
    SIMULATOR,
    Extent,
    Ruler,
    rulers_named,
)
from benchmarks.labels.score import (
    Subject,
    by_patches,
    by_truth,
    by_water,
    calibration_error,
    confusion,
    measures_of,
)
from benchmarks.labels.sheets import write_sheets
from benchmarks.labels.tables import disagreement, table_of
from tests.fabricate import scene

TRUTH = np.array([[0, 0, 1, 2, 3, 3, 255, 255]], np.uint8)


def subject(truth=TRUTH, kind="haze", **known):
    rgb = np.zeros((*truth.shape, 3), np.uint8)
    return Subject(kind, scene("world", rgb), truth, **known)


def labelled(*codes, confidence=None):
    percent = None if confidence is None else np.array([confidence], np.uint8)
    return Labelled(np.array([codes], np.uint8), percent)


def rows(*codes, confidence=None):
    return pd.DataFrame(by_truth(subject(), labelled(*codes, confidence=confidence)))


def method(name, *codes, made_by="1", seen=None):
    def label(scene):
        if seen is not None:
            seen.append(scene.scene_id)
        return labelled(*codes)

    return Method(name, made_by, label)


def ruler(name=REPORTING, extent="test", judge=by_truth, **subjects):
    draws = {key: lambda value=value: value for key, value in subjects.items()}
    return Ruler(name, extent, draws, judge)


def test_no_class_is_wrong_where_there_is_one_and_a_class_where_there_is_none():
    one = rows(0, 255, 1, 1, 255, 2, 0, 255)
    assert confusion(one).tolist() == [
        [1, 0, 0, 1],
        [0, 1, 0, 0],
        [0, 1, 0, 0],
        [0, 0, 1, 1],
    ]
    measures = measures_of(one)
    assert measures["accuracy"] == pytest.approx(3 / 6)
    assert measures["mean_recall"] == pytest.approx((0.5 + 1 + 0) / 3)
    assert measures["no_class_found"] == measures["thick_lost"] == 0.5


def test_a_class_that_no_scene_shows_does_not_count_in_the_mean_recall():
    truth = np.full((1, 8), 2, np.uint8)
    water = subject(truth, "all water")
    measures = measures_of(pd.DataFrame(by_truth(water, labelled(*[2] * 6, 0, 0))))
    assert measures["mean_recall"] == measures["accuracy"] == 0.75
    assert np.isnan(measures["no_class_found"])


def test_the_calibration_error_is_the_distance_of_confidence_and_share_right():
    sure = [90] * 6 + [255, 255]
    assert calibration_error(rows(0, 0, 1, 2, 3, 3, 0, 0, confidence=sure)) == (
        pytest.approx(0.1)
    )
    assert calibration_error(rows(1, 1, 0, 0, 3, 3, 0, 0, confidence=sure)) == (
        pytest.approx(0.9 - 2 / 6)
    )
    untold = [255, 255, *sure[2:]]
    assert calibration_error(rows(1, 1, 1, 2, 3, 3, 0, 0, confidence=untold)) == (
        pytest.approx(0.1)
    )
    assert np.isnan(measures_of(rows(*[0] * 8))["calibration_error"])


def test_patches_count_alike_and_what_is_right_depends_on_their_group():
    codes = np.zeros((40, 40), np.uint8)
    codes[:, 20:], codes[30:] = 1, 255
    picture = Subject(
        "picture",
        scene("picture", np.zeros((40, 40, 3), np.uint8)),
        patches={"thick": [(5, 5, 1), (25, 5, 4)], "ice": [(20, 5, 3)]}
        | {"pond": [(25, 5, 2)], "land": [(0, 39, 3)], "surf": [(5, 5, 2)]},
    )
    found = {row["group"]: row for row in by_patches(picture, Labelled(codes))}
    assert found["thick"]["right"] == found["thick"]["thin_ice"] == 0.5
    assert [found[g]["right"] for g in ("ice", "pond", "land", "surf")] == [1, 1, 1, 0]


def test_dark_water_that_is_called_ice_is_counted():
    water = np.array([[True] * 4 + [False] * 4])
    chip = subject(dark_water_mask=water)
    (row,) = by_water(chip, labelled(0, 1, 2, 255, 0, 0, 0, 255))
    assert (row["dark water"], row["dark water as ice"]) == (4, 2)
    assert (row["observed"], row["without class"]) == (8, 2)


def test_what_has_an_outcome_is_not_mapped_again_unless_its_maker_changed(tmp_path):
    seen = []
    outcomes, one = Outcomes(tmp_path), ruler(a=subject(), b=subject())
    for made_by in "112":
        outcomes.make(one, [method("polar", *[0] * 8, made_by=made_by, seen=seen)])
    assert len(seen) == 4
    assert len(outcomes.rows(one, "polar")) == 2
    more = ruler(a=subject(), b=subject(), c=subject())
    with pytest.raises(SystemExit, match=r"'polar' .* got none of 1 of 3"):
        outcomes.methods_of(more)
    outcomes.make(more, [method("polar", *[0] * 8, made_by="2", seen=seen)])
    assert len(seen) == 5
    assert outcomes.map_of(more, "polar", "c").tolist() == [[0] * 8]


def made(tmp_path):
    """Outcomes of two methods on a ruler of two kinds."""
    outcomes = Outcomes(tmp_path / "work")
    one = ruler(a=subject(), b=subject(kind="clear"))
    right, wrong = [0, 0, 1, 2, 255, 255, 255, 255], [1] * 8
    outcomes.make(one, [method("brightness", *wrong), method("polar", *right)])
    return outcomes, one


def test_the_table_names_the_worst_kind_and_scene_and_its_commands(tmp_path):
    outcomes, one = made(tmp_path)
    table = table_of(outcomes, [one]).set_index(["method", "kind", "measure"])
    assert table.loc[("polar", "all", "accuracy"), "value"] == 1.0
    assert table.loc[("brightness", "clear", "accuracy"), "value"] == 1 / 6
    worst = table.loc[("brightness", "all", "worst_kind")]
    assert (worst["value"], worst["where"]) == (1 / 6, "haze")
    extent = Extent("test", 1, 96)
    write_report(table_of(outcomes, [one]), extent, tmp_path / "docs")
    page = (tmp_path / "docs" / "scores.md").read_text()
    assert page.index("## Reporting worlds") < page.index("| polar | 1.000 |")
    command = '--rulers "reporting worlds" --methods brightness polar --worlds 1 --size'
    assert page.count(command) == 2
    assert len(pd.read_csv(tmp_path / "docs" / "scores.csv")) == len(table)


def test_the_old_simulator_is_never_quoted_alone(tmp_path):
    outcomes, one = Outcomes(tmp_path), ruler(SIMULATOR, a=subject())
    outcomes.make(one, [method("brightness", *[0] * 8)])
    with pytest.raises(SystemExit, match="expected scores of the reporting worlds"):
        write_report(table_of(outcomes, [one]), Extent(), tmp_path)


def test_methods_disagree_where_their_maps_differ_not_where_both_are_silent(tmp_path):
    one = ruler(CHIPS, judge=by_water, a=subject())
    outcomes = Outcomes(tmp_path)
    outcomes.make(
        one,
        [
            method("brightness", 0, 0, 1, 1, 255, 255, 255, 255),
            method("polar", 0, 1, 1, 255, 255, 255, 255, 255),
        ],
    )
    assert disagreement(outcomes, one, "brightness", "polar") == {"a": 0.5}
    table = table_of(outcomes, [one])
    write_report(table, Extent(), tmp_path)
    page = (tmp_path / "scores.md").read_text()
    assert "| polar | 0.625 | 0.500 | – |" in page


def test_the_worst_scenes_are_drawn_with_each_map_and_what_is_known(tmp_path):
    outcomes, one = made(tmp_path)
    write_sheets(outcomes, one, tmp_path / "sheets", count=1, panel_px=64)
    (file,) = (tmp_path / "sheets").iterdir()
    assert file.name.startswith("reporting_worlds_1_")
    assert cv2.imread(str(file)).shape == (18 + 8, 4 * 64, 3)


def test_real_pictures_are_read_with_their_patches_also_grey_ones(tmp_path):
    folder = tmp_path / "real"
    folder.mkdir()
    cv2.imwrite(str(folder / "grey.png"), np.full((40, 50), 90, np.uint8))
    spec = {"file": "grey.png", "thick": [[5, 6, 2]]}
    (folder / "patches.json").write_text(json.dumps({"_about": "", "one": spec}))
    (one,) = rulers_named([PICTURES], Extent(), tmp_path)
    read = one.subjects["one"]()
    assert read.scene.rgb.shape == (40, 50, 3)
    assert read.patches == {"thick": [[5, 6, 2]]}
    assert rulers_named([PICTURES], Extent(), tmp_path / "nowhere") == []


def test_the_old_simulator_is_the_same_scenes_as_before(tmp_path):
    (one,) = rulers_named([SIMULATOR], Extent("development", 1, 72), tmp_path)
    clear = dict(scenes_of(condition_named("haze"), "development", 96))
    drawn = one.subjects["haze, pack 102"]()
    assert drawn.kind == "haze"
    assert np.array_equal(drawn.scene.rgb, clear["pack 102"].scene.rgb)
    assert len(one.subjects) == sum(2 * len(c.geometries) for c in CONDITIONS)


def test_methods_that_need_a_network_are_left_out_without_one(capsys):
    made = methods_named(["published", "trained"], None)
    assert [one.name for one in made] == ["published"]
    assert "trained: skipped; name one with --network" in capsys.readouterr().out
    picture = scene("dark", np.zeros((32, 32, 3), np.uint8))
    assert set(np.unique(made[0].label(picture).codes)) == {2}
    assert METHODS[-1] == "polar"


def test_development_and_test_seeds_share_no_scene():
    for seeds in (SEEDS, rulers_module.REPORTING_SEEDS, rulers_module.TRAINING_SEEDS):
        assert seeds["development"] != seeds["test"]
    assert not set(SEEDS["development"]) & set(SEEDS["test"])


def test_the_same_seed_has_the_same_ice_under_every_sky():
    clear, _, _, both = (next(scenes_of(c, "development", 96)) for c in CONDITIONS[:4])
    assert np.array_equal(clear[1].truth.codes, both[1].truth.codes)
    assert not np.array_equal(clear[1].scene.rgb, both[1].scene.rgb)
