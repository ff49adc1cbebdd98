import numpy as np

from sea_ice_kedro.imagery.scene_context import (
    CONTEXT_SIZE,
    QUANTILES,
    THICK_FOUND,
    THICK_LIMIT,
    THIN_LIMIT,
    WATER_FOUND,
    context_of,
)


def scene(side=64, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (side, side, 3), dtype=np.uint8)


def test_a_scene_is_described_by_quantiles_in_order():
    context = context_of(scene(), np.ones((64, 64), bool))
    assert context.dtype == np.float32
    assert context.shape == (CONTEXT_SIZE,)
    for part in np.split(context[:THIN_LIMIT], 4):
        assert len(part) == len(QUANTILES)
        assert (np.diff(part) >= 0).all()


def test_a_scene_tells_its_limits_by_brightness_and_what_they_were_told_by():
    rgb = np.full((64, 64, 3), 230, np.uint8)
    rgb[:20] = 12, 14, 20
    context = context_of(rgb, np.ones((64, 64), bool))
    assert context[[WATER_FOUND, THICK_FOUND]].tolist() == [1, 1]
    assert 12 < 255 * context[THIN_LIMIT] ** 2 < 255 * context[THICK_LIMIT] ** 2 < 230
    dark = np.full((64, 64, 3), 20, np.uint8)
    context = context_of(dark, np.ones((64, 64), bool))
    assert context[THICK_FOUND] == 0
    np.testing.assert_allclose(255 * context[[THIN_LIMIT, THICK_LIMIT]] ** 2, [31, 205])


def test_what_was_not_observed_says_nothing_about_a_scene():
    rgb, valid_mask = scene(), np.ones((64, 64), bool)
    valid_mask[:, :20] = False
    black = rgb.copy()
    black[:, :20] = 0
    np.testing.assert_array_equal(
        context_of(rgb, valid_mask), context_of(black, valid_mask)
    )


def test_a_scene_without_an_observation_has_an_empty_context():
    assert not context_of(scene(), np.zeros((64, 64), bool)).any()
