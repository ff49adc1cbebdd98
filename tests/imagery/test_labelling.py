from dataclasses import replace

import numpy as np
import pytest

from benchmarks.published_steps import label_plainly
from sea_ice_kedro.errors import InvalidOption, InvalidScene
from sea_ice_kedro.imagery.arrays import FilteredScene, Scene
from sea_ice_kedro.imagery.cloud_filter import FilterOptions, filter_scene
from sea_ice_kedro.imagery.labelling import (
    BrightnessThresholds,
    Limits,
    label_by_brightness,
    label_scene,
)
from sea_ice_kedro.imagery.simulate import SimulationOptions, simulate_scene


@pytest.mark.parametrize(
    ("value", "code"),
    [(0, 2), (30, 2), (31, 1), (204, 1), (205, 0), (255, 0)],
)
@pytest.mark.parametrize("channel", [0, 1, 2])
def test_published_limits_cut_at_31_and_205_in_any_channel(value, code, channel):
    rgb = np.zeros((1, 1, 3), np.uint8)
    rgb[..., channel] = value
    codes = label_by_brightness(rgb, np.ones((1, 1), bool), BrightnessThresholds())
    assert codes.tolist() == [[code]]


def test_labels_equal_the_published_hsv_ranges_for_all_colours():
    red = np.arange(256, dtype=np.uint8)
    plane = np.stack(np.meshgrid(red, red, indexing="ij"), axis=-1)
    valid = np.ones((256, 256), bool)
    for blue in range(256):
        rgb = np.dstack([plane, np.full((256, 256), blue, np.uint8)])
        codes = label_by_brightness(rgb, valid, BrightnessThresholds())
        assert np.array_equal(codes, label_plainly(rgb))


def test_a_scenes_own_limits_call_water_what_is_dark_in_any_channel():
    rgb = np.array([[[20, 60, 90], [40, 60, 90], [250, 240, 20], [250, 250, 250]]])
    limits = Limits(31, 205, "scene", by_darkest=True)
    codes = label_by_brightness(rgb.astype(np.uint8), np.ones((1, 4), bool), limits)
    assert codes.tolist() == [[2, 1, 2, 0]]


def test_no_data_is_255_whatever_its_colour():
    rgb = np.array([[[0, 0, 0], [255, 255, 255], [100, 0, 0]]], np.uint8)
    valid = np.array([[False, False, True]])
    codes = label_by_brightness(rgb, valid, BrightnessThresholds())
    assert codes.tolist() == [[255, 255, 1]]


def test_limits_can_be_moved():
    rgb = np.array([[[39, 0, 0], [40, 0, 0], [179, 0, 0], [180, 0, 0]]], np.uint8)
    limits = BrightnessThresholds(thin_ice_min=40, thick_ice_min=180)
    codes = label_by_brightness(rgb, np.ones((1, 4), bool), limits)
    assert codes.tolist() == [[2, 1, 1, 0]]


@pytest.mark.parametrize("method", ["illumination", "published", "none"])
def test_a_scene_with_limits_of_yours_is_filtered_and_labelled_by_them(method):
    rgb = np.kron(np.tile(np.arange(30, 230, 25, np.uint8), (8, 1)), np.ones((8, 8)))
    rgb = np.dstack([rgb.astype(np.uint8)] * 3)
    given = Scene("a", rgb, np.ones(rgb.shape[:2], bool))
    thresholds = BrightnessThresholds(source="published")
    filtered = filter_scene(
        replace(given, given_limits=(40, 180)), FilterOptions(method), thresholds
    )
    class_map = label_scene(filtered, thresholds)
    assert (class_map.limits, class_map.limits_source) == ((40, 180), "yours")
    yours = BrightnessThresholds(40, 180, source="values")
    other = filter_scene(given, FilterOptions(method), yours)
    assert np.array_equal(filtered.quality, other.quality)
    assert np.array_equal(class_map.codes, label_scene(other, yours).codes)


@pytest.mark.parametrize(
    ("thin", "thick"), [(205, 31), (31, 31), (0, 205), (31, 256), (-1, 205), (1.5, 9)]
)
def test_impossible_limits_are_refused_with_the_values_given(thin, thick):
    with pytest.raises(InvalidOption, match=r"expected .* got "):
        BrightnessThresholds(thin_ice_min=thin, thick_ice_min=thick)


def test_a_class_map_keeps_the_scenes_id_and_grid():
    scene = Scene("a", np.zeros((2, 3, 3), np.uint8), np.ones((2, 3), bool))
    class_map = label_scene(scene, BrightnessThresholds())
    assert (class_map.scene_id, class_map.shape) == ("a", (2, 3))


def test_a_scene_filtered_for_other_limits_is_refused_with_the_way_out():
    rgb, valid = np.zeros((2, 3, 3), np.uint8), np.ones((2, 3), bool)
    quality = np.zeros((2, 3), np.uint8)
    scene = FilteredScene("a", rgb, valid, quality=quality, limits=(31, 205))
    label_scene(scene, BrightnessThresholds(source="published"))
    with pytest.raises(
        InvalidScene, match=r"a: .*\(31, 190\).*\(31, 205\).*filtering,"
    ):
        label_scene(scene, BrightnessThresholds(thick_ice_min=190, source="values"))


def test_labelling_does_not_write_into_its_arguments():
    rgb = np.full((4, 4, 3), 7, np.uint8)
    valid = np.ones((4, 4), bool)
    rgb.setflags(write=False)
    valid.setflags(write=False)
    label_by_brightness(rgb, valid, BrightnessThresholds())


def test_land_has_its_own_code_and_no_part_in_the_limits_of_a_scene():
    value = simulate_scene(SimulationOptions(height=256, width=256), 3).scene
    land = np.zeros(value.shape, bool)
    land[:, :150] = True
    bright = np.where(land[..., None], np.uint8(255), value.rgb)
    black = np.where(land[..., None], np.uint8(1), value.rgb)
    sea = replace(value, rgb=bright, valid_mask=value.valid_mask & ~land)
    expected = label_scene(sea, BrightnessThresholds())
    for rgb in (bright, black):
        masked = replace(value, rgb=rgb).with_land(land, "coast.gpkg md5:0")
        class_map = label_scene(masked, BrightnessThresholds())
        assert class_map.limits == expected.limits
        assert np.array_equal(class_map.codes == 254, land & value.valid_mask)
        assert np.array_equal(class_map.codes[~land], expected.codes[~land])
        assert class_map.land_source == "coast.gpkg md5:0"
    unmasked = label_scene(replace(value, rgb=bright), BrightnessThresholds())
    assert unmasked.limits != expected.limits


@pytest.mark.parametrize(
    ("limit_step", "ends"), [(0.05, (0.2, 0.7)), (0.0, (0.5, 0.5))]
)
def test_concentration_lies_between_those_of_the_moved_limit(limit_step, ends):
    # Between 31 and 205, a twentieth is 8.7 levels: from 22 to 40.
    row = np.array([[10, 10, 21, 23, 23, 38, 38, 38, 60, 240]], np.uint8)
    thresholds = BrightnessThresholds(source="published", limit_step=limit_step)
    given = Scene("s", np.dstack([row] * 3), np.ones(row.shape, bool))
    assert label_scene(given, thresholds).concentration_range == ends


def test_a_scene_of_nothing_has_no_concentration_and_no_range():
    given = Scene("s", np.zeros((4, 4, 3), np.uint8), np.zeros((4, 4), bool))
    ends = label_scene(given, BrightnessThresholds()).concentration_range
    assert np.isnan(ends).all()
