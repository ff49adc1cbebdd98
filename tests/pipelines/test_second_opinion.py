import logging

import pandas as pd
import pytest

from sea_ice_kedro.errors import MissingInput
from sea_ice_kedro.imagery.cloud_filter import FilterOptions, filter_scene
from sea_ice_kedro.imagery.labelling import BrightnessThresholds, label_scene
from sea_ice_kedro.imagery.predictions import PredictedMap
from sea_ice_kedro.imagery.second_opinion import SecondOpinionOptions
from sea_ice_kedro.pipelines.inference import (
    compare_opinions,
    map_with_polar,
    summarise_opinions,
)
from tests.fabricate import floes, scene
from tests.models import ByBrightness

LIMITS, OPTIONS = BrightnessThresholds(source="published"), SecondOpinionOptions()


def stored(scene_id, wrong=False):
    """Loaders of a filtered scene, its labels and a network's map of it."""
    taken = scene(scene_id, floes())
    filtered = filter_scene(taken, FilterOptions(method="none"), LIMITS)
    labels = label_scene(filtered, LIMITS)
    codes = ByBrightness().predict(taken.rgb[None]).argmax(axis=-1)[0].astype("uint8")
    codes = (codes + wrong) % 3
    by_network = PredictedMap(scene_id, codes, confidence=codes)
    return tuple(lambda v=v: v for v in (filtered, labels, by_network))


def compared(ids, wrong=()):
    index = pd.DataFrame({"scene_id": list(ids)})
    parts = {i: stored(i, i in wrong) for i in ids}
    folders = ({i: p[n] for i, p in parts.items()} for n in range(3))
    tasks = compare_opinions(index, *folders, OPTIONS)
    return index, tasks


def test_every_scene_has_a_row_and_those_in_doubt_are_warned_of(caplog):
    index, tasks = compared("ab", wrong="b")
    with caplog.at_level(logging.WARNING):
        table = summarise_opinions(index, tasks)
    assert table["scene_id"].tolist() == ["a", "b"]
    assert table["disagreement"].tolist() == [0, 1]
    assert table["doubts"].tolist() == ["", "network and labels disagree on 100 %"]
    assert caplog.messages == [
        "b: network and labels disagree on 100 %; look at its pictures"
    ]


def test_the_log_names_ten_scenes_and_counts_the_others(caplog):
    ids = [f"scene_{number:02d}" for number in range(13)]
    index, tasks = compared(ids, wrong=ids)
    with caplog.at_level(logging.WARNING):
        summarise_opinions(index, tasks)
    assert len(caplog.messages) == 11
    assert caplog.messages[-1].startswith("3 more scenes are in doubt")


def test_a_run_without_scenes_has_a_table_with_its_columns():
    table = summarise_opinions(pd.DataFrame({"scene_id": []}), {})
    assert table.empty
    assert list(table)[::9] == ["scene_id", "doubts"]


def test_a_scene_that_was_not_predicted_fails_and_says_why():
    index = pd.DataFrame({"scene_id": ["a"]})
    filtered, labels, _ = stored("a")
    tasks = compare_opinions(index, {"a": filtered}, {"a": labels}, {}, OPTIONS)
    with pytest.raises(MissingInput, match="expected the prediction of scene a"):
        tasks["a"]()


def test_labels_are_compared_with_the_network_that_ships():
    nodes = {node.name: node for node in map_with_polar().nodes}
    inputs = nodes["compare_opinions"].inputs
    assert {"class_maps", "polar_predictions"} < set(inputs)
    assert nodes["summarise_opinions"].outputs == ["second_opinion#table"]
