from dataclasses import asdict

import numpy as np
import pandas as pd
import pytest

from sea_ice_kedro.datasets.training import WorkFolder
from sea_ice_kedro.engines.base import recipe_of
from sea_ice_kedro.errors import InvalidLabel, InvalidOption, InvalidScene, TooFewScenes
from sea_ice_kedro.imagery.arrays import ClassMap, FilteredScene
from sea_ice_kedro.imagery.chips import ChipFacts, ChipOptions
from sea_ice_kedro.imagery.cloud_filter import FilterOptions
from sea_ice_kedro.imagery.labelling import BrightnessThresholds
from sea_ice_kedro.pipelines.filtering import filtering_by
from sea_ice_kedro.pipelines.modeling.labels import (
    cut_scene,
    split_chips,
    split_corrected_chips,
    split_labelled_chips,
    take_auto_labels,
    take_corrected_labels,
    take_manual_labels,
)
from sea_ice_kedro.pipelines.modeling.nodes import (
    cut_filtered_chips,
    cut_original_chips,
    finished,
    index_chips,
    index_clear_chips,
    index_corrected_chips,
    make_plan,
)
from sea_ice_kedro.training.checkpoints import Checkpoint
from sea_ice_kedro.training.options import (
    TrainingOptions,
    UNetOptions,
    WorkersOptions,
)
from sea_ice_kedro.training.plan import ChipShard, SplitOptions
from tests.fabricate import floes, scene
from tests.partitions import known

CHIPS = ChipOptions(32, 0.5)
INDEX = pd.DataFrame({"scene_id": list("abcd"), "height": 64, "width": 96})
LABELS = dict.fromkeys("abc")
FOLDER = WorkFolder("work", "auto_original")


def facts(row, column, shares=(0.5, 0.3, 0.2), cloud=0.0, kept=True):
    return ChipFacts(row, column, 1.0 if kept else 0.1, cloud, (*shares, 0.0), kept)


def shard(scene_id, **of_first):
    chips = [facts(0, 0, **of_first), facts(0, 32), facts(32, 0, kept=False)]
    return ChipShard(
        f"/{scene_id}", scene_id, 32, tuple(chips), {"images": "original"}, scene_id
    )


def split_table(**splits):
    places = [(0, 0), (0, 32), (32, 0)]
    return pd.DataFrame(
        [(s, r, c, name) for s, name in splits.items() for r, c in places],
        columns=["scene_id", "row", "column", "split"],
    )


def loaders(*shards):
    return {s.scene_id: lambda s=s: s for s in shards}


def planned(table, *shards, split=None, **training):
    options = (
        split or SplitOptions(),
        UNetOptions(),
        TrainingOptions(**training),
        WorkersOptions(),
    )
    return make_plan(table, list(shards), FOLDER, options)


def test_every_chip_of_the_grid_gets_the_split_of_its_scene():
    table = split_chips(INDEX, dict.fromkeys("abcd"), CHIPS, SplitOptions())
    assert len(table) == 4 * 2 * 3
    assert (table.groupby("scene_id")["split"].nunique() == 1).all()
    assert set(table["split"]) == {"train", "validation", "test"}


def test_a_scene_that_could_not_be_labelled_has_no_part_in_a_split():
    table = split_chips(INDEX, dict.fromkeys("abd"), CHIPS, SplitOptions())
    assert set(table["scene_id"]) == set("abd")


def test_a_batch_larger_than_the_split_is_refused_before_chips_are_cut():
    with pytest.raises(TooFewScenes, match=r"at least 1000 chips.*lower the batch"):
        split_chips(
            INDEX,
            dict.fromkeys("abcd"),
            CHIPS,
            SplitOptions(),
            TrainingOptions(batch_size=1000),
            WorkersOptions(),
        )


def test_scenes_without_a_label_are_left_out_and_others_are_cut():
    one = scene("a", floes(64, 96))
    labels = {"a": lambda: ClassMap("a", np.ones((64, 96), np.uint8))}
    filtered = FilteredScene("a", one.rgb, one.valid_mask, quality=None)
    made = cut_original_chips(
        INDEX, {"a": lambda: one}, {"a": lambda: filtered}, labels, CHIPS
    )
    assert list(made) == ["a"]
    described = made["a"]()
    assert described.facts == {"images": "original"}
    assert described.chips.images.shape == (6, 32, 32, 3)


def test_manual_labels_of_earlier_ingestions_are_not_learnt_from():
    index = INDEX.assign(manual_label=[True, False, True, False])
    assert take_manual_labels(index, {"a": 1, "b": 2, "x": 3}) == {"a": 1}
    with pytest.raises(TooFewScenes, match=r"modeling\.variants=auto_original"):
        take_manual_labels(index, {"b": 2})


LABELLED = INDEX.assign(manual_label=[True, True, False, True])


