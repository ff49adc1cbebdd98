import math

import numpy as np
import pandas as pd
import pytest

from sea_ice_kedro.datasets import ParallelPartitionedDataset, SceneDataset
from sea_ice_kedro.datasets.run_state import PartitionsFailed
from sea_ice_kedro.engines import fingerprint_of
from sea_ice_kedro.errors import InvalidOption, MissingInput
from sea_ice_kedro.imagery.classes import FigureOptions
from sea_ice_kedro.imagery.predictions import PredictedMap
from sea_ice_kedro.pipelines.gridding import grid_predictions
from sea_ice_kedro.pipelines.inference import (
    create_pipeline,
    draw_prediction_quicklooks,
    map_ingested,
    predict_scenes,
    summarise_ice,
)
from sea_ice_kedro.pipelines.time_series import follow_predictions
from sea_ice_kedro.reporting.quicklooks import QuicklookOptions
from sea_ice_kedro.training.predict import InferenceOptions
from tests.fabricate import cut, floes, scene
from tests.models import ByBrightness
from tests.partitions import known

INDEX = pd.DataFrame({"scene_id": ["a", "b"]})
OPTIONS = InferenceOptions(overlap_px=8)


@pytest.fixture
def handles(tmp_path):
    """Two stored scenes, as handles."""
    for number, scene_id in enumerate("ab"):
        path = str(tmp_path / "scenes" / f"{scene_id}.tif")
        SceneDataset(filepath=path).save(scene(scene_id, floes(seed=number)))
    return ParallelPartitionedDataset(
        path=str(tmp_path / "scenes"),
        filename_suffix=".tif",
        dataset={"type": "sea_ice_kedro.datasets.SceneDataset", "content": "windows"},
    ).load()


@pytest.fixture
def predictions(tmp_path):
    """The folder of predictions."""
    return ParallelPartitionedDataset(
        path=str(tmp_path / "predictions"),
        filename_suffix=".tif",
        dataset={"type": "sea_ice_kedro.datasets.ClassMapDataset", "confidence": True},
    )


def fingerprint(handles, model=None, options=OPTIONS):
    return fingerprint_of(
        predict_scenes(INDEX, handles, model or ByBrightness(), options)["a"]
    )


def test_every_indexed_scene_is_predicted_and_saved(handles, predictions):
    predictions.save(predict_scenes(INDEX, handles, ByBrightness(), OPTIONS))
    loaded = predictions.load()
    assert list(loaded) == ["a", "b"]
    codes = loaded["b"]().codes
    assert np.array_equal(
        codes, ByBrightness().predict(floes(seed=1)[None]).argmax(axis=-1)[0]
    )


def test_a_second_run_has_nothing_to_do(handles, predictions, tmp_path):
    class Refuses(ByBrightness):
        def predict(self, images):
            raise AssertionError("was asked")

    predictions.save(predict_scenes(INDEX, handles, ByBrightness(), OPTIONS))
    predictions.save(predict_scenes(INDEX, handles, Refuses(), OPTIONS))


def test_a_prediction_is_made_again_when_scene_model_or_options_change(
    handles, tmp_path
):
    first = fingerprint(handles)
    other_model = fingerprint(handles, ByBrightness(content="second"))
    other_options = fingerprint(handles, options=InferenceOptions(overlap_px=16))
    path = str(tmp_path / "scenes" / "a.tif")
    SceneDataset(filepath=path).save(scene("a", floes(seed=7)))
    other_scene = fingerprint(handles)
    assert len({first, other_model, other_options, other_scene}) == 4


def test_a_model_elsewhere_with_the_same_content_changes_nothing(handles):
    here, there = ByBrightness(path="here.keras"), ByBrightness(path="there.keras")
    named = InferenceOptions(overlap_px=8, model="there.keras")
    assert fingerprint(handles, here) == fingerprint(handles, there, named)


