import numpy as np
import pytest

from sea_ice_kedro.imagery.arrays import Acquisition, Origin
from sea_ice_kedro.imagery.raw_scenes import RawScene, observed_numbers, render
from sea_ice_kedro.imagery.reflectance import BrightnessOptions, Calibration

HARMONIZED = (Calibration(0.0001),) * 3
OFFSET = (Calibration(0.0001, -0.1),) * 3


def raw(numbers, valid_mask=None, calibrations=HARMONIZED, **facts):
    numbers = np.asarray(numbers, np.uint16)
    valid = np.ones(numbers.shape[1:], bool) if valid_mask is None else valid_mask
    origin = Origin("safe", "p.SAFE", "md5:0")
    return RawScene("s", numbers, valid, calibrations, origin, Acquisition(), **facts)


def test_every_reflectance_has_one_brightness_however_it_was_stored():
    numbers = np.arange(12_000, dtype=np.uint16).reshape(1, 100, 120).repeat(3, axis=0)
    plain = render(raw(numbers), BrightnessOptions())
    shifted = render(raw(numbers + 1000, calibrations=OFFSET), BrightnessOptions())
    assert np.array_equal(plain.rgb, shifted.rgb)


@pytest.mark.parametrize(
    ("number", "level"),
    # 0.1 * 255 = 25.5 and 0.3 * 255 = 76.5 are halves: to the even neighbour
    [(0, 0), (1000, 26), (1196, 30), (1197, 31), (3000, 76), (8019, 204), (8020, 205)],
)
def test_the_published_limits_fall_between_these_digital_numbers(number, level):
    scene = render(raw(np.full((3, 2, 2), number)), BrightnessOptions())
    assert np.unique(scene.rgb).tolist() == [level]


def test_what_was_not_observed_is_black_whatever_was_stored():
    valid = np.array([[True, False]])
    scene = render(raw(np.full((3, 1, 2), 9000), valid), BrightnessOptions())
    assert scene.rgb[..., 0].tolist() == [[230, 0]]
    assert scene.valid_mask.tolist() == [[True, False]]


def test_saturated_pixels_are_flagged_where_they_were_observed():
    numbers = np.full((3, 1, 3), 5000, np.uint16)
    numbers[2, 0, 1:] = 65_535
    scene = render(raw(numbers, np.array([[True, True, False]])), BrightnessOptions())
    assert scene.extra_bands["saturated"].tolist() == [[0, 1, 0]]
    assert scene.rgb[0, 1].tolist() == [128, 128, 255]


def test_bands_beside_the_scene_are_kept():
    beside = np.array([[7]], np.uint8)
    scene = render(raw([[[5]]] * 3, extra_bands={"qa60": beside}), BrightnessOptions())
    assert {name: band.tolist() for name, band in scene.extra_bands.items()} == {
        "qa60": [[7]]
    }


@pytest.mark.parametrize(
    ("red_green_blue", "calibrations", "observed"),
    [
        ((0, 0, 0), HARMONIZED, False),
        ((0, 35, 90), HARMONIZED, True),  # dark water
        ((0, 0, 1200), HARMONIZED, True),
        ((0, 0, 1201), HARMONIZED, False),  # bands end at different pixels
        ((8000, 0, 8000), HARMONIZED, False),
        ((0, 1035, 1090), OFFSET, False),  # dark water is 1000 there
        ((1, 1, 1), OFFSET, True),
    ],
)
def test_0_in_some_bands_is_dark_water_where_all_are_as_dark(
    red_green_blue, calibrations, observed
):
    numbers = np.array(red_green_blue, np.uint16).reshape(3, 1, 1)
    assert observed_numbers(numbers, calibrations).tolist() == [[observed]]
