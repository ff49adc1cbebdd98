import numpy as np
import pandas as pd
import pytest

from sea_ice_kedro.imagery.chips import EvaluationOptions
from sea_ice_kedro.reporting.evaluation_figures import (
    SampleChip,
    caption,
    choose_samples,
    draw_samples,
)
from sea_ice_kedro.reporting.score_tables import chip_table
from tests.score_examples import BLANK, RIGHT, chip

ONE_CLASS = [[100, 0, 0], [0, 0, 0], [0, 0, 0]]
NEARLY_BLANK = [[20, 0, 0], [0, 20, 0], [0, 0, 0]]


def chips(count=12, scenes="abc", matrix=RIGHT):
    """`count` chips of each scene, from clear to wholly cloudy."""
    tables = [
        chip_table(
            scene_id,
            "manual",
            [
                chip(matrix, row=256 * n, cloud_fraction=n / (count - 1))
                for n in range(count)
            ],
        )
        for scene_id in scenes
    ]
    return pd.concat(tables, ignore_index=True)


def sample(side=64, kind="manual", chip_id="a_r0000_c0000", right=True):
    """Thick ice that is predicted as thick ice, or as water; a corner has no data."""
    codes = np.zeros((side, side), np.uint8)
    codes[0, 0] = 255
    return SampleChip(
        chip_id=chip_id,
        image=np.full((side, side, 3), 240, np.uint8),
        valid_mask=codes != 255,
        reference=codes,
        prediction=codes if right else np.where(codes == 0, 2, codes).astype(np.uint8),
        kind=kind,
        cloud_fraction=0.12,
    )


def test_samples_come_from_all_scenes_and_from_clear_to_cloudy():
    chosen = choose_samples(chips(), EvaluationOptions(samples=6))
    assert sorted(chosen["scene_id"]) == ["a", "a", "b", "b", "c", "c"]
    assert chosen["cloud_fraction"].is_monotonic_increasing
    assert chosen["cloud_fraction"].iloc[0] < 0.2
    assert chosen["cloud_fraction"].iloc[-1] > 0.8


@pytest.mark.parametrize("seed", range(5))
def test_a_scene_with_few_chips_is_shown_beside_one_with_many(seed):
    table = pd.concat([chips(60, "a"), chips(6, "b")])
    chosen = choose_samples(table, EvaluationOptions(samples=6, seed=seed))
    assert (chosen["scene_id"] == "b").sum() >= 3


def test_the_same_seed_chooses_the_same_samples_and_another_one_others():
    first, again, other = (
        choose_samples(chips(), EvaluationOptions(seed=seed)) for seed in (1, 1, 2)
    )
    assert first.equals(again)
    assert not first.equals(other)


def test_blank_chips_are_never_chosen():
    table = pd.concat([chips(4, "a"), chips(50, "b", matrix=BLANK)])
    chosen = choose_samples(table, EvaluationOptions(samples=6))
    assert chosen["scene_id"].tolist() == ["a"] * 4
    assert choose_samples(chips(3, "b", BLANK), EvaluationOptions()).empty


@pytest.mark.parametrize("dull", [ONE_CLASS, NEARLY_BLANK])
def test_chips_of_one_class_or_little_data_only_fill_up(dull):
    table = pd.concat([chips(4, "a"), chips(50, "b", matrix=dull)])
    four = choose_samples(table, EvaluationOptions(samples=4))
    assert four["scene_id"].tolist() == ["a"] * 4
    six = choose_samples(table, EvaluationOptions(samples=6))
    assert sorted(six["scene_id"]) == ["a"] * 4 + ["b"] * 2


def test_no_chip_is_shown_twice():
    chosen = choose_samples(chips(2, "ab"), EvaluationOptions(samples=10))
    assert len(chosen) == len(chosen.drop_duplicates()) == 4


@pytest.mark.parametrize(
    ("kind", "right", "text"),
    [
        ("manual", True, "accuracy against manual labels 100.0%"),
        ("manual", False, "accuracy against manual labels 0.0%"),
        ("auto", True, "agreement with auto-labels 100.0%"),
    ],
)
def test_a_caption_says_what_the_prediction_was_compared_with(kind, right, text):
    shown = caption(sample(kind=kind, right=right))
    assert shown == f"{text}; filter found cloud or shadow in 12%"


@pytest.mark.parametrize("side", [1, 64, 100, 256, 512])
def test_chips_of_any_size_stand_in_three_columns(side):
    sheet = draw_samples([sample(side), sample(side)], "auto_original", "image")
    assert sheet.dtype == np.uint8
    assert sheet.shape == (62 + 2 * (26 + 256 + 8) + 44, 3 * 256 + 4 * 16, 3)


def test_reference_and_prediction_are_in_the_published_colours():
    sheet = draw_samples([sample(right=False)], "auto_original", "original image")
    row = sheet[62 + 26 + 128]
    assert row[16 + 128].tolist() == [240, 240, 240]
    assert row[16 + 272 + 128].tolist() == [240, 228, 150]
    assert row[16 + 544 + 128].tolist() == [0, 70, 140]


def test_what_was_not_observed_is_hatched_and_not_black():
    sheet = draw_samples([sample(64)], "auto_original", "original image")
    corner = sheet[62 + 26 : 62 + 26 + 4, 16 : 16 + 4]
    assert set(np.unique(corner)) <= {150, 190}
    assert sheet[62 + 26, 16 + 272].tolist() == [0, 0, 0]


def test_long_names_have_room_beside_their_captions():
    sheet = draw_samples([sample(chip_id="x" * 120)], "auto_original", "image")
    assert sheet.shape[1] > 3 * 256 + 4 * 16


def test_drawing_leaves_the_chip_as_it_was():
    before = sample()
    draw_samples([before], "auto_original", "image")
    assert (before.image == 240).all()
