from dataclasses import replace

import cv2
import numpy as np
import pytest

from benchmarks.published_steps import filter_plainly, label_plainly
from sea_ice_kedro.errors import InvalidOption
from sea_ice_kedro.imagery.arrays import Scene
from sea_ice_kedro.imagery.classes import QualityFlag
from sea_ice_kedro.imagery.cloud_filter import (
    FILTERS,
    FilterOptions,
    PublishedFilter,
    filter_as_published,
    filter_scene,
    otsu_threshold,
)
from sea_ice_kedro.imagery.histogram import histogram_of
from sea_ice_kedro.imagery.labelling import BrightnessThresholds, label_by_brightness
from sea_ice_kedro.imagery.simulate import (
    SimulationOptions,
    sample_scenes,
    simulate_scene,
)

LIMITS = BrightnessThresholds()
SAMPLES = sample_scenes(count=8, size=320, seed=7)


@pytest.mark.parametrize("order", ["rgb", "bgr"])
@pytest.mark.parametrize("sample", SAMPLES, ids=[s[0] for s in SAMPLES])
def test_filtered_scene_equals_the_published_steps_pixel_by_pixel(sample, order):
    _, options, seed = sample
    rgb = simulate_scene(options, seed).scene.rgb
    everywhere = np.ones(rgb.shape[:2], bool)
    ours, _ = filter_as_published(
        rgb, everywhere, PublishedFilter(channel_order=order), LIMITS
    )
    plain = filter_plainly(rgb, order)
    assert np.array_equal(ours, plain)
    assert np.array_equal(
        label_by_brightness(ours, everywhere, BrightnessThresholds()),
        label_plainly(plain),
    )


@pytest.mark.parametrize("seed", range(6))
def test_random_colours_equal_the_published_steps(seed):
    rng = np.random.default_rng(seed)
    low, high = sorted(rng.integers(0, 256, 2))
    rgb = rng.integers(low, high + 1, (61, 67, 3)).astype(np.uint8)
    ours, _ = filter_as_published(
        rgb, np.ones((61, 67), bool), PublishedFilter(), LIMITS
    )
    assert np.array_equal(ours, filter_plainly(rgb))


def test_channel_order_bgr_gives_blue_the_weight_of_red():
    rgb = np.full((64, 64, 3), 200, np.uint8)
    rgb[:32, :, 0] = 255  # reddish: brighter under true weights than under swapped ones
    flat = np.ones((64, 64), bool)
    true, _ = filter_as_published(
        rgb, flat, PublishedFilter(channel_order="rgb"), LIMITS
    )
    swapped, _ = filter_as_published(
        rgb, flat, PublishedFilter(channel_order="bgr"), LIMITS
    )
    assert np.array_equal(swapped, filter_plainly(rgb, "bgr"))
    assert np.array_equal(true, filter_plainly(rgb, "rgb"))


@pytest.mark.parametrize("value", [0, 30, 31, 128, 204, 205, 255])
@pytest.mark.parametrize("shape", [(1, 1), (1, 200), (3, 5), (40, 40)])
def test_one_single_colour_is_filtered_as_published_at_any_size(value, shape):
    rgb = np.full((*shape, 3), value, np.uint8)
    ours, _ = filter_as_published(rgb, np.ones(shape, bool), PublishedFilter(), LIMITS)
    assert np.array_equal(ours, filter_plainly(rgb))


def test_a_scene_without_any_valid_pixel_gives_no_data_only():
    nowhere = np.zeros((30, 30), bool)
    rgb, quality = filter_as_published(
        np.zeros((30, 30, 3), np.uint8), nowhere, PublishedFilter(), LIMITS
    )
    assert not rgb.any()
    assert (quality == QualityFlag.NODATA).all()


def test_what_was_not_observed_does_not_change_what_was():
    _, options, seed = SAMPLES[0]
    rgb = simulate_scene(options, seed).scene.rgb
    valid = np.ones(rgb.shape[:2], bool)
    valid[:60, :60] = False
    black, bright = rgb.copy(), rgb.copy()
    black[~valid], bright[~valid] = 0, 177
    results = [
        filter_as_published(x, valid, PublishedFilter(), LIMITS)
        for x in (black, bright)
    ]
    assert np.array_equal(results[0][0], results[1][0])
    assert np.array_equal(results[0][1], results[1][1])


def test_quality_flags_say_what_the_filter_changed():
    # A snow plain of 230 with a soft shadow (190) and a dark lead (100).
    rgb = np.full((200, 200, 3), 230, np.uint8)
    rgb[50:150, 50:60] = 190
    rgb[50:150, 120:124] = 100
    filtered, quality = filter_as_published(
        rgb, np.ones((200, 200), bool), PublishedFilter(), LIMITS
    )
    assert quality[100, 55] == QualityFlag.SHADOW | QualityFlag.CHANGED
    assert filtered[100, 55].tolist() == [255, 255, 255]
    assert (quality[100, 10], quality[100, 122]) == (0, 0)


def test_thick_ice_that_the_filter_calls_thin_is_flagged_as_cloud():
    # Otsu's threshold falls between snow and a patch that is 49 darker.
    rgb = np.full((200, 200, 3), 255, np.uint8)
    rgb[90:110, 90:110] = 206
    _, quality = filter_as_published(
        rgb, np.ones((200, 200), bool), PublishedFilter(), LIMITS
    )
    assert quality[100, 100] == QualityFlag.THIN_CLOUD | QualityFlag.CHANGED
    assert quality[10, 10] == 0


