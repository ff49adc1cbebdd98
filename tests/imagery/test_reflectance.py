import numpy as np
import pytest

from sea_ice_kedro.imagery.reflectance import to_eight_bit


@pytest.mark.parametrize(
    ("reflectance", "level"),
    [(0.0, 0), (-0.05, 0), (0.12, 31), (0.8, 204), (1.0, 255), (1.4, 255)],
)
def test_white_one_fits_the_published_limits(reflectance, level):
    assert to_eight_bit(np.array([reflectance]), 1.0, 1.0).tolist() == [level]


def test_white_and_gamma_stretch():
    assert to_eight_bit(np.array([0.25]), 0.5, 1.0).tolist() == [128]
    assert to_eight_bit(np.array([0.25]), 1.0, 2.0).tolist() == [128]


def test_nan_becomes_zero():
    assert to_eight_bit(np.array([np.nan]), 1.0, 1.0).tolist() == [0]
