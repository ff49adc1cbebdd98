import numpy as np
import pytest

from sea_ice_kedro.errors import InvalidOption
from sea_ice_kedro.training.ring_all_reduce import (
    RingAllReduce,
    TrainingModel,
    fit_ring,
)

RING = RingAllReduce(seconds_a_byte=1e-9, latency_s=1e-3)


@pytest.mark.parametrize(
    ("workers", "seconds"),
    # 2 (n - 1) / n of 8 MB at 1 GB/s, and 2 (n - 1) messages of a millisecond
    [(1, 0.0), (2, 0.008 + 0.002), (4, 0.012 + 0.006), (8, 0.014 + 0.014)],
)
def test_an_all_reduce_costs_bytes_and_messages(workers, seconds):
    assert RING.seconds(workers, 8e6) == pytest.approx(seconds)


def test_a_step_is_computing_and_then_averaging():
    model = TrainingModel(0.1, 8e6, batch_size=4, ring=RING)
    assert model.step_s(1) == 0.1
    assert model.step_s(2) == pytest.approx(0.11)
    assert model.images_per_s(2) == pytest.approx(8 / 0.11)
    assert model.speedup(2) == pytest.approx(2 / 1.1)
    assert model.speedup(1) == 1.0


def samples_of(ring, workers=(2, 4, 8), sizes=(4e3, 1e6, 3e7)):
    return [(n, size, ring.seconds(n, size)) for n in workers for size in sizes]


@pytest.mark.parametrize("relative", [True, False])
def test_a_ring_is_found_again_from_its_own_times(relative):
    found = fit_ring(samples_of(RING), relative=relative)
    assert found.seconds_a_byte == pytest.approx(1e-9)
    assert found.latency_s == pytest.approx(1e-3)


def test_noise_of_a_tenth_moves_bandwidth_and_latency_by_no_more():
    random = np.random.default_rng(0)
    noisy = [(n, b, s * random.uniform(0.9, 1.1)) for n, b, s in samples_of(RING)]
    found = fit_ring(noisy, relative=True)
    assert found.seconds_a_byte == pytest.approx(1e-9, rel=0.1)
    assert found.latency_s == pytest.approx(1e-3, rel=0.1)


def test_neither_bandwidth_nor_latency_is_below_zero():
    # Seconds that grow with the messages faster than with the bytes, and a step down.
    found = fit_ring(
        [(2, 1e6, 0.001), (4, 1e6, 0.004), (8, 1e6, 0.012)], relative=False
    )
    assert found.seconds_a_byte == 0.0
    assert found.latency_s > 0
    falling = fit_ring([(2, 1e3, 2.0), (2, 1e6, 1.0)], relative=False)
    assert falling.seconds_a_byte == 0.0
    assert falling.latency_s == pytest.approx(0.75)


def test_nothing_is_fitted_to_nothing():
    with pytest.raises(InvalidOption, match="to fit a ring to, got none"):
        fit_ring([], relative=True)
