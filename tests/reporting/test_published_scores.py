import pytest

from sea_ice_kedro.imagery.chips import EvaluationOptions
from sea_ice_kedro.reporting.score_tables import (
    chip_table,
    headline,
    sum_counts,
    summarise,
    tabulate_like_paper,
    tabulate_scores,
    tabulate_similarity,
)
from tests.score_examples import (
    HALF_RIGHT,
    RIGHT,
    chip,
    everything,
    only,
    threshold_table,
    unet_table,
)


def scored(*tables):
    return tabulate_scores(sum_counts(tables, 0.1))


def test_table_iv_has_our_accuracies_beside_the_published_ones():
    table = tabulate_like_paper(scored(*everything()), ["all"])
    assert table["images"].tolist() == ["original", "filtered"]
    assert table["unet_manual_published_accuracy"].tolist() == [0.9139, 0.9840]
    assert table["unet_auto_published_accuracy"].tolist() == [0.9018, 0.9897]
    assert table["unet_auto"].tolist() == [0.75, 0.75]
    assert table["thresholds"].tolist() == [0.5, 0.5]
    assert set(table["measure"]) == {"accuracy"}


def test_table_v_splits_by_cloud():
    table = tabulate_like_paper(scored(*everything()), ["cloudy", "clear"])
    assert table[["stratum", "images"]].to_numpy().tolist() == [
        ["cloudy", "original"],
        ["cloudy", "filtered"],
        ["clear", "original"],
        ["clear", "filtered"],
    ]
    assert table["unet_manual"].tolist() == [0.5, 0.5, 1.0, 1.0]
    assert table["unet_auto_published_accuracy"].tolist() == [
        0.7991,
        0.9928,
        0.9360,
        0.9887,
    ]


def test_only_what_was_run_is_in_the_tables():
    table = tabulate_like_paper(scored(unet_table(), threshold_table()), ["all"])
    assert list(table) == [
        "stratum",
        "images",
        "reference",
        "measure",
        "unet_auto",
        "unet_auto_published_accuracy",
        "thresholds",
    ]
    assert table["images"].tolist() == ["original"]


def test_tables_hold_manual_references_only_where_there_are_any():
    both = scored(unet_table("a", "manual"), unet_table("b", "auto"))
    assert set(headline(both)["reference"]) == {"manual"}
    assert set(headline(both[both["reference"] == "auto"])["reference"]) == {"auto"}
    assert tabulate_like_paper(both, ["all"])["reference"].tolist() == ["manual"]


def test_the_headline_numbers_name_what_they_measure():
    summary = summarise(scored(*everything("auto")))
    assert (summary["reference"], summary["measure"]) == ("auto", "agreement")
    assert set(summary["methods"]) == {
        "unet_auto_original",
        "unet_auto_filtered",
        "unet_manual_original",
        "unet_manual_filtered",
        "thresholds_original",
        "thresholds_filtered",
    }
    network = summary["methods"]["unet_auto_original"]
    assert (network["scenes"], network["chips"], network["pixels"]) == (1, 2, 200)
    assert network["agreement"] == 0.75
    assert "accuracy" not in network


def test_without_a_score_there_is_no_headline():
    nothing = scored()
    assert summarise(nothing) == {"reference": None, "measure": None, "methods": {}}
    assert tabulate_like_paper(nothing, ["all"]).empty


def test_similarity_is_a_mean_over_chips_by_their_valid_pixels():
    large = [[300, 0, 0], [0, 0, 0], [0, 0, 0]]
    chips = [chip(RIGHT, ssim=0.5), chip(large, 0, 256, cloud_fraction=0.2, ssim=0.9)]
    table = chip_table("a", "manual", chips, images="original")
    similarity = tabulate_similarity(table, EvaluationOptions())
    assert only(similarity, stratum="all")["ssim"] == pytest.approx(0.8)
    assert only(similarity, stratum="all")["published"] == 0.89
    assert only(similarity, stratum="cloudy")["ssim"] == 0.9
    assert only(similarity, stratum="clear")["chips"] == 1


def test_chips_too_small_for_similarity_take_no_part():
    chips = [chip(RIGHT, ssim=0.5), chip(HALF_RIGHT, 0, 256)]
    table = chip_table("a", "manual", chips, images="filtered")
    row = only(tabulate_similarity(table, EvaluationOptions()), stratum="all")
    assert (row["chips"], row["ssim"], row["published"]) == (1, 0.5, 0.9964)


def test_auto_labels_are_not_compared_with_themselves():
    table = threshold_table(reference="auto")
    similarity = tabulate_similarity(table, EvaluationOptions())
    assert similarity.empty
    assert list(similarity) == ["images", "stratum", "chips", "ssim", "published"]


def test_tables_have_as_many_digits_as_are_published():
    third = chip([[1, 2, 0], [0, 0, 0], [0, 0, 0]])
    table = chip_table(
        "a", "manual", [third], method="unet", labels="auto", images="original"
    )
    assert tabulate_like_paper(scored(table), ["all"])["unet_auto"].tolist() == [0.3333]
