from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from sea_ice_kedro.errors import InvalidOption
from sea_ice_kedro.imagery.cloud_filter import FilterOptions, filter_scene
from sea_ice_kedro.imagery.labelling import BrightnessThresholds, label_scene
from sea_ice_kedro.imagery.simulate import PRESETS, simulate_scene
from sea_ice_kedro.reporting.grid_check import (
    BANDS,
    GridCheckOptions,
    count_differences,
    differences,
    label_on_two_grids,
    windows,
)
from tests.fabricate import scene

OPTIONS = GridCheckOptions(chip_px=128)


@cache
def labelled():
    options = replace(PRESETS["pack"], height=300, width=420)
    made = simulate_scene(options, seed=4)
    thresholds = BrightnessThresholds()
    return label_on_two_grids(made.scene, OPTIONS, FilterOptions(), thresholds)


@pytest.mark.parametrize("offset", [0, 1, 64, 127])
def test_chips_cover_every_pixel_once(offset):
    times = np.zeros((300, 420), int)
    for window in windows((300, 420), 128, offset):
        times[window] += 1
    assert (times == 1).all()


def test_published_labels_depend_on_the_grid_and_own_ones_do_not():
    published, own = differences(labelled())
    assert published.mean() > 0.005
    assert own.sum() == 0
    assert count_differences(labelled()) == {
        "pixels": 300 * 420,
        "published": int(published.sum()),
        "own": 0,
    }


def test_own_labels_are_those_of_a_run():
    thresholds = BrightnessThresholds()
    filtered = filter_scene(labelled(), FilterOptions(), thresholds)
    expected = label_scene(filtered, thresholds).codes
    assert np.array_equal(labelled().extra_bands["own"], expected)


def test_the_first_chip_is_labelled_as_if_it_were_the_scene():
    whole, published = labelled(), BrightnessThresholds(source="published")
    corner = scene(rgb=whole.rgb[:128, :128])
    filtered = filter_scene(corner, FilterOptions(method="published"), published)
    expected = label_scene(filtered, published).codes
    assert np.array_equal(whole.extra_bands["published"][:128, :128], expected)
    assert tuple(whole.extra_bands) == BANDS


@pytest.mark.parametrize("settings", [{"chip_px": 8}, {"panel_px": 0}])
def test_impossible_settings_are_refused(settings):
    with pytest.raises(InvalidOption, match=next(iter(settings))):
        GridCheckOptions(**settings)
