import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
from kedro.config import OmegaConfigLoader
from kedro.io import DataCatalog, MemoryDataset
from kedro.runner import SequentialRunner

from sea_ice_kedro.datasets import SceneDataset
from sea_ice_kedro.errors import (
    InvalidModel,
    InvalidScene,
    MissingInput,
    TooFewScenes,
)
from sea_ice_kedro.imagery.arrays import ClassMap
from sea_ice_kedro.imagery.chips import EvaluationOptions
from sea_ice_kedro.imagery.classes import FigureOptions
from sea_ice_kedro.imagery.cloud_filter import FilterOptions, filter_scene
from sea_ice_kedro.imagery.labelling import BrightnessThresholds, label_scene
from sea_ice_kedro.imagery.predictions import PredictedMap
from sea_ice_kedro.pipelines import variants
from sea_ice_kedro.pipelines.evaluation import create_pipeline
from sea_ice_kedro.pipelines.evaluation.nodes import (
    compare_auto_labels,
    draw_samples,
    expect_not_learnt,
    held_out_scenes,
    predict_held_out,
    score_held_out,
    score_thresholds,
    tabulate_scores,
)
from sea_ice_kedro.rasters.stored_scene import StoredScene
from sea_ice_kedro.settings import CONFIG_LOADER_ARGS
from sea_ice_kedro.training.model_archive import ModelCard
from sea_ice_kedro.training.options import UNetOptions
from sea_ice_kedro.training.predict import InferenceOptions
from tests.fabricate import floes, scene
from tests.runs import ROOT, run_here
from tests.score_examples import only

THRESHOLDS = BrightnessThresholds()
OPTIONS = EvaluationOptions(samples=4)
FILTER = FilterOptions(method="none")


@dataclass(frozen=True)
class ThresholdNet:
    """Stands for a network: it says what the thresholds say, and water as thin ice."""

    name: str = "auto_original"

    def fingerprint(self):
        return self.name

    def card(self):
        return ModelCard(
            images=self.name.partition("_")[2],
            chip_px=32,
            unet=UNetOptions(2, 8, (0.0, 0.0, 0.0), network="published"),
            name=self.name,
            filter=FILTER,
            thresholds=THRESHOLDS,
        )

    def predict(self, images):
        bright = images.max(axis=-1)
        thick = (bright >= 205).astype(np.float32)
        return np.stack([thick, 1 - thick, np.zeros_like(thick)], axis=-1)


