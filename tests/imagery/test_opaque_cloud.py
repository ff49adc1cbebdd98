from dataclasses import replace

import numpy as np
import pytest

from benchmarks.labels.simulated_shortwave import with_shortwave
from sea_ice_kedro.errors import InvalidOption
from sea_ice_kedro.imagery.classes import QualityFlag
from sea_ice_kedro.imagery.cloud_filter import FilterOptions, filter_scene
from sea_ice_kedro.imagery.labelling import BrightnessThresholds, label_scene
from sea_ice_kedro.imagery.reflectance import (
    BrightnessOptions,
    Calibration,
    Rendering,
)
from sea_ice_kedro.imagery.shortwave import OpaqueCloud, find_opaque_cloud
from sea_ice_kedro.imagery.simulate import PRESETS, simulate_scene
from tests.fabricate import scene

OPTIONS = OpaqueCloud()
LINEAR = Rendering((Calibration(0.0001),) * 3)
LOST = np.uint8(QualityFlag.UNTRUSTWORTHY)


def plain(green, b10=None, b11=None, b12=None, rendering=LINEAR, side=20):
    """One grey all over, reflectance of each band as given."""
    rgb = np.full((side, side, 3), round(green * 255), np.uint8)
    levels = {"b10": (b10, 2550), "b11": (b11, 255), "b12": (b12, 255)}
    beside = {
        name: np.full((side, side), round(value * white), np.uint8)
        for name, (value, white) in levels.items()
        if value is not None
    }
    return scene(rgb=rgb, rendering=rendering, extra_bands=beside)


@pytest.mark.parametrize(
    ("what", "bands", "cloudy"),
    [
        ("fresh snow", {"green": 0.9, "b11": 0.22, "b12": 0.15}, False),
        ("old snow", {"green": 0.8, "b11": 0.05, "b12": 0.04}, False),
        ("young ice", {"green": 0.3, "b11": 0.04, "b12": 0.03}, False),
        ("water", {"green": 0.05, "b11": 0.01, "b12": 0.01}, False),
        ("snow under haze", {"green": 0.9, "b11": 0.3, "b12": 0.2}, False),
        ("water under haze", {"green": 0.35, "b11": 0.18, "b12": 0.14}, False),
        ("cloud of drops", {"green": 0.85, "b11": 0.5, "b12": 0.35}, True),
        ("cloud over water", {"green": 0.6, "b11": 0.4, "b12": 0.3}, True),
        ("one bright band", {"green": 0.6, "b11": 0.4, "b12": 0.05}, False),
        ("high cloud", {"green": 0.9, "b10": 0.06, "b11": 0.2}, True),
        ("thin cirrus", {"green": 0.9, "b10": 0.02, "b11": 0.2}, False),
        ("no B12", {"green": 0.85, "b11": 0.5}, True),
        ("B10 alone", {"green": 0.9, "b10": 0.06}, True),
    ],
)
def test_cloud_is_told_from_ice_snow_and_water(what, bands, cloudy):
    found = find_opaque_cloud(plain(**bands), OPTIONS)
    assert found.all() == found.any() == cloudy, what


def test_the_index_is_of_reflectance_whatever_the_brightness():
    stretched = Rendering((Calibration(0.0001),) * 3, BrightnessOptions(0.5, 2.0))
    # 0.32 of white 0.5, gamma 2: brightness 204 of 255. NDSI 0.0 against 0.42.
    for b11, cloudy in ((0.32, True), (0.26, True), (0.13, False)):
        found = find_opaque_cloud(plain(0.8, b11=b11, rendering=stretched), OPTIONS)
        assert found.all() == cloudy


@pytest.mark.parametrize(
    "made",
    [plain(0.9), plain(0.9, b12=0.5), plain(0.9, b11=0.6, rendering=None)],
    ids=["no band", "B12 alone", "no reflectance"],
)
def test_without_what_tells_cloud_nothing_is_said(made):
    assert find_opaque_cloud(made, OPTIONS) is None


def test_specks_are_no_cloud_and_no_data_is_none_either():
    made = plain(0.9, b11=0.1, b12=0.1, side=60)
    made.extra_bands["b11"][30:33, 30:33] = 150
    made.extra_bands["b12"][30:33, 30:33] = 150
    assert not find_opaque_cloud(made, OPTIONS).any()
    made.extra_bands["b11"][:20], made.extra_bands["b12"][:20] = 150, 150
    valid = np.ones((60, 60), bool)
    valid[:5] = False
    found = find_opaque_cloud(replace(made, valid_mask=valid), OPTIONS)
    assert found[5:20].all()
    assert not found[:5].any()
    assert not found[20:].any()


def cloudy(**sky):
    options = replace(
        PRESETS["pack"],
        height=512,
        width=512,
        thin_cloud_fraction=0.3,
        cloud_opacity=1.0,
        cloud_softness=0.2,
        **sky,
    )
    return simulate_scene(options, seed=4)


def test_thick_cloud_has_no_class_and_takes_no_part_in_the_filter():
    made = cloudy()
    thresholds = BrightnessThresholds()
    opaque, clear = made.thin_cloud > 0.7, made.thin_cloud == 0
    without = filter_scene(made.scene, FilterOptions(), thresholds)
    assert not (without.quality & LOST).any()
    scene_with = with_shortwave(made, "low, of drops", seed=1)
    filtered = filter_scene(scene_with, FilterOptions(), thresholds)
    lost = (filtered.quality & LOST) > 0
    assert lost[opaque].mean() > 0.98
    assert lost[clear].mean() < 0.01
    assert np.array_equal(filtered.rgb[lost], made.scene.rgb[lost])
    class_map = label_scene(filtered, thresholds)
    assert (class_map.codes[lost] == 255).all()
    assert class_map.untrustworthy_pixels == lost.sum()
    # What the cloud hides is no shadow, no haze and no change.
    assert set(np.unique(filtered.quality[lost])) <= {32, 48}


def test_a_clear_scene_with_the_bands_is_the_same_as_without():
    made = simulate_scene(replace(PRESETS["pack"], height=512, width=512), seed=4)
    with_bands = with_shortwave(made, "low, of drops", seed=1)
    first, second = (
        filter_scene(one, FilterOptions(), BrightnessThresholds())
        for one in (made.scene, with_bands)
    )
    assert np.array_equal(first.rgb, second.rgb)
    assert np.array_equal(first.quality, second.quality)


@pytest.mark.parametrize("method", ["published", "none"])
def test_the_other_methods_do_not_look_at_the_bands(method):
    made = cloudy()
    options = FilterOptions(method=method)
    filtered = filter_scene(
        with_shortwave(made, "low, of drops", seed=1), options, BrightnessThresholds()
    )
    assert not (filtered.quality & LOST).any()


@pytest.mark.parametrize(
    "settings",
    [{"ndsi_max": 1.0}, {"swir_min": 0}, {"cirrus_min": 0.5}, {"window_px": 4}],
)
def test_impossible_settings_are_refused(settings):
    with pytest.raises(InvalidOption, match=next(iter(settings))):
        FilterOptions(opaque_cloud=settings)
