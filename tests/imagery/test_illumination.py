import pickle
from dataclasses import replace
from functools import cache

import cv2
import numpy as np
import pytest

from sea_ice_kedro.errors import InvalidOption
from sea_ice_kedro.imagery.classes import QualityFlag, SeaIceClass
from sea_ice_kedro.imagery.cloud_filter import FilterOptions, filter_scene
from sea_ice_kedro.imagery.illumination import IlluminationFilter, filter_illumination
from sea_ice_kedro.imagery.illumination.likelihood import (
    BRIGHT_STEP,
    CHROMA_MIN,
    CHROMA_STEP,
    HAZE_OF_STATE,
    SHADOW_OF_STATE,
    find_tones,
    log_likelihood,
)
from sea_ice_kedro.imagery.illumination.shadow_and_haze import estimate_sky
from sea_ice_kedro.imagery.labelling import (
    BrightnessThresholds,
    label_by_brightness,
    label_scene,
)
from sea_ice_kedro.imagery.simulate import PRESETS, simulate_scene

OPTIONS = IlluminationFilter()
PUBLISHED = BrightnessThresholds(source="published")


@cache
def simulated(preset="pack", **sky):
    """A scene of 768 x 768 pixels, under a clear sky unless said otherwise."""
    clear = {"thin_cloud_fraction": 0.0, "shadow_fraction": 0.0}
    options = replace(PRESETS[preset], height=768, width=768, **{**clear, **sky})
    return simulate_scene(options, seed=4)


def recall(made, truth, wanted):
    there = truth == wanted
    return (made[there] == wanted).mean()


def labelled(scene, method="illumination", thresholds=PUBLISHED, **options):
    options = FilterOptions(method=method, **options)
    return label_scene(filter_scene(scene, options, thresholds), thresholds).codes


@pytest.mark.parametrize("preset", ["pack", "marginal_ice_zone", "swath_edge"])
def test_a_clear_scene_is_left_alone(preset):
    scene = simulated(preset).scene
    restored, quality = filter_illumination(scene.rgb, scene.valid_mask, OPTIONS)
    assert np.array_equal(restored, scene.rgb)
    assert (
        (quality & ~np.uint8(QualityFlag.NODATA | QualityFlag.SATURATED)) == 0
    ).all()


def test_thick_ice_in_shadow_is_thick_ice_again():
    made = simulated(shadow_fraction=0.35, shadow_depth=0.4)
    truth, thick = made.truth.codes, SeaIceClass.THICK_ICE
    assert recall(labelled(made.scene, "none"), truth, thick) < 0.75
    assert recall(labelled(made.scene), truth, thick) > 0.92
    assert recall(labelled(made.scene), truth, SeaIceClass.THIN_ICE) > 0.97


@pytest.mark.parametrize("air", [(0, 0, 0), (3, 7, 15)])
def test_water_under_haze_is_water_again_in_clear_and_in_blue_air(air):
    made = simulated("marginal_ice_zone", thin_cloud_fraction=0.6)
    rgb = np.clip(made.scene.rgb.astype(int) + air, 0, 255).astype(np.uint8)
    scene = replace(made.scene, rgb=rgb)
    truth, water = made.truth.codes, SeaIceClass.OPEN_WATER
    own = BrightnessThresholds()
    assert recall(labelled(scene, "none", own), truth, water) < 0.7
    assert recall(labelled(scene, thresholds=own), truth, water) > 0.95


def test_young_ice_beside_water_of_lifted_blacks_is_not_taken_for_water_under_haze():
    rng = np.random.default_rng(3)
    rows, columns = np.mgrid[:768, :768]
    pan = np.hypot(rows - 300, columns - 420) + 40 * np.sin(columns / 30) < 260
    young = cv2.GaussianBlur(pan.astype(np.float32), (0, 0), 8)[..., None]
    rgb = young * (90, 92, 96) + (1 - young) * (36, 38, 42)
    rgb = np.where((columns % 192 < 60)[..., None], (214, 216, 220), rgb)
    rgb = np.rint(rgb + rng.normal(0, 1.5, (768, 768, 1))).astype(np.uint8)
    restored, _ = filter_illumination(rgb, np.ones((768, 768), bool), OPTIONS)
    assert np.array_equal(restored, rgb)


