from dataclasses import replace

import numpy as np
import pytest

from sea_ice_kedro.datasets import SceneDataset
from sea_ice_kedro.errors import InvalidOption, InvalidScene
from sea_ice_kedro.imagery.chips import ChipOptions, cut_chips
from sea_ice_kedro.imagery.classes import SeaIceClass
from sea_ice_kedro.imagery.cloud_filter import filter_scene
from sea_ice_kedro.imagery.labelling import label_by_brightness
from sea_ice_kedro.imagery.predictions import WindowOptions, blended_strips, reader_of
from sea_ice_kedro.imagery.simulate import SimulationOptions, simulate_scene
from sea_ice_kedro.rasters.stored_scene import SceneInMemory, StoredScene
from sea_ice_kedro.training.model_archive import ModelCard
from sea_ice_kedro.training.options import UNetOptions
from sea_ice_kedro.training.predict import (
    InferenceOptions,
    predict_scene,
    predicting,
    whole,
    windows_for,
)
from tests.fabricate import ROSS_SEA, WHEN, cut, floes, scene
from tests.models import LIMITS, ByBrightness, card


@pytest.fixture
def stored(tmp_path):
    """Store a scene and give its handle."""

    def store(value):
        path = str(tmp_path / "s.tif")
        SceneDataset(filepath=path).save(value)
        return StoredScene(path)

    return store


def codes_and_confidence(prediction):
    strips = list(prediction.strips)
    return (
        np.concatenate([s.codes for s in strips]),
        np.concatenate([s.confidence for s in strips]),
    )


def predicted(handle, model=None, **options):
    model = model or ByBrightness()
    return codes_and_confidence(
        predict_scene(handle, model, InferenceOptions(**options))
    )


def by_thresholds(value):
    return label_by_brightness(value.rgb, value.valid_mask, LIMITS)


@pytest.mark.parametrize("shape", [(1, 1), (20, 30), (32, 32), (300, 90)])
def test_a_scene_of_any_size_is_predicted_on_its_own_grid(stored, shape):
    value = scene(rgb=floes(*shape), georeference=ROSS_SEA, acquired=WHEN)
    prediction = predict_scene(stored(value), ByBrightness(), InferenceOptions())
    assert (prediction.scene_id, prediction.shape) == ("s", shape)
    assert (prediction.georeference, prediction.acquired) == (ROSS_SEA, WHEN)
    codes, confidence = codes_and_confidence(prediction)
    assert np.array_equal(codes, by_thresholds(value))
    assert set(np.unique(confidence)) == {80}


def test_a_prediction_names_its_model_and_that_files_checksum(stored):
    prediction = predict_scene(stored(scene()), ByBrightness(), InferenceOptions())
    assert prediction.facts == {
        "model": "auto_original",
        "model_checksum": "sha256:first",
    }


@pytest.mark.parametrize("images", ["original", "filtered"])
def test_a_scene_in_memory_is_predicted_as_a_stored_one(stored, images):
    options = SimulationOptions(height=100, width=130, nodata_wedge_fraction=0.2)
    value = replace(simulate_scene(options, 1).scene, scene_id="s")
    model = ByBrightness(images)
    there = codes_and_confidence(
        predict_scene(stored(value), model, InferenceOptions())
    )
    here = whole(predict_scene(SceneInMemory(value), model, InferenceOptions()))
    assert np.array_equal(here.codes, there[0])
    assert np.array_equal(here.confidence, there[1])
    assert (here.scene_id, here.georeference) == ("s", value.georeference)
    strips = list(predict_scene(stored(value), model, InferenceOptions()).strips)
    water, ice = np.sum([strip.doubted_pixels for strip in strips], axis=0)
    least, most = here.concentration_range
    shares = [(here.codes == c).sum() for c in SeaIceClass]
    assert (most - least) * sum(shares) == pytest.approx(water + ice)


def test_a_scene_without_an_observed_pixel_is_no_data_all_over(stored, tmp_path):
    nothing = scene(valid_mask=np.zeros((48, 64), bool))
    codes, confidence = predicted(stored(nothing))
    assert set(codes.ravel().tolist()) == {255} == set(confidence.ravel().tolist())


def test_a_network_of_filtered_images_sees_the_scene_filtered_whole(stored):
    options = SimulationOptions(height=128, width=160, thin_cloud_fraction=0.5)
    value = replace(simulate_scene(options, 1).scene, scene_id="s")
    model = ByBrightness("filtered")
    filtered = filter_scene(value, model.card().filter, LIMITS)
    codes, _ = predicted(stored(value), model, overlap_px=8)
    assert np.array_equal(codes, by_thresholds(filtered))
    assert not np.array_equal(codes, by_thresholds(value))


def test_the_filter_that_somebody_chose_for_a_scene_holds_for_networks_too(stored):
    options = SimulationOptions(height=128, width=160, thin_cloud_fraction=0.5)
    value = replace(simulate_scene(options, 1).scene, given_filter="none")
    codes, _ = predicted(stored(value), ByBrightness("filtered"), overlap_px=8)
    assert np.array_equal(codes, by_thresholds(value))


def test_nothing_is_computed_before_strips_are_taken(stored):
    class Refuses(ByBrightness):
        def predict(self, images):
            raise AssertionError("was asked")

    predict_scene(stored(scene()), Refuses(), InferenceOptions())


