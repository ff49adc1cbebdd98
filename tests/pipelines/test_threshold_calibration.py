import json

import numpy as np
import pandas as pd
import pytest

from sea_ice_kedro.imagery.classes import FigureOptions
from sea_ice_kedro.imagery.labelling import BrightnessThresholds, label_scene
from sea_ice_kedro.pipelines.threshold_calibration import (
    count_scenes,
    draw_proposal,
    propose_limits,
)
from tests.fabricate import floes, scene, write
from tests.runs import from_folder, run_here

THRESHOLDS = BrightnessThresholds()
INDEX = pd.DataFrame({"scene_id": ["a", "b"]})


def label(one):
    return label_scene(one, BrightnessThresholds(source="published"))


@pytest.fixture
def counts():
    scenes = {i: scene(i, floes(96, 96, seed)) for seed, i in enumerate("ab")}
    loaders = {i: (lambda one=one: one) for i, one in scenes.items()}
    return count_scenes(INDEX, loaders, {"a": lambda: label(scenes["a"])})


def test_every_brightness_has_a_row_and_labels_are_counted_where_there_are_some(counts):
    tables = {i: make() for i, make in counts.items()}
    assert tables["a"]["brightness"].tolist() == list(range(256))
    assert tables["a"][["thick_ice", "thin_ice", "open_water"]].sum().sum() == 96 * 96
    assert tables["b"][["thick_ice", "thin_ice", "open_water"]].sum().sum() == 0
    assert tables["b"]["pixels"].sum() == 96 * 96


def test_limits_are_proposed_for_each_scene_and_for_all(counts):
    table = propose_limits(INDEX, counts, THRESHOLDS)
    assert table["scene_id"].tolist() == ["a", "a", "b", "all scenes", "all scenes"]
    assert table["source"].tolist().count("manual labels") == 2
    # Water is 7..17, thin ice 105..115, thick ice 230..240.
    by_labels = table[table["source"] == "manual labels"].iloc[0]
    assert 18 <= by_labels["thin_ice_min"] <= 105
    assert 116 <= by_labels["thick_ice_min"] <= 230


def test_without_scenes_there_is_an_empty_table_with_its_columns():
    table = propose_limits(INDEX, {}, THRESHOLDS)
    assert (len(table), table.columns[-1]) == (0, "source")


def test_the_figure_shows_the_limits_of_all_scenes(counts):
    figure = draw_proposal(
        INDEX, counts, propose_limits(INDEX, counts, THRESHOLDS), FigureOptions()
    )
    assert figure.data[0].name == "all pixels"
    assert len(figure.layout.shapes) == 4
    assert np.nansum(np.array(figure.data[0].y, float)) == pytest.approx(1)


def test_one_command_proposes_limits_for_a_folder(data_root, tmp_path):
    for name in "ab":
        write(tmp_path / "in" / f"{name}.png", floes(96, 96))
    pipelines = ("ingestion", "filtering", "threshold_calibration")
    run_here(*pipelines, **from_folder(tmp_path / "in"))
    folder = data_root / "08_reporting/calibration"
    table = pd.read_csv(folder / "proposed_limits.csv")
    assert table["scene_id"].tolist() == ["a", "b", "all scenes"]
    assert json.loads((folder / "brightness_figure.json").read_text())["data"]
