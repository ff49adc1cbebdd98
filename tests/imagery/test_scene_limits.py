import numpy as np
import pytest

from sea_ice_kedro.imagery.modes import Modes, find_modes
from sea_ice_kedro.imagery.scene_limits import place_limits

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


def test_modes_of_a_usual_scene_are_water_and_thick_ice():
    assert find_modes(histogram(**PACK)) == Modes(water=13, thick=226)


def test_limits_of_a_usual_scene_lie_in_the_valleys():
    limits = place_limits(histogram(**PACK), PUBLISHED)
    assert limits.source == "scene"
    assert 22 <= limits.thin_ice_min <= 36
    assert 195 <= limits.thick_ice_min <= 206


@pytest.mark.parametrize(
    ("water", "thick", "thin_range", "thick_range"),
    [
        (43, 237, (52, 80), (208, 222)),  # another producer's stretch
        (8, 136, (16, 26), (112, 126)),  # a low sun
    ],
)
def test_limits_follow_stretch_and_sun(water, thick, thin_range, thick_range):
    middle = (water + thick) / 2
    shown = histogram(
        water=(water, 3, 0.05), thin=(middle, 25, 0.2), thick=(thick, 4, 0.75)
    )
    limits = place_limits(shown, PUBLISHED)
    assert limits.source == "scene"
    assert thin_range[0] <= limits.thin_ice_min <= thin_range[1]
    assert thick_range[0] <= limits.thick_ice_min <= thick_range[1]


def test_a_scene_without_water_keeps_the_given_limit_of_water_and_says_so():
    shown = histogram(thin=(140, 12, 0.2), thick=(226, 7, 0.8))
    limits = place_limits(shown, PUBLISHED)
    assert (limits.thin_ice_min, limits.source) == (31, "no water stands out")


def test_a_scene_of_water_alone_keeps_the_given_limits_and_says_so():
    limits = place_limits(histogram(water=(12, 2, 1.0)), PUBLISHED)
    assert limits.pair == (31, 205)
    assert limits.source == "no thick ice stands out"


@pytest.mark.parametrize(
    "shown", [np.zeros(256, np.int64), np.eye(256, dtype=int)[120]]
)
def test_one_grey_or_nothing_keeps_the_given_limits_and_says_so(shown):
    limits = place_limits(shown, PUBLISHED)
    assert limits.pair == (31, 205)
    assert limits.source == "neither water nor thick ice stands out"


def test_a_bright_sliver_in_grey_ice_is_not_what_thick_ice_is_told_by():
    # 0.5 % of the scene is brighter than the grey ice that rules it.
    shown = histogram(grey=(150, 10, 0.995), glint=(250, 2, 0.005))
    assert find_modes(shown).thick is None


def test_limits_are_in_order_for_any_distribution():
    rng = np.random.default_rng(3)
    for _ in range(300):
        shown = histogram(
            a=(rng.uniform(0, 255), rng.uniform(0.5, 40), rng.random()),
            b=(rng.uniform(0, 255), rng.uniform(0.5, 40), rng.random()),
        )
        limits = place_limits(shown, PUBLISHED)
        assert 0 < limits.thin_ice_min < limits.thick_ice_min <= 255
