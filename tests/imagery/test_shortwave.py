import numpy as np
import pytest

from sea_ice_kedro.imagery.reflectance import Calibration
from sea_ice_kedro.imagery.shortwave import B10, B11


def test_levels_are_of_reflectance_whatever_the_offset():
    numbers = np.array([[0, 1000, 6000, 11_000, 65_535]], np.uint16)
    levels = B11.levels(numbers, Calibration(0.0001, -0.1))
    assert levels.tolist() == [[0, 0, 128, 255, 255]]
    assert B11.levels(numbers, Calibration(0.0001))[0, 2] == 153


def test_cirrus_is_kept_in_finer_steps():
    numbers = np.array([[35, 350, 2000]], np.uint16)
    assert B10.levels(numbers, Calibration(0.0001)).tolist() == [[9, 89, 255]]
    assert B10.level_of(0.035) == 90


@pytest.mark.parametrize(("reflectance", "level"), [(0.0, 0), (0.2, 51), (0.21, 54)])
def test_the_first_level_that_is_as_bright(reflectance, level):
    assert B11.level_of(reflectance) == level


def test_a_reflectance_beyond_white_is_the_last_level():
    assert B11.level_of(3.0) == 255