@pytest.mark.parametrize("preset", ["wide_lead", "refreezing"])
def test_thin_ice_in_wide_leads_stays_thin_ice(preset):
    made = simulated(preset)
    truth, thin = made.truth.codes, SeaIceClass.THIN_ICE
    assert recall(labelled(made.scene, "published"), truth, thin) < 0.6
    assert recall(labelled(made.scene), truth, thin) > 0.99


def test_flags_say_where_haze_and_shadow_are():
    made = simulated(shadow_fraction=0.35, shadow_depth=0.5)
    _, quality = filter_illumination(made.scene.rgb, made.scene.valid_mask, OPTIONS)
    deep = made.shadow > 0.3
    assert ((quality[deep] & QualityFlag.SHADOW) > 0).mean() > 0.95
    assert ((quality[made.shadow == 0] & QualityFlag.SHADOW) > 0).mean() < 0.15


def test_what_cannot_be_restored_has_no_class_and_is_counted():
    scene = simulated("marginal_ice_zone", thin_cloud_fraction=0.6).scene
    options = FilterOptions(illumination={"max_haze": 0.2})
    filtered = filter_scene(scene, options, PUBLISHED)
    lost = (filtered.quality & QualityFlag.UNTRUSTWORTHY) > 0
    class_map = label_scene(filtered, PUBLISHED)
    assert class_map.untrustworthy_pixels == lost.sum() > 10_000
    assert (class_map.codes[lost] == 255).all()
    assert (class_map.codes[~lost] != 255).all()


def test_changed_is_what_has_another_class():
    scene = simulated(shadow_fraction=0.35).scene
    filtered = filter_scene(scene, FilterOptions(), PUBLISHED)
    changed = (filtered.quality & QualityFlag.CHANGED) > 0
    assert np.array_equal(changed, labelled(scene, "none") != labelled(scene))


def test_no_data_has_no_class_and_its_colour_changes_nothing():
    scene = simulated("swath_edge", thin_cloud_fraction=0.5).scene
    bright = np.where(scene.valid_mask[..., None], scene.rgb, np.uint8(177))
    both = [
        filter_illumination(rgb, scene.valid_mask, OPTIONS)
        for rgb in (scene.rgb, bright)
    ]
    valid = scene.valid_mask
    assert np.array_equal(both[0][0][valid], both[1][0][valid])
    assert np.array_equal(both[0][1], both[1][1])
    assert (both[0][1][~valid] == QualityFlag.NODATA).all()
    assert (labelled(scene)[~valid] == 255).all()


@pytest.mark.parametrize(
    "rgb",
    [
        np.full((300, 300, 3), 120, np.uint8),
        np.zeros((1, 1, 3), np.uint8),
        np.full((1, 300, 3), 12, np.uint8),
        simulated(shadow_fraction=0.35).scene.rgb[:100, :100],
        np.repeat(simulated(shadow_fraction=0.35).scene.rgb[..., :1], 3, axis=-1),
    ],
    ids=["one grey", "one pixel", "one row", "small", "no colour"],
)
def test_what_no_sky_can_be_told_from_is_left_alone(rgb):
    everywhere = np.ones(rgb.shape[:2], bool)
    assert estimate_sky(rgb, everywhere, OPTIONS) is None
    restored, quality = filter_illumination(rgb, everywhere, OPTIONS)
    assert np.array_equal(restored, rgb)
    assert not quality.any()


def test_a_scene_without_any_valid_pixel_is_no_data():
    rgb = np.zeros((300, 300, 3), np.uint8)
    _, quality = filter_illumination(rgb, np.zeros((300, 300), bool), OPTIONS)
    assert (quality == QualityFlag.NODATA).all()


def test_saturated_pixels_are_flagged():
    rgb = simulated().scene.rgb.copy()
    rgb[5, 7] = (250, 251, 255)
    _, quality = filter_illumination(rgb, np.ones(rgb.shape[:2], bool), OPTIONS)
    assert quality[5, 7] == QualityFlag.SATURATED
    assert quality[5, 8] == 0


