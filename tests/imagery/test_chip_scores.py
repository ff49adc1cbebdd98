import math

import numpy as np
import pytest

from sea_ice_kedro.errors import InvalidOption, InvalidScene
from sea_ice_kedro.imagery.chips import (
    COUNT_NAMES,
    EvaluationOptions,
    Window,
    chip_windows,
    counts_by_name,
    score_chips,
)
from sea_ice_kedro.imagery.scores import confusion_matrix


def maps(height=70, width=90, seed=0):
    """A reference with gaps, and a prediction that is right four times of five."""
    rng = np.random.default_rng(seed)
    reference = rng.choice([0, 1, 2, 255], (height, width)).astype(np.uint8)
    wrong = rng.integers(0, 3, (height, width)).astype(np.uint8)
    prediction = np.where(rng.random((height, width)) < 0.8, reference, wrong)
    return reference, prediction.astype(np.uint8)


def clear(codes):
    return np.zeros(codes.shape, np.uint8)


@pytest.mark.parametrize("size", [16, 32, 70, 200])
def test_every_pixel_of_a_scene_counts_once_at_any_size_of_chip(size):
    reference, prediction = maps()
    windows = list(chip_windows(reference.shape, size))
    chips = score_chips(reference, prediction, clear(reference), windows)
    total = sum(chip.matrix for chip in chips)
    assert np.array_equal(total, confusion_matrix(reference, prediction))
    assert sum(chip.valid_pixels for chip in chips) == (reference != 255).sum()


def test_only_held_out_chips_count():
    reference, prediction = maps()
    (chip,) = score_chips(reference, prediction, clear(reference), [Window(64, 64, 32)])
    expected = confusion_matrix(reference[64:, 64:], prediction[64:, 64:])
    assert (chip.row, chip.column) == (64, 64)
    assert np.array_equal(chip.matrix, expected)


def test_cloud_and_shadow_are_a_share_of_the_labelled_pixels():
    reference = np.array([[0, 0, 0, 0, 255]], np.uint8)
    #                  changed, cloud, shadow, both, cloud without a label
    quality = np.array([[8, 2 | 8, 4 | 8, 2 | 4, 2]], np.uint8)
    (chip,) = score_chips(reference, reference, quality, [Window(0, 0, 16)])
    assert chip.cloud_fraction == 0.75


def test_a_chip_without_a_label_is_neither_cloudy_nor_right():
    nothing = np.full((8, 8), 255, np.uint8)
    quality = np.full((8, 8), 2, np.uint8)
    (chip,) = score_chips(nothing, nothing, quality, [Window(0, 0, 8)], with_ssim=True)
    assert (chip.valid_pixels, chip.cloud_fraction) == (0, 0.0)
    assert chip.matrix.sum() == 0
    assert math.isnan(chip.ssim)


def test_similarity_is_measured_where_asked_and_where_the_chip_is_large_enough():
    reference, _ = maps(32, 38)
    windows = list(chip_windows(reference.shape, 32))
    with_ssim = score_chips(
        reference, reference, clear(reference), windows, with_ssim=True
    )
    assert with_ssim[0].ssim == 1.0
    assert math.isnan(with_ssim[1].ssim), "6 columns are fewer than SSIM's window"
    without = score_chips(reference, reference, clear(reference), windows)
    assert [math.isnan(chip.ssim) for chip in without] == [True, True]


def test_a_pixel_that_would_count_twice_is_refused():
    reference, prediction = maps()
    windows = [Window(0, 0, 32), Window(16, 0, 32)]
    with pytest.raises(ValueError, match=r"every pixel once, got .*row=16"):
        score_chips(reference, prediction, clear(reference), windows)


@pytest.mark.parametrize("window", [Window(70, 0, 32), Window(0, 90, 32)])
def test_chips_of_another_scene_size_are_refused_with_the_way_out(window):
    reference, prediction = maps()
    with pytest.raises(InvalidScene, match=r"70 x 90 .*--pipelines modeling,eval"):
        score_chips(reference, prediction, clear(reference), [window])


def test_maps_of_different_size_are_refused_with_the_way_out():
    reference, prediction = maps()
    with pytest.raises(InvalidScene, match=r"one size, got \(70, 90\), \(69, 90\)"):
        score_chips(reference, prediction[1:], clear(reference), [])


def test_cells_are_named_by_reference_and_prediction():
    matrix = np.arange(9).reshape(3, 3)
    counts = counts_by_name(matrix)
    assert list(counts) == COUNT_NAMES
    assert counts["reference_thick_ice_predicted_open_water"] == 2
    assert counts["reference_open_water_predicted_thick_ice"] == 6


@pytest.mark.parametrize(
    "settings",
    [
        {"cloudy_min_fraction": 0},
        {"cloudy_min_fraction": 1.1},
        {"samples": 0},
        {"seed": -1},
    ],
)
def test_settings_that_split_or_show_nothing_are_refused(settings):
    (name,) = settings
    with pytest.raises(InvalidOption, match=rf"evaluation\.{name}"):
        EvaluationOptions(**settings)
