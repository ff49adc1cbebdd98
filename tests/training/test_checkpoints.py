import numpy as np
import pytest

from sea_ice_kedro.errors import TrainingFailed
from sea_ice_kedro.training.checkpoints import (
    Checkpoint,
    load_checkpoint,
    save_checkpoint,
)
from tests.fabricate import cut


@pytest.fixture
def checkpoint():
    state = Checkpoint("plan 1")
    state.model, state.optimizer = [np.ones((2, 3), np.float32)], [np.array(7)]
    state.add({"epoch": 1.0, "loss": 0.5}, 0.5, [np.zeros(2)])
    return state


def test_a_checkpoint_comes_back_as_it_was(tmp_path, checkpoint):
    path = str(tmp_path / "checkpoint.npz")
    save_checkpoint(path, checkpoint)
    back = load_checkpoint(path, "plan 1")
    assert (back.history, back.best_epoch, back.best_loss) == (
        [{"epoch": 1.0, "loss": 0.5}],
        1,
        0.5,
    )
    np.testing.assert_array_equal(back.model[0], np.ones((2, 3)))
    assert back.optimizer[0] == 7
    np.testing.assert_array_equal(back.best[0], np.zeros(2))
    assert [p.name for p in tmp_path.iterdir()] == ["checkpoint.npz"]


def test_a_checkpoint_of_another_plan_is_not_used_and_said(
    tmp_path, checkpoint, caplog
):
    path = str(tmp_path / "checkpoint.npz")
    save_checkpoint(path, checkpoint)
    assert load_checkpoint(path, "plan 2").epoch == 0
    assert "set aside the checkpoint of 1 epochs" in caplog.text


def test_without_a_checkpoint_training_starts_from_the_beginning(tmp_path):
    assert load_checkpoint(str(tmp_path / "none.npz"), "plan").epoch == 0


def test_a_damaged_checkpoint_is_named(tmp_path, checkpoint):
    path = tmp_path / "checkpoint.npz"
    save_checkpoint(str(path), checkpoint)
    cut(path, 0.5)
    with pytest.raises(TrainingFailed, match=r"remove .*checkpoint\.npz and train"):
        load_checkpoint(str(path), "plan 1")


def test_the_weights_of_the_lowest_validation_loss_are_kept():
    state = Checkpoint("plan")
    for loss in (0.5, 0.3, 0.4, 0.3):
        state.add({}, loss, [np.array(loss)])
    assert (state.best_epoch, float(state.best[0])) == (2, 0.3)
    assert state.is_stale(2)
    assert not state.is_stale(3)
    assert not state.is_stale(0)


def test_training_is_done_after_its_epochs_or_when_it_is_stale():
    state = Checkpoint("plan")
    assert not state.is_done(2, 1)
    state.add({}, 0.5, [])
    assert not state.is_done(2, 1)
    state.add({}, 0.6, [])
    assert state.is_done(2, 0)
    assert state.is_done(9, 1)
    assert not state.is_done(9, 2)


def test_the_mean_of_the_last_epochs_is_kept_whatever_their_losses(tmp_path):
    state = Checkpoint("plan")
    path = str(tmp_path / "checkpoint.npz")
    for epoch, loss in enumerate((0.1, 0.5, 0.3, 0.4), start=1):
        weights = np.array([epoch, 10 * epoch], np.float32)
        # Whole numbers (of a generator's state) have no mean: the last counts.
        whole = np.array([epoch], np.uint32)
        state.add({"epoch": epoch}, loss, [weights, whole], averaged_from=2)
        save_checkpoint(path, state)
        state = load_checkpoint(path, "plan")
    assert state.best[0].tolist() == [3.0, 30.0]
    assert state.best[0].dtype == np.float32
    assert state.best[1].tolist() == [4]
    assert state.best_epoch == 4
