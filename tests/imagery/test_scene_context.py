import numpy as np

from sea_ice_kedro.imagery.scene_context import CONTEXT_SIZE, QUANTILES, context_of


def scene(side=64, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (side, side, 3), dtype=np.uint8)


def test_a_scene_is_described_by_quantiles_in_order():
    context = context_of(scene(), np.ones((64, 64), bool))
    assert context.dtype == np.float32
    assert context.shape == (CONTEXT_SIZE,)
    for part in np.split(context, 4):
        assert len(part) == len(QUANTILES)
        assert (np.diff(part) >= 0).all()


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
