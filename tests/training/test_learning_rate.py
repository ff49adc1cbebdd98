import numpy as np
import pytest

from sea_ice_kedro.training.options import TrainingOptions, WorkersOptions
from sea_ice_kedro.training.plan import balanced_weights, learning_rate

STEADY = TrainingOptions(learning_rate=0.1, epochs=10, cosine_decay=False)


def test_one_worker_learns_at_the_configured_rate():
    assert learning_rate(STEADY, WorkersOptions(), 1, 0.0) == 0.1


@pytest.mark.parametrize(("epoch", "rate"), [(0, 0.1), (2, 0.45), (4, 0.8), (9, 0.8)])
def test_eight_workers_warm_up_to_eight_times_the_rate(epoch, rate):
    workers = WorkersOptions(warmup_epochs=4.0)
    assert learning_rate(STEADY, workers, 8, epoch) == pytest.approx(rate)


def test_scaling_and_warm_up_can_be_left_out():
    unscaled = WorkersOptions(scale_learning_rate=False)
    assert learning_rate(STEADY, unscaled, 8, 9) == 0.1
    at_once = WorkersOptions(warmup_epochs=0.0)
    assert learning_rate(STEADY, at_once, 8, 0) == pytest.approx(0.8)


@pytest.mark.parametrize(("epoch", "rate"), [(0, 0.1), (5, 0.0505), (10, 0.001)])
def test_the_rate_decays_to_a_hundredth(epoch, rate):
    decaying = TrainingOptions(learning_rate=0.1, epochs=10, cosine_decay=True)
    assert learning_rate(decaying, WorkersOptions(), 1, epoch) == pytest.approx(rate)


def test_balanced_weights_make_classes_count_alike():
    weights = balanced_weights([0.7, 0.2, 0.1])
    np.testing.assert_allclose(weights * [0.7, 0.2, 0.1], 1 / 3, rtol=1e-6)


def test_a_class_without_pixels_has_no_weight_and_costs_the_others_none():
    np.testing.assert_allclose(balanced_weights([0.75, 0.25, 0.0]), [2 / 3, 2, 0])
