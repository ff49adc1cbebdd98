from dataclasses import replace

import numpy as np
import pytest

from sea_ice_kedro.imagery.scene_context import CONTEXT_SIZE, context_of, lean_on_limits
from sea_ice_kedro.training.options import UNetOptions
from sea_ice_kedro.training.unet import build_network, with_logits

pytestmark = pytest.mark.train

SMALL = UNetOptions(3, 2, (0.0, 0.0, 0.0, 0.1), network="context")


def pixels(count=2, side=32, seed=0):
    return np.random.default_rng(seed).integers(
        0, 256, (count, side, side, 3), dtype=np.uint8
    )


def contexts(images):
    everywhere = np.ones(images.shape[1:3], bool)
    return np.stack([context_of(image, everywhere) for image in images])


def test_each_pixel_gets_the_chance_of_every_class_and_of_none():
    images = pixels()
    chances = np.asarray(build_network(SMALL)([images, contexts(images)]))
    assert chances.shape == (2, 32, 32, 4)
    np.testing.assert_allclose(chances.sum(-1), 1, atol=1e-5)


def test_the_scene_around_a_window_changes_what_is_seen_in_it():
    model, images = build_network(SMALL), pixels(1)
    dark = np.zeros((1, CONTEXT_SIZE), np.float32)
    bright = np.ones((1, CONTEXT_SIZE), np.float32)
    assert not np.allclose(model([images, dark]), model([images, bright]))


@pytest.mark.slow
@pytest.mark.parametrize(
    "settings",
    [
        {"xla": True},
        {"precision": "mixed_bfloat16"},
        {"precision": "mixed_float16"},
    ],
    ids=str,
)
def test_it_learns_compiled_by_xla_and_in_mixed_precision(tmp_path, settings):
    from sea_ice_kedro.training.launch import train
    from tests.chips import plan

    try:
        state = train(plan(tmp_path, SMALL, epochs=2, **settings))
    finally:
        keras = pytest.importorskip("keras")
        keras.mixed_precision.set_global_policy("float32")
    assert state.history[1]["loss"] < 0.5 * state.history[0]["loss"]


def test_windows_larger_than_the_chips_are_fine():
    images = pixels(1, 64)
    model = build_network(SMALL)
    assert model([images, contexts(images)]).shape == (1, 64, 64, 4)
    logits = with_logits(model)([images, contexts(images)])
    assert logits.shape == (1, 64, 64, 4)


def test_a_file_of_it_serves_its_probabilities_leaning_on_the_scene_s_limits(tmp_path):
    from sea_ice_kedro.training.model_archive import ModelCard
    from sea_ice_kedro.training.model_file import ModelFile, TrainedUNet, save_model

    model, images = build_network(SMALL), pixels()
    card = ModelCard("original", 32, SMALL)
    path = str(tmp_path / "unet.keras")
    save_model(path, TrainedUNet(card, [np.array(v) for v in model.variables]))
    context = contexts(images)[0]
    served = ModelFile(path).predict_in(context)(images)
    both = np.stack([context, context])
    own = np.asarray(model([images, both]))
    wanted = lean_on_limits(own, images, context)
    np.testing.assert_allclose(served, wanted, atol=1e-6)


def test_a_step_learns_from_what_the_map_will_say_at_the_pixels_it_looks_at():
    tf = pytest.importorskip("tensorflow")
    from sea_ice_kedro.training.unet import SampledLogits

    without_dropout = replace(SMALL, dropout=(0.0,) * 4)
    model, images = build_network(without_dropout), pixels(2, 48)
    inputs = tf.constant(images), tf.constant(contexts(images))
    labels = tf.constant(pixels(2, 48, seed=1)[..., 0] % 4)
    everywhere = np.asarray(with_logits(model)(list(inputs)))
    sampled = SampledLogits(model)
    for row, column in ((0, 0), (1, 3), (2, 1), (3, 2)):
        place = [tf.constant(row), tf.constant(column)]
        logits, codes = sampled.at(inputs, labels, place)
        np.testing.assert_allclose(
            logits, everywhere[:, row::4, column::4], atol=1e-5, rtol=1e-5
        )
        np.testing.assert_array_equal(codes, np.asarray(labels)[:, row::4, column::4])
