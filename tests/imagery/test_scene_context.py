import numpy as np

from sea_ice_kedro.imagery.scene_context import (
    CONTEXT_SIZE,
    LEANING,
    QUANTILES,
    THICK_FOUND,
    THICK_LIMIT,
    THIN_LIMIT,
    WATER_FOUND,
    context_of,
    lean_on_limits,
    mean_logits,
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


def test_limits_decide_where_a_network_is_unsure_and_not_where_it_is_sure():
    context = np.zeros(CONTEXT_SIZE, np.float32)
    context[[THIN_LIMIT, THICK_LIMIT]] = np.sqrt(np.array([40, 180]) / 255)
    context[THICK_FOUND] = 1
    # bright, grey, and navy water, whose brightest channel is above the limit
    images = np.array([[[(200,) * 3, (90,) * 3, (20, 30, 90)]]], np.uint8)
    unsure = np.full((1, 1, 3, 4), 0.25, np.float32)
    leaned = lean_on_limits(unsure, images, context)
    assert leaned.argmax(axis=-1).tolist() == [[[0, 1, 2]]]
    np.testing.assert_allclose(leaned.sum(axis=-1), 1, rtol=1e-6)
    odds = leaned[0, 0, 0, 0] / leaned[0, 0, 0, 1]
    np.testing.assert_allclose(odds, np.exp(LEANING), rtol=1e-5)
    sure = np.tile(np.float32([0.05, 0.05, 0.05, 0.85]), (1, 1, 3, 1))
    assert (lean_on_limits(sure, images, context).argmax(axis=-1) == 3).all()
    context[THICK_FOUND] = 0  # water is then told by the brightest channel
    assert lean_on_limits(unsure, images, context)[0, 0, 2].argmax() == 1


def test_a_network_is_asked_at_each_scale_and_its_answers_are_averaged():
    """At the coarser one it sees means of pixels, and answers for all of them."""
    rgb = np.full((1, 4, 8, 3), 10, np.uint8)
    rgb[:, :, 4:] = 90
    rgb[0, 0, 0] = 50
    asked = []

    def network(images):
        asked.append(images.shape)
        return images[..., :1].astype(np.float32)

    np.testing.assert_array_equal(mean_logits(network, rgb, (1,)), rgb[..., :1])
    both = mean_logits(network, rgb, (1, 2))
    assert asked == [(1, 4, 8, 3), (1, 4, 8, 3), (1, 2, 4, 3)]
    assert both.shape == (1, 4, 8, 1)
    assert both[0, 3, [0, 7], 0].tolist() == [10, 90]  # even ground says the same
    assert both[0, 0, 0, 0] == 35  # 50, and the mean of its four pixels: 20
