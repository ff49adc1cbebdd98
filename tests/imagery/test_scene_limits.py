import numpy as np
import pytest

from sea_ice_kedro.imagery.histogram import Modes, Shown, find_modes
from sea_ice_kedro.imagery.labelling import place_limits

PUBLISHED = (31, 205)


def histogram(**shares):
    """Count 1e6 pixels in normal peaks: name=(middle, spread, share)."""
    levels = np.arange(256)
    total = np.zeros(256)
    for middle, spread, share in shares.values():
        peak = np.exp(-0.5 * ((levels - middle) / spread) ** 2)
        total += share * peak / peak.sum()
    return np.rint(1e6 * total / total.sum()).astype(np.int64)


PACK = {"water": (13, 2, 0.05), "thin": (110, 40, 0.2), "thick": (226, 7, 0.75)}


def modes_of(brightest, darkest=None):
    return find_modes(Shown.of(brightest, brightest if darkest is None else darkest))


def test_modes_of_a_usual_scene_are_water_and_thick_ice():
    assert modes_of(histogram(**PACK)) == Modes(water=13, thick=226, thick_darkest=226)


def test_limits_of_a_usual_scene_lie_in_the_valleys():
    limits = place_limits(histogram(**PACK), None, PUBLISHED)
    assert (limits.source, limits.by_darkest) == ("scene", False)
    assert 22 <= limits.thin_ice_min <= 42
    assert 180 <= limits.thick_ice_min <= 206


@pytest.mark.parametrize(
    ("water", "thick", "thin_range", "thick_range"),
    [
        (43, 237, (52, 90), (185, 222)),  # another producer's stretch
        (8, 136, (16, 35), (100, 126)),  # a low sun
        (2, 34, (4, 9), (24, 33)),  # a picture that is all but black
    ],
)
def test_limits_follow_stretch_and_sun(water, thick, thin_range, thick_range):
    middle, scale = (water + thick) / 2, thick / 237
    shown = histogram(
        water=(water, 3 * scale, 0.05),
        thin=(middle, 25 * scale, 0.2),
        thick=(thick, 4 * scale, 0.75),
    )
    limits = place_limits(shown, None, PUBLISHED)
    assert limits.source == "scene"
    assert thin_range[0] <= limits.thin_ice_min <= thin_range[1]
    assert thick_range[0] <= limits.thick_ice_min <= thick_range[1]


@pytest.mark.parametrize("thick", [136, 150, 165, 172, 180, 195])
def test_ice_that_covers_little_is_thick_however_far_its_display_reaches(thick):
    shown = histogram(water=(20, 2, 0.8), thin=(80, 25, 0.04), thick=(thick, 4, 0.16))
    limits = place_limits(shown, None, PUBLISHED)
    assert limits.source == "scene"
    assert 0.6 * thick < limits.thick_ice_min < 0.97 * thick


def test_a_picture_of_few_levels_has_limits_between_them():
    shown = np.zeros(256, np.int64)
    shown[[11, 22, 33, 99, 110, 121, 220, 231]] = 10, 30, 20, 90, 160, 90, 100, 500
    limits = place_limits(shown, None, PUBLISHED)
    assert limits.source == "scene"
    assert 33 < limits.thin_ice_min <= 99
    assert 121 < limits.thick_ice_min <= 220


def test_coloured_water_is_told_by_its_darkest_channel():
    ice = {"thin": (140, 12, 0.2), "thick": (226, 7, 0.6)}
    brightest = histogram(navy=(80, 6, 0.2), **ice)
    darkest = histogram(navy=(24, 4, 0.2), **ice)
    assert modes_of(brightest).water is None
    assert modes_of(brightest, darkest).water == 24
    limits = place_limits(brightest, darkest, PUBLISHED)
    assert (limits.source, limits.by_darkest) == ("scene", True)
    assert 36 <= limits.thin_ice_min <= 100


def test_clipped_black_is_water_only_where_no_other_dark_tone_is():
    shown = histogram(thin=(110, 12, 0.2), thick=(226, 7, 0.8))
    lake, absent = histogram(lake=(45, 4, 0.1), ice=(226, 7, 0.9)), shown.copy()
    for dark in (lake, absent):
        dark[0] += 30_000
    shown[9] += 30_000
    assert modes_of(shown, absent).water == 0
    assert modes_of(shown, lake).water == 45


def test_a_scene_without_water_says_so_and_calls_water_what_is_all_but_black():
    shown = histogram(thin=(140, 12, 0.2), thick=(226, 7, 0.8))
    limits = place_limits(shown, None, PUBLISHED)
    assert limits.source == "no water stands out"
    assert limits.thin_ice_min == 45  # a fifth of thick ice


@pytest.mark.parametrize(("tone", "is_thick"), [(160, False), (172, True), (230, True)])
def test_one_tone_alone_is_thick_ice_where_no_young_ice_is_as_bright(tone, is_thick):
    shown = histogram(pack=(tone, 6, 1.0))
    assert (modes_of(shown).thick == tone) is is_thick
    assert (place_limits(shown, None, PUBLISHED).thick_ice_min < tone) is is_thick


def test_a_scene_of_water_alone_keeps_the_given_limits_and_says_so():
    limits = place_limits(histogram(water=(12, 2, 1.0)), None, PUBLISHED)
    assert limits.pair == (31, 205)
    assert limits.source == "no thick ice stands out"


@pytest.mark.parametrize(
    "shown", [np.zeros(256, np.int64), np.eye(256, dtype=int)[120]]
)
def test_one_grey_or_nothing_keeps_the_given_limits_and_says_so(shown):
    limits = place_limits(shown, shown, PUBLISHED)
    assert (limits.pair, limits.by_darkest) == ((31, 205), False)
    assert limits.source == "neither water nor thick ice stands out"


def test_a_bright_sliver_in_grey_ice_is_not_what_thick_ice_is_told_by():
    # 0.5 % of the scene is brighter than the grey ice that rules it.
    shown = histogram(grey=(150, 10, 0.995), glint=(250, 2, 0.005))
    assert modes_of(shown).thick is None


def test_a_brighter_cloud_is_not_what_thick_ice_is_told_by():
    shown = histogram(water=(13, 2, 0.1), ice=(196, 7, 0.8), cloud=(254, 2, 0.1))
    assert 190 <= modes_of(shown).thick <= 200


def test_limits_are_in_order_for_any_distribution():
    rng = np.random.default_rng(3)
    for _ in range(300):
        shown = [
            histogram(
                a=(rng.uniform(0, 255), rng.uniform(0.5, 40), rng.random()),
                b=(rng.uniform(0, 255), rng.uniform(0.5, 40), rng.random()),
            )
            for _ in range(2)
        ]
        limits = place_limits(*shown, PUBLISHED)
        assert 0 < limits.thin_ice_min < limits.thick_ice_min <= 255
