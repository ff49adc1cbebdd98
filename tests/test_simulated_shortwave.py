from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from benchmarks.labels.simulated_shortwave import CLOUD_KINDS, with_shortwave
from sea_ice_kedro.imagery.classes import SeaIceClass
from sea_ice_kedro.imagery.simulate import PRESETS, simulate_scene


@cache
def made(**sky):
    options = replace(PRESETS["marginal_ice_zone"], height=240, width=300, **sky)
    return simulate_scene(options, seed=4)


def test_ice_snow_and_water_are_dark_and_differ():
    scene, codes = with_shortwave(made(), "low, of drops", 1), made().truth.codes
    b11 = scene.extra_bands["b11"] / 255
    means = [b11[codes == c].mean() for c in SeaIceClass]
    assert 0.07 < means[0] < 0.2
    assert means[0] > means[1] > means[2]
    assert means[2] < 0.05
    assert scene.extra_bands["b10"].max() < 90


@pytest.mark.parametrize("kind", CLOUD_KINDS)
def test_cloud_is_as_bright_as_its_kind(kind):
    cloudy = made(thin_cloud_fraction=0.5, cloud_opacity=1.0)
    scene = with_shortwave(cloudy, kind, 1)
    opaque = cloudy.thin_cloud > 0.95
    cloud = CLOUD_KINDS[kind]
    found = [scene.extra_bands[name][opaque].mean() for name in ("b10", "b11", "b12")]
    expected = [min(2550 * cloud.b10, 255), 255 * cloud.b11, 255 * cloud.b12]
    assert found == pytest.approx(expected, rel=0.08, abs=3)


def test_bands_are_as_coarse_as_they_are_and_the_scene_is_the_same():
    scene = with_shortwave(made(), "low, of drops", 1)
    assert np.array_equal(scene.rgb, made().scene.rgb)
    for name, side in (("b10", 6), ("b11", 2), ("b12", 2)):
        band = scene.extra_bands[name]
        blocks = band.reshape(240 // side, side, 300 // side, side)
        assert (blocks == blocks[:, :1, :, :1]).all()


def test_the_same_seed_gives_the_same_bands():
    first, second, other = (
        with_shortwave(made(), "low, of drops", seed).extra_bands["b11"]
        for seed in (1, 1, 2)
    )
    assert np.array_equal(first, second)
    assert not np.array_equal(first, other)