def test_a_damaged_scene_costs_no_other_scene_its_prediction(
    handles, predictions, tmp_path
):
    cut(tmp_path / "scenes" / "a.tif", 0.5)
    with pytest.raises(PartitionsFailed, match=r"predictions / a: a\.tif: expected a"):
        predictions.save(predict_scenes(INDEX, handles, ByBrightness(), OPTIONS))
    assert list(predictions.load()) == ["b"]


def test_windows_that_do_not_fit_are_refused_before_anything_is_touched(handles):
    with pytest.raises(InvalidOption, match="window_px to be a multiple of 4"):
        predict_scenes(INDEX, handles, ByBrightness(), InferenceOptions(window_px=66))


def test_a_scene_that_was_not_ingested_fails_when_it_is_needed(handles):
    del handles["b"]
    tasks = predict_scenes(INDEX, handles, ByBrightness(), OPTIONS)
    with pytest.raises(MissingInput, match="expected the ingested raster of scene b"):
        tasks["b"]()


def test_network_statistics_name_areas_confidence_and_the_model():
    facts = {
        "pixels": 1000,
        "pixels_thick_ice": 100,
        "pixels_thin_ice": 300,
        "pixels_open_water": 400,
        "pixel_area_m2": 103.0,
        "mean_confidence": 0.9312,
        "concentration_lower": 0.47,
        "model": "auto_original",
        "model_checksum": "sha256:00",
    }
    (row,) = summarise_ice(INDEX, known({"a": facts})).to_dict("records")
    assert row["sea_ice_concentration"] == 0.5
    assert row["thick_ice_km2"] == pytest.approx(0.0103)
    assert row["mean_confidence"] == 0.9312
    assert row["concentration_lower"] == 0.47
    assert math.isnan(row["concentration_upper"])  # of an earlier version's map
    assert (row["model"], row["model_checksum"]) == ("auto_original", "sha256:00")


def test_a_scene_without_a_valid_pixel_has_no_confidence():
    facts = {"pixels": 9} | {
        f"pixels_{c}": 0 for c in ("thick_ice", "thin_ice", "open_water")
    }
    (row,) = summarise_ice(INDEX, known({"b": facts})).to_dict("records")
    assert math.isnan(row["mean_confidence"])
    assert math.isnan(row["sea_ice_concentration"])


def test_no_prediction_makes_a_table_without_rows_and_all_columns():
    table = summarise_ice(INDEX, known({}))
    assert len(table) == 0
    assert {"scene_id", "thin_ice_km2", "mean_confidence", "model"} <= set(table)


def test_a_quicklook_is_drawn_from_scene_and_prediction():
    codes = np.zeros((48, 64), np.uint8)
    prediction = PredictedMap("a", codes, confidence=codes + 90)
    tasks = draw_prediction_quicklooks(
        INDEX,
        {"a": scene},
        {"a": lambda: prediction},
        QuicklookOptions(64),
        FigureOptions(),
    )
    assert tasks["a"]().shape == (46 + 48 + 64, 760, 3)


def test_inference_keeps_its_scenes_apart_from_those_learnt_from():
    own, shared = create_pipeline(), map_ingested("auto_original.unet_onnx")
    assert own.inputs() == {
        "served_model",
        "params:ingestion",
        "params:inference",
        "params:autolabel.quicklooks",
        "params:figures",
        "params:gridding.grid",
        "params:time_series",
    }
    assert {n for n in own.datasets() if n.startswith("inference.")} == {
        "inference.scene_listing",
        "inference.downloads@raster",
        "inference.downloads@stored",
        "inference.scenes@raster",
        "inference.scenes@windows",
        "inference.scene_index",
    }
    products = {"predictions", "network_statistics#table", "prediction_quicklooks"}
    products |= grid_predictions().all_outputs() | follow_predictions().all_outputs()
    assert products <= own.all_outputs()
    assert shared.all_outputs() == products
    assert {
        "scene_index",
        "scenes@windows",
        "auto_original.unet_onnx",
    } <= shared.inputs()