def test_a_damaged_scene_is_said_to_be_one(stored, tmp_path):
    handle = stored(scene(rgb=floes(600, 600)))
    cut(tmp_path / "s.tif", 0.6)
    with pytest.raises(InvalidScene, match="expected a whole, readable raster"):
        predicted(handle)


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ((1, 1), WindowOptions(256, 64, 8)),
        ((256, 256), WindowOptions(320, 64, 5)),
        ((768, 100), WindowOptions(832, 64, 1)),
        ((769, 100), WindowOptions(464, 64, 2)),
        ((1024, 1024), WindowOptions(576, 64, 1)),
        ((10980, 10980), WindowOptions(800, 64, 1)),
    ],
)
def test_windows_fit_the_scene_and_the_network_by_themselves(shape, expected):
    network = ModelCard(
        "original", 256, UNetOptions(4, 8, (0.0,) * 5, network="published")
    )
    assert windows_for(shape, network, InferenceOptions()) == expected


def test_a_network_that_normalises_by_chip_sees_chips_only():
    network = card(normalisation="paper")
    assert windows_for((500, 500), network, InferenceOptions()) == WindowOptions(
        32, 16, 8
    )


@pytest.mark.parametrize(
    ("normalisation", "window_px", "match"),
    [
        ("tint", 66, "window_px to be a multiple of 4 for .*got 66"),
        ("paper", 64, "window_px to be 32, .*'auto_original', or auto, got 64"),
    ],
)
def test_windows_that_do_not_fit_the_network_are_refused(
    stored, normalisation, window_px, match
):
    model = ByBrightness(normalisation=normalisation)
    with pytest.raises(InvalidOption, match=match):
        predicted(stored(scene()), model, window_px=window_px)


@pytest.mark.parametrize(
    ("setting", "value"),
    [("window_px", 15), ("window_px", "all"), ("overlap_px", -1), ("batch_size", 0)],
)
def test_settings_that_predict_nothing_are_refused(setting, value):
    with pytest.raises(InvalidOption, match=f"inference.{setting}"):
        InferenceOptions(**{setting: value})


PX = 64
SMALL = UNetOptions(2, 8, (0.0, 0.0, 0.0), network="published")


@pytest.fixture(scope="module")
def learnt(tmp_path_factory):
    """A scene and a network, as it is served, that has learnt that very scene."""
    from sea_ice_kedro.training.batches import read_header, write_shard
    from sea_ice_kedro.training.fit import fit
    from sea_ice_kedro.training.launch import OneWorker
    from sea_ice_kedro.training.model_file import ModelFile, TrainedUNet, save_model
    from tests.chips import everything, plan, training_options

    folder = tmp_path_factory.mktemp("learnt")
    value = simulate_scene(SimulationOptions(height=320, width=384), 5).scene
    codes = by_thresholds(value)
    clear = np.zeros(value.shape, np.uint8)
    chips = cut_chips("s", value.rgb, codes, clear, ChipOptions(PX, 0.1))
    path = str(folder / "s.tfrecord")
    write_shard(path, chips, {"images": "original"}, {"fingerprint": "s"})
    selected = everything(read_header(path))
    given = replace(
        plan(folder),
        train=selected,
        validation=selected,
        chip_px=PX,
        unet=SMALL,
        options=training_options(epochs=30, batch_size=3, cosine_decay=True),
    )
    state = fit(given, OneWorker())
    network = ModelCard("original", PX, SMALL, "auto_original")
    model_path = str(folder / "unet.keras")
    save_model(model_path, TrainedUNet(network, state.best))
    return value, ModelFile(model_path)


@pytest.mark.train
@pytest.mark.slow
def test_moving_the_windows_by_half_a_chip_changes_less_than_a_pixel_in_200(learnt):
    value, model = learnt

    def codes(options):
        strips = blended_strips(reader_of(value), model.predict, value.shape, options)
        return np.concatenate([s.codes for s in strips])

    chips = WindowOptions(PX, 16, batch_size=8)
    large = windows_for(value.shape, model.card(), InferenceOptions(overlap_px=16))
    alone = WindowOptions(PX, 0, batch_size=8)
    assert (codes(chips) == by_thresholds(value)).mean() > 0.97
    blended = (codes(chips) == codes(replace(chips, shift_px=PX // 2))).mean()
    assert blended >= 0.995
    assert (codes(chips) == codes(large)).mean() >= 0.995
    # Without an overlap the windows show.
    side_by_side = (codes(alone) == codes(replace(alone, shift_px=PX // 2))).mean()
    assert 1 - side_by_side > 1.5 * (1 - blended)


@pytest.mark.parametrize(
    ("asked", "fits"),
    [("data/06_models/a/unet.keras", True), ("b/unet.keras", False), ("polar", False)],
)
def test_a_relative_model_is_the_one_that_the_catalog_made_absolute(asked, fits):
    served = ByBrightness(path="/home/me/project/data/06_models/a/unet.keras")
    if fits:
        assert predicting(served, InferenceOptions(model=asked))
    else:
        with pytest.raises(InvalidOption, match="is served"):
            predicting(served, InferenceOptions(model=asked))


@pytest.mark.parametrize("images", ["original", "filtered"])
def test_land_is_land_whatever_the_network_sees_there(stored, images):
    land = np.zeros((300, 90), bool)
    land[100:250, 20:70] = True
    value = scene(rgb=floes(300, 90)).with_land(land, "coast.gpkg md5:0")
    handle = stored(value)
    prediction = predict_scene(handle, ByBrightness(images), InferenceOptions())
    assert prediction.land_source == "coast.gpkg md5:0"
    strips = list(prediction.strips)
    codes = np.concatenate([strip.codes for strip in strips])
    confidence = np.concatenate([strip.confidence for strip in strips])
    assert np.array_equal(codes == 254, land)
    assert (confidence[land] == 255).all()
    assert sum(strip.unclassed_pixels for strip in strips) == 0
    here = whole(
        predict_scene(SceneInMemory(value), ByBrightness(images), InferenceOptions())
    )
    assert np.array_equal(here.codes, codes)
    assert here.land_source == "coast.gpkg md5:0"
    assert np.array_equal(handle.load().land.mask, land)