def test_a_label_by_a_person_overrides_the_auto_label_where_it_has_a_class():
    auto = ClassMap("a", np.array([[0, 1, 2]], np.uint8))
    label = ClassMap("a", np.array([[2, 255, 255]], np.uint8))
    labels = take_corrected_labels(
        LABELLED, {"a": lambda: auto, "c": lambda: auto}, {"a": lambda: label}
    )
    assert labels["a"]().codes.tolist() == [[2, 1, 2]]
    assert labels["c"]().codes.tolist() == [[0, 1, 2]]


def test_what_is_scored_on_is_labelled_by_a_person():
    given = LABELLED, dict.fromkeys("abcd"), dict.fromkeys("abd"), CHIPS
    alone = split_labelled_chips(*given, SplitOptions())
    assert set(alone["scene_id"]) == set("abd")
    assert set(alone["split"]) == {"train", "validation", "test"}
    corrected = split_corrected_chips(*given, SplitOptions())
    assert set(corrected.loc[corrected["scene_id"] == "c", "split"]) == {"train"}
    assert len(corrected.merge(alone)) == len(alone)


@pytest.mark.parametrize("make", [split_labelled_chips, split_corrected_chips])
def test_too_few_labelled_scenes_say_how_many_more_and_what_goes_without(make):
    given = LABELLED, dict.fromkeys("abcd"), dict.fromkeys("a"), CHIPS
    with pytest.raises(
        TooFewScenes,
        match=r"at least 3 scenes .* got a; label 2 more .*start=polar.*split\.test=0",
    ):
        make(*given, SplitOptions())
    table = make(*given, SplitOptions(test=0, validation=0))
    assert set(table["split"]) == {"train"}


def test_cloudy_chips_are_learnt_from_where_a_person_has_looked():
    shards = loaders(shard("a", cloud=0.5), shard("c", cloud=0.5))
    table = index_corrected_chips(
        split_table(a="train", c="train"), LABELLED, LABELS, shards, SplitOptions()
    )
    assert table["split"].tolist() == [
        *("train", "train", "dropped"),
        *("unsure", "train", "dropped"),
    ]


def test_auto_labels_are_those_of_the_index():
    assert take_auto_labels(INDEX, {"b": 2, "x": 3}) == {"b": 2}


def test_chips_that_do_not_fit_the_depth_are_refused_before_training():
    odd = ChipShard("/a", "a", 40, (facts(0, 0),), {}, "a")
    table = index_chips(split_table(a="train"), LABELS, loaders(odd))
    with pytest.raises(InvalidOption, match=r"multiple of 32 for .*depth 5, got 40"):
        planned(table, odd, split=SplitOptions(validation=0.0))


def test_shards_of_scenes_without_a_label_are_not_learnt_from():
    table = index_chips(
        split_table(a="train", b="train"), {"b": None}, loaders(shard("a"), shard("b"))
    )
    assert set(table["scene_id"]) == {"b"}


def test_what_was_not_observed_is_black_and_without_label():
    valid_mask = np.ones((32, 32), bool)
    valid_mask[:4] = False
    one = scene("a", floes(32, 32), valid_mask)
    filtered = FilteredScene("a", one.rgb, valid_mask, quality=np.zeros((32, 32), "u1"))
    label = ClassMap("a", np.zeros((32, 32), np.uint8))
    chips = cut_scene(one, filtered, label, options=CHIPS, facts={}).chips
    assert not chips.images[0, :4].any()
    assert (chips.labels[0, :4] == 255).all()
    assert (chips.labels[0, 4:] == 0).all()


def test_a_label_of_another_size_is_refused():
    one = scene("a", floes(32, 32))
    filtered = FilteredScene("a", one.rgb, one.valid_mask)
    label = ClassMap("a", np.zeros((32, 40), np.uint8))
    with pytest.raises(InvalidLabel, match=r"a: expected a label of the scene's size"):
        cut_scene(one, filtered, label, options=CHIPS, facts={})


def test_filtered_chips_say_how_they_were_filtered_and_refuse_another_filter():
    options, limits = FilterOptions(method="none"), BrightnessThresholds(20, 190)
    made_by = {"recipe": recipe_of(filtering_by(options, limits))}
    labels = {"a": lambda: ClassMap("a", np.ones((64, 96), np.uint8))}
    one = scene("a", floes(64, 96))
    filtered = FilteredScene("a", one.rgb, one.valid_mask)
    given = (INDEX, known({"a": made_by}, filtered), labels, CHIPS)
    made = cut_filtered_chips(*given, options, limits)["a"]()
    assert made.facts == {
        "images": "filtered",
        "filter": asdict(options),
        "thresholds": {
            "thin_ice_min": 20,
            "thick_ice_min": 190,
            "source": "scene",
            "limit_step": 0.05,
        },
    }
    with pytest.raises(InvalidScene, match=r"a: expected a scene filtered by the curr"):
        cut_filtered_chips(*given, FilterOptions(), limits)