def split_of(**scenes):
    """A grid of four 32-pixel chips a scene; the splits as "test train test test"."""
    rows = [
        (scene_id, 32 * (n // 2), 32 * (n % 2), split)
        for scene_id, splits in scenes.items()
        for n, split in enumerate(splits.split())
    ]
    return pd.DataFrame(rows, columns=["scene_id", "row", "column", "split"])


ALL, NONE = "test test test test", "train train train validation"


def index_of(**labelled):
    return pd.DataFrame(
        {"scene_id": list(labelled), "manual_label": list(labelled.values())}
    )


INDEX = index_of(a=True, b=False, c=True)
SPLIT = split_of(a=ALL, b="train train test train", c=NONE)
SCENES = {
    i: (lambda i=i, n=n: scene(i, floes(64, 60, seed=n))) for n, i in enumerate("abc")
}
FILTERED = {
    i: (lambda load=load: filter_scene(load(), FILTER, THRESHOLDS))
    for i, load in SCENES.items()
}
CLASS_MAPS = {
    i: (lambda load=load: label_scene(load(), THRESHOLDS)) for i, load in SCENES.items()
}


def all_thin(scene_id="a", shape=(64, 60)):
    """A label by a person who saw nothing but thin ice."""
    return ClassMap(scene_id, np.full(shape, 1, np.uint8))


MANUAL = {"a": all_thin, "c": all_thin}


def predictions(value=1):
    return {
        i: (
            lambda i=i: PredictedMap(
                i, _codes(value), confidence=_codes(90), model_checksum="sha256:n"
            )
        )
        for i in "abc"
    }


def _codes(value):
    return np.full((64, 60), value, np.uint8)


def scored(split=SPLIT, index=INDEX, predicted=None, manual=MANUAL):
    predicted = predictions() if predicted is None else predicted
    return score_held_out(split, index, predicted, CLASS_MAPS, manual, FILTERED)


def baseline(split=SPLIT, index=INDEX):
    return score_thresholds(
        split, index, SCENES, CLASS_MAPS, MANUAL, FILTERED, THRESHOLDS
    )


def test_only_scenes_with_held_out_chips_are_predicted_and_scored():
    assert list(scored()) == ["a", "b"]
    assert list(baseline()) == ["a", "b"]
    table = scored()["b"]()
    assert table[["row", "column"]].to_numpy().tolist() == [[32, 0]]


def test_every_pixel_of_a_held_out_scene_is_scored_once():
    assert scored()["a"]()["valid_pixels"].sum() == 64 * 60


def test_a_scene_is_compared_with_its_manual_label_or_else_with_its_auto_label():
    manual, auto = scored()["a"](), scored()["b"]()
    assert set(manual["reference"]) == {"manual"}
    assert manual["reference_thin_ice_predicted_thin_ice"].sum() == 64 * 60
    assert set(auto["reference"]) == {"auto"}
    of_b = CLASS_MAPS["b"]().codes[32:, :32]
    assert auto["reference_thick_ice_predicted_thin_ice"].sum() == (of_b == 0).sum()


def test_a_label_that_the_index_does_not_know_is_not_used():
    table = scored(index=index_of(a=False, b=False, c=False))["a"]()
    assert set(table["reference"]) == {"auto"}


@pytest.mark.parametrize(
    ("missing", "message"),
    [
        ({"manual": {}}, "the manual label of scene a.*--pipelines ingestion"),
        ({"predicted": {}}, "the prediction of scene a.*--pipelines eval"),
    ],
)
def test_what_is_missing_fails_when_it_is_needed_and_costs_no_other_scene(
    missing, message
):
    tasks = scored(**missing)
    with pytest.raises(MissingInput, match=message):
        tasks["a"]()


def test_labels_by_brightness_are_scored_on_original_and_filtered_scenes():
    table = baseline()["a"]()
    assert table.groupby("images")["valid_pixels"].sum().to_dict() == {
        "filtered": 64 * 60,
        "original": 64 * 60,
    }
    assert table["ssim"].notna().all()


def test_auto_labels_are_not_scored_against_themselves():
    table = baseline()["b"]()
    assert set(table["images"]) == {"original"}
    assert table["ssim"].isna().all()


def test_scores_of_all_methods_are_in_one_table():
    tables = tabulate_scores(SPLIT, INDEX, OPTIONS, baseline(), auto_original=scored())
    scores = tables["evaluation_scores"]
    network = only(scores, method="unet", reference="manual", stratum="all")
    assert (network["labels"], network["images"]) == ("auto", "original")
    assert network["measure"] == "accuracy"
    assert network["overall"] == 1.0
    assert network["model_checksum"] == "sha256:n"
    agreement = only(scores, method="unet", reference="auto", stratum="all")
    assert agreement["measure"] == "agreement"
    assert agreement["pixels"] == 32 * 32
    assert len(scores[scores["method"] == "thresholds"]) == 6
    assert len(tables["confusion_matrices"]) == 9 * len(scores)
    assert len(tables["class_scores"]) == 3 * len(scores)


def test_scenes_that_could_not_be_scored_are_left_out_and_none_at_all_is_an_error():
    one = {"a": scored()["a"]}
    tables = tabulate_scores(SPLIT, INDEX, OPTIONS, one_baseline(), auto_original=one)
    assert set(tables["evaluation_scores"]["reference"]) == {"manual"}
    stale = {"z": scored()["a"]}
    with pytest.raises(MissingInput, match="scores of a held-out scene, got none"):
        tabulate_scores(SPLIT, INDEX, OPTIONS, stale, auto_original=stale)


def one_baseline():
    return {"a": baseline()["a"]}


def test_auto_labels_are_compared_with_manual_labels_by_ssim():
    table = compare_auto_labels(SPLIT, INDEX, baseline(), OPTIONS)
    row = only(table, images="original", stratum="all")
    assert row["chips"] == 4
    assert 0 < row["ssim"] < 1


def test_samples_are_drawn_from_held_out_chips():
    sheet = draw_samples(
        SPLIT,
        INDEX,
        SCENES,
        predictions(2),
        CLASS_MAPS,
        MANUAL,
        scored(),
        ThresholdNet(),
        OPTIONS,
        FigureOptions(),
    )
    assert sheet.shape == (62 + 4 * (26 + 256 + 8) + 44, 3 * 256 + 4 * 16, 3)
    predicted = sheet[62 + 26 + 100, 16 + 544 + 100]
    assert predicted.tolist() == [0, 70, 140]


def test_whole_scenes_are_predicted_by_the_network(tmp_path):
    path = str(tmp_path / "a.tif")
    SceneDataset(filepath=path).save(SCENES["a"]())
    tasks = predict_held_out(
        split_of(a=ALL),
        index_of(a=True),
        split_of(a=ALL),
        {"a": lambda: StoredScene(path)},
        ThresholdNet(),
        InferenceOptions(overlap_px=8),
    )
    codes = np.concatenate([strip.codes for strip in tasks["a"]().strips])
    expected = np.where(CLASS_MAPS["a"]().codes == 0, 0, 1)
    assert np.array_equal(codes, expected)


@pytest.mark.parametrize("learnt", ["train", "validation"])
def test_a_network_is_not_scored_on_what_it_has_learnt_from(learnt):
    then = split_of(a=f"test {learnt} train dropped")
    with pytest.raises(InvalidModel, match=r"got one that has from 1 of 2: the split"):
        expect_not_learnt(split_of(a="test test train test").iloc[:2], then)
    expect_not_learnt(split_of(a="test train train test"), then)


def test_the_size_of_chips_is_that_of_the_grid_they_were_cut_along():
    held_out = held_out_scenes(SPLIT, INDEX)
    assert {w.size for w in held_out["a"].windows} == {32}
    one_chip = pd.DataFrame(
        {"scene_id": ["a"], "row": [0], "column": [0], "split": ["test"]}
    )
    table = scored(one_chip, index_of(a=False))["a"]()
    assert table["valid_pixels"].tolist() == [64 * 60]


def test_a_split_without_held_out_chips_is_refused_with_the_way_out():
    with pytest.raises(TooFewScenes, match=r"'test'.*--pipelines modeling,evaluation"):
        held_out_scenes(split_of(a=NONE), INDEX)


def test_a_split_of_other_scenes_is_refused_with_the_way_out():
    with pytest.raises(MissingInput, match=r"got no b: .*--pipelines modeling,eval"):
        held_out_scenes(SPLIT, index_of(a=True))


def test_a_split_of_another_scene_size_is_refused_with_the_way_out():
    larger = split_of(a=ALL).assign(row=lambda t: t["row"] * 4)
    with pytest.raises(InvalidScene, match=r"64 x 60 pixels, got one at row 128"):
        scored(larger)["a"]()


@pytest.fixture
def wired_for():
    """Wire the pipeline for some variants, and for those of before afterwards."""
    before = [variant.name for variant in variants.chosen()]

    def wire(names):
        variants.choose(names)
        return create_pipeline()

    yield wire
    variants.choose(before)


@pytest.mark.parametrize("names", ["auto_original", "manual_filtered+auto_original"])
def test_each_variant_is_predicted_with_its_own_network(wired_for, names):
    pipeline = wired_for(names)
    networks = {name for name in pipeline.inputs() if name.endswith(".unet_onnx")}
    assert networks == {f"{name}.unet_onnx" for name in names.split("+")}
    (table,) = (n for n in pipeline.nodes if n.name == "tabulate_scores")
    assert [
        name for name in table.inputs if name.endswith("chip_scores#scene_tables")
    ] == [f"{name}.chip_scores#scene_tables" for name in names.split("+")]


@pytest.mark.parametrize(
    ("variant", "images"),
    [("auto_original", "scenes@raster"), ("auto_filtered", "filtered_scenes")],
)
def test_samples_show_what_the_network_was_given(wired_for, variant, images):
    (node,) = (n for n in wired_for(variant).nodes if n.name.endswith("draw_samples"))
    assert node.inputs[2] == images


def test_the_whole_pipeline_makes_every_product(wired_for, data_root):
    run_here()
    pipeline = wired_for("auto_original+auto_filtered")
    loader = OmegaConfigLoader(str(ROOT / "conf"), env="test", **CONFIG_LOADER_ARGS)
    entries = {k: v for k, v in loader["catalog"].items() if not k.startswith("_")}
    catalog = DataCatalog.from_config(entries)
    ids = catalog.load("scene_index")["scene_id"]
    given = {
        "chip_split": split_of(**dict.fromkeys(ids, ALL)).assign(
            row=lambda t: 4 * t["row"], column=lambda t: 4 * t["column"]
        ),
        "auto_original.unet_onnx": ThresholdNet("auto_original"),
        "auto_filtered.unet_onnx": ThresholdNet("auto_filtered"),
        "params:inference": InferenceOptions(),
        "params:evaluation": OPTIONS,
        "params:figures": FigureOptions(),
        "params:autolabel.thresholds": THRESHOLDS,
    }
    for name in ("auto_original.chip_index", "auto_filtered.chip_index"):
        given[name] = given["chip_split"]
    for name, value in given.items():
        catalog[name] = MemoryDataset(value, copy_mode="assign")
    SequentialRunner().run(pipeline, catalog)
    missing = [name for name in pipeline.all_outputs() if not catalog.exists(name)]
    assert missing == []
    assert catalog.load("evaluation.metrics#json")["measure"] == "accuracy"
    table = catalog.load("evaluation.table_iv#table")
    assert table["images"].tolist() == ["original", "filtered"]
    assert not any(math.isnan(value) for value in table["unet_auto"])