@pytest.mark.parametrize(("rows", "columns"), [(193, 768), (767, 300), (500, 333)])
def test_scenes_of_any_size_are_filtered(rows, columns):
    rgb = simulated(shadow_fraction=0.35).scene.rgb[:rows, :columns]
    restored, quality = filter_illumination(
        rgb, np.ones((rows, columns), bool), OPTIONS
    )
    assert (restored.shape, quality.shape) == ((rows, columns, 3), (rows, columns))


def test_a_large_scene_gets_larger_cells(monkeypatch):
    from sea_ice_kedro.imagery.illumination import shadow_and_haze

    monkeypatch.setattr(shadow_and_haze, "MOST_CELLS", 100)
    scene = simulated(shadow_fraction=0.35).scene
    sky = shadow_and_haze.estimate_sky(scene.rgb, scene.valid_mask, OPTIONS)
    assert sky.cell_px == 64


def test_the_same_scene_gives_the_same_bytes_and_arguments_are_left_alone():
    scene = simulated(shadow_fraction=0.35).scene
    rgb, valid = scene.rgb.copy(), scene.valid_mask.copy()
    rgb.setflags(write=False)
    valid.setflags(write=False)
    first, second = (filter_illumination(rgb, valid, OPTIONS) for _ in range(2))
    assert np.array_equal(first[0], second[0])
    assert np.array_equal(first[1], second[1])


def test_options_travel_to_workers():
    assert pickle.loads(pickle.dumps(FilterOptions())) == FilterOptions()


@pytest.mark.parametrize(
    "settings",
    [
        {"cell_px": 4},
        {"cell_px": 30},
        {"likelihood_weight": 1.5},
        {"shadow_prior": -1},
        {"haze_prior": -1},
        {"haze_smoothness": "much"},
        {"shadow_smoothness": -0.1},
        {"max_haze": 0.95},
        {"max_shadow": 0},
    ],
)
def test_impossible_settings_are_refused(settings):
    with pytest.raises(InvalidOption, match=next(iter(settings))):
        FilterOptions(illumination=settings)


def test_labels_do_not_depend_on_how_a_scene_is_cut():
    scene = simulated("wide_lead", shadow_fraction=0.3).scene
    filtered = filter_scene(scene, FilterOptions(), BrightnessThresholds())
    whole = label_scene(filtered, BrightnessThresholds())
    limits = BrightnessThresholds().of(filtered.rgb, filtered.valid_mask)
    for size, offset in ((256, 0), (256, 128), (100, 33), (64, 5)):
        stitched = np.full(whole.shape, 99, np.uint8)
        for top in range(offset - size, 768, size):
            for left in range(offset - size, 768, size):
                window = (
                    slice(max(top, 0), top + size),
                    slice(max(left, 0), left + size),
                )
                stitched[window] = label_by_brightness(
                    filtered.rgb[window], filtered.valid_mask[window], limits
                )
        assert (stitched != whole.codes).sum() == 0


def two_tones():
    """Snow and water, with grey of any brightness between them; some tints differ."""
    rgb = np.empty((200, 100, 3), np.uint8)
    rgb[:100], rgb[100:] = (218, 219, 225), (6, 8, 13)
    rgb[:100, ::10], rgb[100:, ::10] = (214, 219, 225), (9, 8, 13)
    row, column = np.mgrid[60:140, :100] // 4
    rgb[60:140] = (40 + (13 * row + 7 * column) % 160)[..., None]
    return rgb


def seen_as(scene, change):
    """The same scene as another producer shows it."""
    rgb = np.clip(np.rint(change(scene.rgb.astype(np.float32))), 0, 255)
    return replace(scene, rgb=rgb.astype(np.uint8))


