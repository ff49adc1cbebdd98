import math
from dataclasses import replace

import pytest

from sea_ice_kedro.reporting.score_tables import (
    chip_table,
    sum_counts,
    tabulate_classes,
    tabulate_matrices,
    tabulate_scores,
)
from tests.score_examples import (
    BLANK,
    RIGHT,
    chip,
    everything,
    only,
    threshold_table,
    unet_table,
)


def test_the_table_of_a_scene_has_a_row_a_chip():
    table = chip_table("007", "auto", [chip(RIGHT), chip(BLANK, 256, 512)], images="x")
    assert table["scene_id"].tolist() == ["007", "007"]
    assert table["row"].tolist() == [0, 256]
    assert table["valid_pixels"].tolist() == [100, 0]
    assert table["reference_thin_ice_predicted_thin_ice"].tolist() == [30, 0]
    assert table["images"].tolist() == ["x", "x"]


def test_counts_add_up_over_chips_and_scenes():
    sums = sum_counts([unet_table("a"), unet_table("b")], 0.1)
    row = only(sums, stratum="all")
    assert (row["scenes"], row["chips"]) == (2, 4)
    assert row["reference_thick_ice_predicted_thick_ice"] == 200
    assert row["reference_thin_ice_predicted_thick_ice"] == 60


@pytest.mark.parametrize(
    ("fraction", "stratum"), [(0.0999, "clear"), (0.10, "cloudy"), (0.11, "cloudy")]
)
def test_chips_are_cloudy_from_the_limit_on(fraction, stratum):
    table = chip_table(
        "a",
        "manual",
        [chip(RIGHT, cloud_fraction=fraction)],
        method="unet",
        labels="auto",
        images="original",
    )
    assert sum_counts([table], 0.10)["stratum"].tolist() == ["all", stratum]


def test_manual_and_auto_references_are_never_summed():
    scores = tabulate_scores(
        sum_counts([unet_table("a", "manual"), unet_table("b", "auto")], 0.1)
    )
    whole = scores[scores["stratum"] == "all"]
    assert whole["reference"].tolist() == ["manual", "auto"]
    assert whole["scenes"].tolist() == [1, 1]


def test_what_is_measured_against_auto_labels_is_called_agreement():
    for reference, measure in (("manual", "accuracy"), ("auto", "agreement")):
        scores = tabulate_scores(sum_counts([unet_table(reference=reference)], 0.1))
        assert set(scores["measure"]) == {measure}


def test_scores_derive_from_the_summed_counts():
    row = only(tabulate_scores(sum_counts([unet_table()], 0.1)), stratum="all")
    assert row["overall"] == 0.75
    assert row["pixels"] == 200
    assert row["macro_recall"] == pytest.approx((100 / 120 + 30 / 60 + 1) / 3)
    assert row["weighted_recall"] == pytest.approx(0.75)
    assert row["macro_iou"] == pytest.approx((100 / 150 + 30 / 80 + 1) / 3)


def test_classes_have_their_support():
    classes = tabulate_classes(sum_counts([threshold_table()], 0.1))
    thick, thin, water = classes[classes["stratum"] == "all"].to_dict("records")
    assert (thick["class"], thick["support"]) == ("thick_ice", 60)
    assert thick["recall"] == pytest.approx(2 / 3)
    assert thick["precision"] == pytest.approx(4 / 7)
    assert (thin["recall"], thin["support"]) == (0.0, 30)
    assert water["f1"] == 1.0


def test_shares_of_a_reference_class_add_up_to_one():
    cells = tabulate_matrices(sum_counts([threshold_table()], 0.1))
    cells = cells[cells["stratum"] == "all"]
    sums = cells.groupby("reference_class")["share_of_reference"].sum()
    assert sums.to_dict() == pytest.approx(
        {"thick_ice": 1.0, "thin_ice": 1.0, "open_water": 1.0}
    )
    mixed = only(cells, reference_class="thick_ice", predicted_class="thin_ice")
    assert mixed["pixels"] == 20
    assert mixed["share_of_reference"] == pytest.approx(1 / 3)


def test_a_class_that_the_reference_lacks_has_no_shares():
    no_water = [[5, 0, 1], [0, 5, 0], [0, 0, 0]]
    table = chip_table(
        "a", "auto", [chip(no_water)], method="unet", labels="auto", images="original"
    )
    cells = tabulate_matrices(sum_counts([table], 0.1))
    absent = cells[cells["reference_class"] == "open_water"]
    assert absent["pixels"].sum() == 0
    assert all(math.isnan(share) for share in absent["share_of_reference"])


def test_strata_without_a_pixel_have_no_row():
    assert sum_counts([threshold_table()], 0.1)["stratum"].tolist() == ["all", "clear"]


def test_a_method_that_has_no_pixel_in_common_with_the_reference_has_no_row():
    labelled_but_not_predicted = replace(chip(BLANK), valid_pixels=100)
    table = chip_table(
        "a",
        "manual",
        [labelled_but_not_predicted],
        method="unet",
        labels="auto",
        images="original",
    )
    assert sum_counts([table], 0.1).empty


@pytest.mark.parametrize(
    "table",
    [
        chip_table("a", "auto", [chip(BLANK)], method="x", labels="y", images="z"),
        None,
    ],
)
def test_nothing_to_score_gives_empty_tables_with_all_columns(table):
    sums = sum_counts([] if table is None else [table], 0.1)
    full = sum_counts([unet_table()], 0.1)
    for tabulate in (tabulate_scores, tabulate_classes, tabulate_matrices):
        assert tabulate(sums).empty
        assert list(tabulate(sums)) == list(tabulate(full))


def test_methods_come_in_the_order_of_the_paper():
    scores = tabulate_scores(sum_counts(everything(), 0.1))
    whole = scores[scores["stratum"] == "all"]
    assert whole[["method", "labels", "images"]].to_numpy().tolist() == [
        ["unet", "manual", "original"],
        ["unet", "manual", "filtered"],
        ["unet", "auto", "original"],
        ["unet", "auto", "filtered"],
        ["thresholds", "none", "original"],
        ["thresholds", "none", "filtered"],
    ]
