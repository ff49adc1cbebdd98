import numpy as np
import pytest

from sea_ice_kedro.training.batches import Augmentation, draw_skies
from sea_ice_kedro.training.options import AugmentationOptions
from tests.fabricate import floes

pytestmark = pytest.mark.train

SIDE = 32
ALWAYS = AugmentationOptions(
    flip_rotate=False, cloud_share=1.0, cloud_opacity=0.45, shadow_depth=0.5
)
TURNS = AugmentationOptions(flip_rotate=True, cloud_share=0.0)


@pytest.fixture(scope="module")
def skies():
    return draw_skies(SIDE, ALWAYS, seed=4)


@pytest.fixture
def chips():
    images = np.stack([floes(SIDE, SIDE, seed) for seed in range(24)])
    images[:, :4] = 0  # a swath edge
    labels = np.where(images.max(-1) > 100, 0, 2).astype(np.uint8)
    labels[:, :4] = 255
    return images, labels


def augmented(options, skies, chips, seed=(1, 2)):
    return [np.asarray(part) for part in Augmentation(options, skies)(*chips, seed)]


def test_skies_hold_cloud_and_shadow_up_to_the_limits_and_clear_chips_too(skies):
    assert skies.shape == (256, SIDE, SIDE, 2)
    cloud, shadow = skies[..., 0] / 255, skies[..., 1] / 255
    assert 0.3 < cloud.max() <= 0.451
    assert 0.3 < shadow.max() <= 0.501
    assert (skies.reshape(256, -1).max(axis=1) == 0).any()


def test_the_same_seed_draws_the_same_skies(skies):
    np.testing.assert_array_equal(draw_skies(SIDE, ALWAYS, seed=4), skies)
    assert (draw_skies(SIDE, ALWAYS, seed=5) != skies).any()


def test_cloud_brightens_water_and_leaves_the_label(skies, chips):
    images, labels = augmented(ALWAYS, skies, chips)
    np.testing.assert_array_equal(labels, chips[1])
    water = chips[1] == 2
    assert images[water].mean() > chips[0][water].mean() + 5


def test_what_was_not_observed_stays_black_under_any_sky(skies, chips):
    images, _ = augmented(ALWAYS, skies, chips)
    assert not images[:, :4].any()


def test_black_water_is_veiled_as_any_other(skies, chips):
    images, labels = chips[0].copy(), chips[1]
    images[labels == 2] = 0
    veiled, _ = augmented(ALWAYS, skies, (images, labels))
    assert veiled[labels == 2].mean() > 5


def test_without_a_share_of_cloud_nothing_changes(chips):
    never = AugmentationOptions(flip_rotate=False, cloud_share=0.0)
    for before, after in zip(chips, augmented(never, None, chips), strict=True):
        np.testing.assert_array_equal(after, before)


def test_image_and_label_turn_together_into_all_eight_positions(chips):
    images, labels = augmented(TURNS, None, chips)
    positions = set()
    for index, (image, label) in enumerate(zip(images, labels, strict=True)):
        before, label_before = chips[0][index], chips[1][index]
        for flips in range(2):
            for turns in range(4):
                turned = np.rot90(before[::-1] if flips else before, turns)
                if np.array_equal(turned, image):
                    positions.add((flips, turns))
                    same = np.rot90(
                        label_before[::-1] if flips else label_before, turns
                    )
                    np.testing.assert_array_equal(label, same)
    assert len(positions) == 8


def test_the_same_seed_changes_chips_the_same_way(skies, chips):
    both = AugmentationOptions(cloud_share=0.5)
    first, again = (augmented(both, skies, chips)[0] for _ in range(2))
    np.testing.assert_array_equal(first, again)
    assert (augmented(both, skies, chips, seed=(1, 3))[0] != first).any()
