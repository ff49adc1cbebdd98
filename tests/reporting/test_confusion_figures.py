import numpy as np
import pytest

from sea_ice_kedro.reporting.evaluation_figures import draw_accuracies, draw_confusion
from sea_ice_kedro.reporting.score_tables import (
    sum_counts,
    tabulate_matrices,
    tabulate_scores,
)
from tests.score_examples import everything, threshold_table, unet_table


def accuracies(*tables):
    return draw_accuracies(tabulate_scores(sum_counts(tables, 0.1)))


def confusion(*tables):
    return draw_confusion(tabulate_matrices(sum_counts(tables, 0.1)))


def test_every_method_has_a_bar_for_each_kind_of_chips_and_images():
    figure = accuracies(*everything())
    bars = {bar.name: bar for bar in figure.data if bar.type == "bar"}
    assert list(bars) == ["U-Net-Man", "U-Net-Auto", "thresholds"]
    assert list(bars["U-Net-Auto"].x) == [
        "all chips<br>original images",
        "cloudy chips<br>original images",
        "clear chips<br>original images",
        "all chips<br>filtered images",
        "cloudy chips<br>filtered images",
        "clear chips<br>filtered images",
    ]
    assert list(bars["U-Net-Auto"].y) == [0.75, 0.5, 1.0, 0.75, 0.5, 1.0]


def test_only_methods_that_were_run_have_bars():
    figure = accuracies(unet_table(), threshold_table())
    assert [bar.name for bar in figure.data if bar.type == "bar"] == [
        "U-Net-Auto",
        "thresholds",
    ]


def test_published_accuracies_are_drawn_on_their_bars():
    diamonds = [d for d in accuracies(*everything()).data if d.type == "scatter"]
    assert [d.name for d in diamonds] == [
        "U-Net-Man, published (other scenes)",
        "U-Net-Auto, published (other scenes)",
    ]
    assert list(diamonds[1].y) == [0.9018, 0.7991, 0.9360, 0.9897, 0.9928, 0.9887]
    assert diamonds[1].offsetgroup == "unet_auto"


def test_agreement_is_called_so_and_has_no_published_accuracy_beside_it():
    figure = accuracies(*everything("auto"))
    assert figure.layout.title.text == "Agreement of held-out chips with auto-labels"
    assert figure.layout.yaxis.title.text == "agreement"
    assert [d.type for d in figure.data] == ["bar", "bar", "bar"]
    text = confusion(*everything("auto")).layout.title.text
    assert text.startswith("Agreement by class of held-out chips with auto-labels")
    for drawn in (figure, confusion(*everything("auto"))):
        assert "accuracy" not in drawn.to_json().lower()


def test_accuracy_is_said_to_be_against_manual_labels():
    text = accuracies(*everything()).layout.title.text
    assert text == "Accuracy of held-out chips against manual labels"


def test_columns_are_the_reference_and_add_up_to_one():
    matrix = confusion(threshold_table()).data[0]
    assert list(matrix.x) == ["thick ice", "thin ice", "open water"]
    z = np.array(matrix.z)
    assert z.sum(axis=0) == pytest.approx([1, 1, 1])
    # A third of the thick ice was called thin, all thin ice thick.
    assert z[:, 0] == pytest.approx([2 / 3, 1 / 3, 0])
    assert z[:, 1] == pytest.approx([1, 0, 0])
    assert np.array(matrix.customdata)[:, 0].tolist() == [40, 20, 0]


def test_there_is_a_matrix_for_each_method_and_kind_of_chips():
    figure = confusion(unet_table(), threshold_table())
    titles = [a.text for a in figure.layout.annotations]
    assert titles == [
        "U-Net-Auto, original images<br>all chips",
        "U-Net-Auto, original images<br>cloudy chips",
        "U-Net-Auto, original images<br>clear chips",
        "thresholds, original images<br>all chips",
        "thresholds, original images<br>cloudy chips",
        "thresholds, original images<br>clear chips",
    ]
    # No cloudy chip of the thresholds: its place stays empty.
    assert len(figure.data) == 5
    assert [h.yaxis for h in figure.data] == ["y", "y2", "y3", "y4", "y6"]


def test_nothing_to_show_is_an_empty_figure():
    assert len(accuracies().data) == 0
    assert len(confusion().data) == 0