@pytest.mark.parametrize("red_loss", [1.15, 1.6])
def test_the_tint_of_shadow_is_told_by_the_scene(red_loss):
    made = simulated()
    shade = np.zeros((768, 768), np.float32)
    shade[:, 300:] = 0.35
    shade = cv2.GaussianBlur(shade, (0, 0), 40)[..., None]
    losses = np.array([red_loss, (1 + red_loss) / 2, 1], np.float32)
    shaded = seen_as(made.scene, lambda rgb: rgb * (1 - shade * losses))
    sky = estimate_sky(shaded.rgb, shaded.valid_mask, OPTIONS)
    assert sky.tones.red_loss == pytest.approx(red_loss, abs=0.15)
    truth, thick = made.truth.codes, SeaIceClass.THICK_ICE
    own = BrightnessThresholds()
    assert recall(labelled(shaded, "none", own), truth, thick) < 0.9
    assert recall(labelled(shaded, thresholds=own), truth, thick) > 0.97


@pytest.mark.parametrize(
    "change",
    [
        lambda rgb: 0.15 * rgb,
        lambda rgb: 40 + 0.84 * rgb,
        lambda rgb: rgb * np.array([0.85, 0.72, 1], np.float32),
    ],
    ids=["dim", "lifted", "violet"],
)
@pytest.mark.parametrize("preset", ["pack", "refreezing"])
def test_a_clear_scene_is_labelled_alike_in_another_display(preset, change):
    made = simulated(preset)
    codes = labelled(seen_as(made.scene, change), thresholds=BrightnessThresholds())
    assert (codes == made.truth.codes).mean() > 0.96


def test_coloured_water_is_not_taken_for_ice_in_shadow():
    scene = simulated("marginal_ice_zone").scene
    water = (scene.rgb.max(axis=-1) < 60)[..., None]
    purple = np.where(water, np.array([60, 20, 75], np.uint8), scene.rgb)
    restored, _ = filter_illumination(purple, scene.valid_mask, OPTIONS)
    assert (restored[water[..., 0]].max(axis=-1) < 90).mean() > 0.99


@pytest.mark.parametrize(
    "change",
    [lambda rgb: 1.25 * rgb, lambda rgb: 20 * np.rint(rgb / 20)],
    ids=["clipped white", "few levels"],
)
def test_a_display_that_lost_the_tint_is_left_alone(change):
    scene = seen_as(simulated(shadow_fraction=0.35).scene, change)
    restored, _ = filter_illumination(scene.rgb, scene.valid_mask, OPTIONS)
    assert np.array_equal(restored, scene.rgb)


def test_tones_are_medians_near_the_two_modes():
    tones = find_tones(two_tones(), np.ones((200, 100), bool))
    assert (tones.thick, tones.water) == (225.0, 13.0)
    assert tones.thick_tint == (7.0, 6.0, 0.0)
    assert (tones.thick_chroma, tones.water_chroma) == (7.0, 7.0)
    assert tones.chroma_spread == 1.5
    assert tones.shares == pytest.approx((0.3, 0.4, 0.3))


def test_tones_are_those_of_every_fourth_valid_pixel():
    rgb, ok = two_tones(), np.ones((200, 100), bool)
    ok[::4, ::4] = np.arange(25) < 12
    rgb[::4, 48:] = 77  # not valid where it is looked at
    rgb[1::2], rgb[2::4] = 150, 150
    tones = find_tones(rgb, ok, step=4)
    assert (tones.thick, tones.water) == (225.0, 13.0)
    assert find_tones(rgb, np.zeros((200, 100), bool), step=4) is None


def test_nothing_is_darker_than_the_veil():
    tones = find_tones(two_tones(), np.ones((200, 100), bool))
    table = log_likelihood(tones)
    chroma = (7 - CHROMA_MIN) // CHROMA_STEP
    hazy = np.flatnonzero((SHADOW_OF_STATE == 0) & np.isclose(HAZE_OF_STATE, 0.27))[0]
    water, veiled = 13 // BRIGHT_STEP, 70 // BRIGHT_STEP
    assert table[water, chroma, 0] > -5
    assert table[veiled, chroma, hazy] > -7
    assert table[water, chroma, hazy] < -30
    assert table[veiled, chroma, 0] > np.log(2e-5)
