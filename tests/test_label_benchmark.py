from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from benchmarks.labels.conditions import CONDITIONS, SEEDS, condition_named, scenes_of
from benchmarks.labels.report import below_baselines, draw_scores, write_report
from benchmarks.labels.score import (
    Outcome,
    confusion,
    joined,
    recalls,
    table_of,
    unions,
)
from benchmarks.labels.training_scenes import training_scenes


def test_a_pixel_without_a_label_counts_as_not_found():
    truth = np.array([[0, 0, 1, 2, 255]], np.uint8)
    codes = np.array([[0, 255, 1, 1, 0]], np.uint8)
    counts = confusion(truth, codes)
    assert counts.tolist() == [[1, 0, 0, 1], [0, 1, 0, 0], [0, 1, 0, 0]]
    assert recalls(counts).tolist() == [0.5, 1.0, 0.0]
    assert unions(counts).tolist() == [0.5, 0.5, 0.0]


def test_development_and_test_seeds_share_no_scene():
    assert not set(SEEDS["development"]) & set(SEEDS["test"])


def test_the_same_seed_has_the_same_ice_under_every_sky():
    clear, _, _, both = (next(scenes_of(c, "development", 96)) for c in CONDITIONS[:4])
    assert np.array_equal(clear[1].truth.codes, both[1].truth.codes)
    assert not np.array_equal(clear[1].scene.rgb, both[1].scene.rgb)


def outcome(method, right):
    counts = np.array([[right, 100 - right, 0, 0], [0, 5, 0, 0], [0, 0, 5, 0]])
    return Outcome("haze", "pack 1", method, counts, 0)


def test_the_table_pools_pixels_and_names_where_ours_loses(tmp_path):
    ours = "illumination, scene limits"
    table = table_of([outcome("no filter", 90), outcome(ours, 80)])
    assert table["accuracy"].tolist() == pytest.approx([100 / 110, 90 / 110])
    assert below_baselines(table) == ["haze"]
    write_report(table, "test", 96, tmp_path)
    assert "| haze | no filter | 0.9091 |" in (tmp_path / "scores.md").read_text()
    assert len(pd.read_csv(tmp_path / "scores.csv")) == 2


def test_what_was_scored_apart_stands_in_the_same_table():
    ours = table_of([outcome("no filter", 90), outcome("published", 70)])
    network = table_of([outcome("U-Net", 80)])
    first = table_of([replace(outcome("U-Net", 60), condition="clear")])
    table = joined([ours, network, table_of([]), first])
    assert table["condition"].tolist() == ["clear", "haze", "haze", "haze"]
    assert table["method"].tolist() == ["U-Net", "no filter", "published", "U-Net"]
    assert [trace.name for trace in draw_scores(table).data] == [
        "U-Net",
        "no filter",
        "published",
    ]
    with pytest.raises(SystemExit, match="'U-Net' under 'haze' twice"):
        joined([network, network])


def test_a_network_learns_from_clear_scenes_of_other_seeds():
    scenes = dict(training_scenes(4, 96))
    assert len(scenes) == 24
    condition = condition_named("clear")
    for seeds in SEEDS:
        for _, made in scenes_of(condition, seeds, 96):
            assert all(
                not np.array_equal(made.scene.rgb, rgb) for rgb in scenes.values()
            )
    assert scenes["pack_504"].max() < 170
    assert scenes["pack_501"].max() > 225
