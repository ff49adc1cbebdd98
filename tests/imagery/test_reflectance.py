import numpy as np
import pytest

from sea_ice_kedro.errors import InvalidOption
from sea_ice_kedro.imagery.reflectance import (
    BrightnessOptions,
    Calibration,
    Rendering,
    rendering_of,
    to_eight_bit,
    to_reflectance,
    to_rgb,
)


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


def test_floating_point_leaves_no_trace_in_a_reflectance():
    stored = np.array([2000, 4000], np.uint16)
    assert to_reflectance(stored, Calibration(0.0001, -0.1)).tolist() == [0.1, 0.3]


def test_numbers_of_any_type_are_the_same_scene():
    numbers = np.random.default_rng(1).integers(0, 12_000, (3, 300, 20))
    rendering = Rendering((Calibration(0.0001, -0.1),) * 3)
    digital = to_rgb(list(numbers.astype(np.uint16)), rendering)
    floats = to_rgb(list(numbers.astype(np.float32)), rendering)
    assert digital.shape == (300, 20, 3)
    assert np.array_equal(digital, floats)


def test_each_band_has_a_calibration_of_its_own():
    calibrations = (Calibration(0.0001), Calibration(0.0002), Calibration(0.0001, 0.1))
    bands = [np.full((1, 1), 4000, np.uint16)] * 3
    assert to_rgb(bands, Rendering(calibrations)).tolist() == [[[102, 204, 128]]]


@pytest.mark.parametrize(
    "calibrations",
    [
        (Calibration(0.0001, -0.1),) * 3,
        (Calibration(0.0001), Calibration(0.0002, 0.25), Calibration(0.5, -3.0)),
        (Calibration(1 / 3, -1 / 7),) * 3,
    ],
)
def test_tags_tell_the_settings_and_can_be_read_back(calibrations):
    rendering = Rendering(calibrations, BrightnessOptions(0.9, 1.8))
    assert rendering_of(rendering.tags()) == rendering


def test_tags_name_each_setting_once_where_the_bands_agree():
    tags = Rendering((Calibration(0.0001, -0.1),) * 3).tags()
    assert tags == {
        "scale": "0.0001",
        "offset": "-0.1",
        "white_reflectance": "1",
        "gamma": "1",
    }
    assert rendering_of({}) is None


@pytest.mark.parametrize(
    ("option", "text"),
    [
        ({"white_reflectance": -1.0}, "white_reflectance > 0, got -1.0"),
        ({"white_reflectance": float("nan")}, "white_reflectance > 0, got nan"),
        ({"gamma": 0.0}, "gamma > 0, got 0.0"),
    ],
)
def test_a_brightness_that_cannot_be_right_is_refused(option, text):
    with pytest.raises(InvalidOption, match=rf"expected ingestion\.brightness\.{text}"):
        BrightnessOptions(**option)