def labelled(rgb, **limits):
    thresholds = BrightnessThresholds(**limits)
    everywhere = np.ones(rgb.shape[:2], bool)
    filtered, _ = filter_as_published(rgb, everywhere, PublishedFilter(), thresholds)
    return label_by_brightness(filtered, everywhere, thresholds)


@pytest.mark.parametrize(
    ("limits", "codes"),
    [
        ({}, [0, 1, 1, 2]),
        ({"thin_ice_min": 60}, [0, 1, 2, 2]),
        ({"thin_ice_min": 20}, [0, 1, 1, 1]),
        ({"thick_ice_min": 150}, [0, 1, 1, 2]),
        ({"thin_ice_min": 170}, [0, 2, 2, 2]),
    ],
)
def test_moved_limits_move_labels_and_never_swap_classes(limits, codes):
    # A snow plain of 230 with leads of 120, 50 and 25.
    rgb = np.full((200, 200, 3), 230, np.uint8)
    for column, grey in ((60, 120), (100, 50), (140, 25)):
        rgb[:, column : column + 4] = grey
    result = labelled(rgb, **limits)
    assert result[100, [10, 61, 101, 141]].tolist() == codes


def test_otsu_equals_opencv_on_random_histograms():
    rng = np.random.default_rng(1)
    for _ in range(200):
        modes = rng.integers(0, 256, rng.integers(1, 5))
        spread = rng.integers(1, 40)
        grey = np.clip(rng.choice(modes, 3000) + rng.normal(0, spread, 3000), 0, 255)
        grey = grey.astype(np.uint8).reshape(50, 60)
        theirs, _ = cv2.threshold(grey, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
        ours = otsu_threshold(histogram_of(grey, np.ones(grey.shape, bool)))
        assert np.array_equal(grey > ours, grey > theirs)


def test_method_none_leaves_the_scene_alone():
    _, options, seed = SAMPLES[1]
    scene = simulate_scene(options, seed).scene
    filtered = filter_scene(scene, FilterOptions(method="none"), LIMITS)
    assert np.array_equal(filtered.rgb, scene.rgb)
    assert not (filtered.quality & QualityFlag.CHANGED).any()


def test_a_filtered_scene_keeps_id_grid_and_time():
    _, options, seed = SAMPLES[1]
    scene = simulate_scene(options, seed).scene
    filtered = filter_scene(scene, FilterOptions(), LIMITS)
    kept = ("scene_id", "georeference", "acquired", "origin")
    assert all(getattr(filtered, k) == getattr(scene, k) for k in kept)


def test_filtering_does_not_write_into_its_arguments():
    rgb = np.full((50, 50, 3), 99, np.uint8)
    valid = np.ones((50, 50), bool)
    rgb.setflags(write=False)
    valid.setflags(write=False)
    filter_scene(Scene("a", rgb, valid), FilterOptions(), LIMITS)


@pytest.mark.parametrize(
    "settings",
    [
        {"channel_order": "grb"},
        {"window_px": 154},
        {"window_px": 257},
        {"window_px": 1},
        {"dilation_px": 0},
        {"truncation": 0},
    ],
)
def test_impossible_filter_settings_are_refused(settings):
    with pytest.raises(InvalidOption, match=next(iter(settings))):
        FilterOptions(published=settings)


def test_an_unknown_method_is_refused_with_the_known_ones():
    with pytest.raises(InvalidOption, match="none, published, got 'magic'"):
        FilterOptions(method="magic")


@pytest.mark.parametrize("method", ["illumination", "published", "none"])
def test_land_stays_land_and_changes_nothing_of_the_sea(method):
    options = SimulationOptions(height=256, width=256)
    value = simulate_scene(options, 3).scene
    land = np.zeros(value.shape, bool)
    land[:, :90] = True
    filtered = []
    for colour in ((0, 0, 0), (250, 90, 40)):
        rgb = np.where(land[..., None], np.array(colour, np.uint8), value.rgb)
        masked = replace(value, rgb=rgb).with_land(land, "coast.gpkg md5:0")
        filtered.append(
            filter_scene(masked, FilterOptions(method), BrightnessThresholds())
        )
        assert (filtered[-1].rgb[land] == colour).all()
    one, other = filtered
    assert np.array_equal(one.rgb[~land], other.rgb[~land])
    assert np.array_equal(one.flags, other.flags)
    assert (np.array_equal(one.land.mask, land), one.land.source) == (
        True,
        "coast.gpkg md5:0",
    )


def test_no_filter_sees_the_colours_of_land(monkeypatch):
    seen = []

    def look(rgb, valid_mask, settings, limits):
        seen.append(rgb)
        return FILTERS["published"](rgb, valid_mask, PublishedFilter(), limits)

    monkeypatch.setitem(FILTERS, "none", look)
    land = np.zeros((32, 32), bool)
    land[:10] = True
    value = Scene("s", np.full((32, 32, 3), 90, np.uint8), np.ones((32, 32), bool))
    masked = value.with_land(land, "coast.gpkg md5:0")
    filter_scene(masked, FilterOptions("none"), BrightnessThresholds())
    assert (seen[0][land] == 0).all()
    assert (seen[0][~land] == 90).all()