def test_the_index_holds_dropped_chips_too():
    table = index_chips(split_table(a="train"), LABELS, loaders(shard("a")))
    assert table["split"].tolist() == ["train", "train", "dropped"]
    assert table["thin_ice_fraction"].tolist() == [0.3] * 3
    assert list(table.columns[:4]) == ["scene_id", "row", "column", "valid_fraction"]


def test_cloudy_chips_are_not_learnt_from_by_auto_labels_and_are_scored():
    shards = loaders(shard("a", cloud=0.5), shard("b", cloud=0.5))
    table = index_clear_chips(
        split_table(a="train", b="test"),
        LABELS,
        shards,
        SplitOptions(max_cloud_fraction=0.1),
    )
    assert table["split"].tolist() == [
        "unsure",
        "train",
        "dropped",
        "test",
        "test",
        "dropped",
    ]


def test_a_plan_takes_the_kept_chips_of_each_split():
    shards = shard("a"), shard("b"), shard("c")
    table = index_chips(
        split_table(a="train", b="validation", c="test"), LABELS, loaders(*shards)
    )
    plan = planned(table, *shards)
    assert [(s.filepath, s.count, s.positions) for s in plan.train] == [
        ("/a", 2, (0, 1))
    ]
    assert [s.filepath for s in plan.validation] == ["/b"]
    assert plan.class_fractions == pytest.approx((0.5, 0.3, 0.2, 0))  # and no class


def test_a_class_without_a_pixel_to_learn_from_is_named():
    two = (0.6, 0.0, 0.4)
    shards = (
        ChipShard("/a", "a", 32, (facts(0, 0, two),), {}, "a"),
        ChipShard("/b", "b", 32, (facts(0, 0),), {}, "b"),
    )
    table = index_chips(
        split_table(a="train", b="validation"), LABELS, loaders(*shards)
    )
    with pytest.raises(TooFewScenes, match=r"none of thin ice;.*absent_classes=accept"):
        planned(table, *shards)
    assert planned(table, *shards, absent_classes="accept").class_fractions[1] == 0


def test_an_empty_validation_split_is_an_error_unless_none_is_wanted():
    shards = (shard("a"),)
    table = index_chips(split_table(a="train"), LABELS, loaders(*shards))
    with pytest.raises(
        TooFewScenes, match=r"chips in the split 'validation', got none"
    ):
        planned(table, *shards)
    plan = planned(table, *shards, split=SplitOptions(validation=0.0))
    assert plan.validation == ()


def test_other_chips_or_settings_are_another_plan():
    shards = shard("a"), shard("b")
    table = index_chips(
        split_table(a="train", b="validation"), LABELS, loaders(*shards)
    )
    plan = planned(table, *shards)
    assert planned(table, *shards, patience=9).fingerprint() == plan.fingerprint()
    assert planned(table, *shards, batch_size=9).fingerprint() != plan.fingerprint()
    fewer = index_chips(
        split_table(a="validation", b="train"), LABELS, loaders(*shards)
    )
    assert planned(fewer, *shards).fingerprint() != plan.fingerprint()


def test_the_network_knows_the_filter_of_its_chips():
    described = ChipShard(
        "/a",
        "a",
        32,
        (),
        {
            "images": "filtered",
            "filter": asdict(FilterOptions()),
            "thresholds": {"thin_ice_min": 20, "thick_ice_min": 190},
        },
    )
    shards = shard("a"), shard("b")
    table = index_chips(
        split_table(a="train", b="validation"), LABELS, loaders(*shards)
    )
    state = Checkpoint("x", best=[np.zeros(1)], best_epoch=3)
    card = finished(described, planned(table, *shards), state).card
    assert card.filter == FilterOptions()
    assert card.thresholds == BrightnessThresholds(20, 190)
    assert (card.images, card.best_epoch, card.chip_px) == ("filtered", 3, 32)


def test_land_is_learnt_from_as_little_as_what_was_not_observed():
    land = np.zeros((64, 96), bool)
    land[:, :48] = True
    value = scene(rgb=floes(64, 96)).with_land(land, "coast.gpkg md5:0")
    filtered = FilteredScene("s", value.rgb, value.valid_mask, land=value.land)
    codes = np.where(land, np.uint8(254), np.uint8(1))
    codes[:, 90:] = 254  # by an edited map alone
    cut = cut_scene(
        value, filtered, ClassMap("s", codes), options=CHIPS, facts={"images": "x"}
    ).chips
    assert [fact.valid_fraction for fact in cut.facts] == [0, 0.5, 26 / 32] * 2
    assert set(np.unique(cut.labels)) == {1, 255}
    assert (cut.images[cut.labels == 255].reshape(-1, 3)[:, 0] == 0).sum() > 0
