import numpy as np
import pytest

from sea_ice_kedro.errors import InvalidOption, InvalidScene
from sea_ice_kedro.imagery.arrays import ClassMap, FilteredScene
from sea_ice_kedro.imagery.labelling import BrightnessThresholds, label_scene
from sea_ice_kedro.imagery.second_opinion import (
    SecondOpinionOptions,
    compare_maps,
    doubts_of,
    is_bright_one_tone,
)
from tests.fabricate import floes

OPTIONS = SecondOpinionOptions()
PUBLISHED = BrightnessThresholds(source="published")


def scene_of(brightness, valid_mask=None):
    rgb = np.repeat(np.asarray(brightness, np.uint8)[..., None], 3, axis=-1)
    valid = np.ones(rgb.shape[:2], bool) if valid_mask is None else valid_mask
    return FilteredScene("s", rgb, valid)


def opinion_of(scene, network=None, thresholds=PUBLISHED, options=OPTIONS):
    labels = label_scene(scene, thresholds)
    by_network = ClassMap("s", labels.codes if network is None else network)
    return compare_maps(scene, labels, by_network, options)


def histogram(*tones):
    """Pixels by brightness: tones as (level, standard deviation, pixels)."""
    rng = np.random.default_rng(1)
    values = [rng.normal(level, sd, count) for level, sd, count in tones]
    levels = np.clip(np.rint(np.concatenate(values)), 0, 255).astype(int)
    return np.bincount(levels, minlength=256)


def test_shares_are_of_the_observed_pixels():
    valid = np.ones((1, 10), bool)
    valid[0, 8:] = False
    scene = scene_of([[240] * 4 + [100] * 2 + [10] * 4], valid)
    network = np.array([[0, 1, 2, 255, 1, 255, 2, 2, 255, 255]], np.uint8)
    opinion = opinion_of(scene, network)
    assert opinion.disagreement == pytest.approx(2 / 8)
    assert opinion.without_class_by_network == pytest.approx(2 / 8)
    assert opinion.without_class_by_labels == 0
    assert opinion.concentration_by_labels == pytest.approx(6 / 8)
    assert opinion.concentration_by_network == pytest.approx(3 / 6)


def test_two_maps_that_agree_on_floes_are_not_doubted():
    scene = FilteredScene("s", floes(96, 96), np.ones((96, 96), bool))
    opinion = opinion_of(scene)
    assert opinion.disagreement == 0
    assert not opinion.bright_one_tone
    assert doubts_of(opinion, OPTIONS) == []


def test_what_moves_with_the_limit_is_told_with_its_numbers():
    # Between 31 and 205, a twentieth is 8.7 levels: from 22 to 40.
    scene = scene_of([[10] * 2 + [21] + [23] * 2 + [38] * 3 + [60] + [240]])
    opinion = opinion_of(scene)
    assert opinion.concentration_by_labels == pytest.approx(0.5)
    assert opinion.concentration_limit_lower == pytest.approx(0.7)
    assert opinion.concentration_limit_higher == pytest.approx(0.2)
    (doubt,) = doubts_of(opinion, OPTIONS)
    assert doubt == "concentration moves from 0.20 to 0.70 with the limit of thin ice"


def test_ice_that_the_network_takes_for_water_under_cloud_is_doubted_in_words():
    rng = np.random.default_rng(3)
    cloud = np.clip(rng.normal(170, 12, (64, 64)), 0, 255)
    network = np.full((64, 64), 255, np.uint8)
    network[:24] = 2
    doubts = doubts_of(opinion_of(scene_of(cloud), network), OPTIONS)
    assert doubts == [
        "network and labels disagree on 38 %",
        "labels have a class where the network sees none on 62 %",
        "bright scene without lead or second tone: cloud?",
    ]


@pytest.mark.parametrize(
    ("tones", "alone"),
    [
        ([(200, 8, 10_000)], True),
        ([(160, 30, 10_000)], True),
        ([(200, 8, 10_000), (12, 2, 50)], False),
        ([(200, 8, 10_000), (120, 5, 300)], False),
        ([(200, 8, 10_000), (120, 5, 30)], True),
        ([(90, 8, 10_000)], False),
    ],
    ids=["one", "broad", "leads", "second", "too little of it", "dark"],
)
def test_a_bright_scene_without_leads_or_a_second_tone_may_be_cloud(tones, alone):
    assert is_bright_one_tone(histogram(*tones), 100) is alone


def test_a_scene_without_an_observed_pixel_is_compared_and_not_doubted():
    scene = scene_of(np.zeros((4, 4)), np.zeros((4, 4), bool))
    opinion = opinion_of(scene)
    assert np.isnan(opinion.concentration_by_labels)
    assert doubts_of(opinion, OPTIONS) == []


def test_maps_of_another_size_are_refused():
    scene = scene_of(np.full((4, 4), 200))
    with pytest.raises(InvalidScene, match=r"got \(4, 4\), \(4, 4\) and \(2, 4\)"):
        opinion_of(scene, np.zeros((2, 4), np.uint8))


@pytest.mark.parametrize("name", ["disagreement", "without_class", "bright_from"])
def test_shares_that_are_none_are_refused(name):
    with pytest.raises(InvalidOption, match=f"second_opinion.{name}"):
        SecondOpinionOptions(**{name: 256.5})


def test_land_is_no_part_of_what_was_observed_and_no_disagreement():
    scene = scene_of([[240] * 4 + [100] * 4]).with_land(
        np.array([[True] * 4 + [False] * 4]), "coast.gpkg md5:0"
    )
    network = np.array([[254, 254, 255, 255, 1, 1, 1, 0]], np.uint8)
    opinion = opinion_of(scene, network)
    assert opinion.disagreement == pytest.approx(1 / 4)
    assert opinion.without_class_by_network == 0
    assert opinion.without_class_by_labels == 0
    assert opinion.concentration_by_labels == 1
