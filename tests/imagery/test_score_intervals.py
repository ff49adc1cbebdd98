import numpy as np
import pytest

from sea_ice_kedro.imagery.classes import SeaIceClass
from sea_ice_kedro.imagery.scores import score_intervals


def matrix(right, wrong):
    return np.array([[right, wrong, 0], [0, 0, 0], [0, 0, 0]])


def test_the_interval_of_a_mean_of_scenes_is_that_of_its_standard_error():
    rng = np.random.default_rng(1)
    right = np.clip(rng.normal(800, 50, 200), 0, 1000).astype(int)
    found = score_intervals([matrix(r, 1000 - r) for r in right], seed=3)
    half = 1.96 * right.std() / 1000 / np.sqrt(len(right))
    expected = right.mean() / 1000 - half, right.mean() / 1000 + half
    assert found.accuracy == pytest.approx(expected, abs=0.1 * half)
    assert found.recall[SeaIceClass.THICK_ICE] == found.accuracy
    assert np.isnan(found.f1[SeaIceClass.OPEN_WATER]).all()


def test_scenes_and_not_pixels_are_drawn():
    found = score_intervals([matrix(10**6, 0), matrix(0, 10**6)], seed=3)
    assert found.accuracy == (0.0, 1.0)


def test_one_scene_has_no_interval():
    assert score_intervals([matrix(1, 1)], seed=3) is None
