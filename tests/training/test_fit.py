from dataclasses import replace

import numpy as np
import pytest

from sea_ice_kedro.errors import TrainingFailed
from sea_ice_kedro.training.checkpoints import load_checkpoint
from sea_ice_kedro.training.fit import expect_finite, fit
from sea_ice_kedro.training.launch import OneWorker
from sea_ice_kedro.training.options import AugmentationOptions, UNetOptions
from tests.chips import plan

pytestmark = pytest.mark.train


def train(given):
    return fit(given, OneWorker())


def test_a_network_learns_what_brightness_means(tmp_path):
    state = train(plan(tmp_path, epochs=20))
    assert state.history[0]["validation_accuracy"] < 0.8
    assert state.history[-1]["validation_accuracy"] > 0.95
    assert (
        state.history[-1]["validation_loss"] < state.history[0]["validation_loss"] / 4
    )


def test_the_history_says_how_every_epoch_went(tmp_path):
    first, second = train(plan(tmp_path, learning_rate=0.003)).history
    assert list(first) == [
        "epoch",
        "loss",
        "accuracy",
        "validation_loss",
        "validation_accuracy",
        "learning_rate",
        "seconds",
        "images_per_s",
    ]
    assert (first["epoch"], second["epoch"]) == (1, 2)
    assert first["learning_rate"] == 0.003
    assert second["images_per_s"] == pytest.approx(20 / second["seconds"])


def test_a_stopped_training_ends_as_one_that_was_not_stopped(tmp_path):
    unet = UNetOptions(1, 4, (0.3, 0.3), network="published")
    seen = AugmentationOptions(flip_rotate=True, cloud_share=0.5)
    settings = {"unet": unet, "augmentation": seen}
    (tmp_path / "stopped").mkdir()
    train(plan(tmp_path / "stopped", epochs=2, **settings))
    stopped = train(plan(tmp_path / "stopped", epochs=4, **settings))
    (tmp_path / "whole").mkdir()
    whole = train(plan(tmp_path / "whole", epochs=4, **settings))
    assert [r["loss"] for r in stopped.history] == [r["loss"] for r in whole.history]
    for a, b in zip(stopped.model, whole.model, strict=True):
        np.testing.assert_array_equal(a, b)


def test_other_settings_start_from_the_beginning(tmp_path):
    train(plan(tmp_path, epochs=2))
    state = train(plan(tmp_path, epochs=1, learning_rate=0.005))
    assert len(state.history) == 1


def test_a_loss_that_is_no_number_stops_and_names_epoch_and_batch(tmp_path):
    given = plan(tmp_path, epochs=3)
    train(replace(given, options=replace(given.options, epochs=1)))
    object.__setattr__(given.options, "learning_rate", 1e30)
    object.__setattr__(given, "fingerprint", plan(tmp_path, epochs=3).fingerprint)
    with pytest.raises(TrainingFailed, match=r"tiny: .* in epoch 2, batch \d+; lower"):
        train(given)
    kept = load_checkpoint(given.checkpoint, plan(tmp_path).fingerprint())
    assert kept.epoch == 1


def test_an_epoch_that_ends_in_no_numbers_is_never_taken_for_the_best(tmp_path):
    record = {"epoch": 3.0, "validation_loss": float("nan")}
    with pytest.raises(TrainingFailed, match=r"tiny: .* got nan after epoch 3; lower"):
        expect_finite("tiny", record, 12)
    expect_finite("tiny", record, 0)  # without validation there is no such loss


def test_training_stops_when_validation_no_longer_improves(tmp_path):
    given = plan(tmp_path, epochs=50, patience=2, learning_rate=1.0)
    state = train(given)
    assert state.epoch == state.best_epoch + 2 < 50


def test_the_weights_of_the_last_epochs_can_be_averaged(tmp_path):
    given = plan(tmp_path, epochs=3, averaged_epochs=2, cosine_decay=False)
    state = train(given)
    two = plan(tmp_path, epochs=2, cosine_decay=False)
    second = train(replace(two, folder=str(tmp_path / "another")))
    for kept, last, before in zip(state.best, state.model, second.model, strict=True):
        if kept.dtype == np.float32:
            np.testing.assert_allclose(kept, (last + before) / 2, rtol=0, atol=1e-6)
    assert state.best_epoch == 3


def test_without_validation_the_last_epoch_is_taken(tmp_path):
    state = train(replace(plan(tmp_path), validation=()))
    assert state.best_epoch == 2
    assert np.isnan(state.history[-1]["validation_loss"])


@pytest.mark.parametrize("precision", ["mixed_bfloat16", "mixed_float16"])
def test_a_network_learns_in_mixed_precision(tmp_path, precision):
    state = train(plan(tmp_path, epochs=3, precision=precision))
    losses = [record["loss"] for record in state.history]
    assert losses[-1] < losses[0]
    assert {w.dtype for w in state.best} <= {np.dtype("float32"), np.dtype("uint32")}


def test_a_network_learns_compiled_by_xla(tmp_path):
    state = train(plan(tmp_path, epochs=2, xla=True))
    assert state.history[1]["loss"] < state.history[0]["loss"]


def test_balanced_classes_change_what_is_learnt(tmp_path):
    plain = train(plan(tmp_path, epochs=1))
    balanced = train(plan(tmp_path, epochs=1, class_weights="balanced"))
    assert plain.history[0]["loss"] != balanced.history[0]["loss"]


def test_training_may_go_on_from_a_network_that_is_there(tmp_path):
    from sea_ice_kedro.training.fit import starting_model
    from sea_ice_kedro.training.model_archive import ModelCard
    from sea_ice_kedro.training.model_file import TrainedUNet, save_model

    given = plan(tmp_path, epochs=1)
    state = train(given)
    path = str(tmp_path / "unet.keras")
    card = ModelCard("original", given.chip_px, given.unet)
    save_model(path, TrainedUNet(card, state.best))
    again = replace(given, options=replace(given.options, start=path))
    for ours, theirs in zip(
        starting_model(again).get_weights(), state.best, strict=True
    ):
        np.testing.assert_array_equal(ours, theirs)
