import pandas as pd
import pytest

from sea_ice_kedro.reporting.run_figures import draw_learning_curves

NAN = float("nan")


def history(validation_loss):
    count = len(validation_loss)
    return pd.DataFrame(
        {
            "epoch": range(1, count + 1),
            "loss": [1.0 / n for n in range(1, count + 1)],
            "accuracy": [0.5] * count,
            "validation_loss": validation_loss,
            "validation_accuracy": [0.25] * count,
            "learning_rate": [0.001] * count,
        }
    )


def test_loss_and_hits_are_drawn_for_training_and_validation():
    figure = draw_learning_curves(history([0.9, 0.5, 0.7]))
    assert [(c.name, c.xaxis) for c in figure.data] == [
        ("training", "x"),
        ("validation", "x"),
        ("training", "x2"),
        ("validation", "x2"),
    ]
    assert list(figure.data[0].x) == [1, 2, 3]
    assert list(figure.data[1].y) == [0.9, 0.5, 0.7]
    assert list(figure.data[3].y) == [0.25, 0.25, 0.25]


@pytest.mark.parametrize(
    ("losses", "best"), [([0.9, 0.5, 0.7], 2), ([0.5, 0.5], 1), ([NAN, 0.8, NAN], 2)]
)
def test_the_epoch_with_the_lowest_validation_loss_is_marked(losses, best):
    figure = draw_learning_curves(history(losses))
    assert [line.x0 for line in figure.layout.shapes] == [best, best]
    assert [a.text for a in figure.layout.annotations] == [f"best epoch {best}"]


@pytest.mark.parametrize("losses", [[NAN, NAN], []])
def test_without_a_validation_loss_no_epoch_is_marked(losses):
    figure = draw_learning_curves(history(losses))
    assert len(figure.layout.shapes) == 0
    assert len(figure.data) == 4


def test_what_a_network_learns_from_labels_is_not_called_accuracy():
    assert "accuracy" not in draw_learning_curves(history([0.5])).to_json()
