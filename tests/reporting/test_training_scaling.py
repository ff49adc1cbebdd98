import json

import pytest

from sea_ice_kedro.reporting.scaling_figures import draw_training
from sea_ice_kedro.reporting.scaling_tables import (
    describe_models,
    fit_models,
    tabulate_all_reduces,
    tabulate_times,
    tabulate_training,
)
from sea_ice_kedro.training.ring_all_reduce import RingAllReduce

RING = RingAllReduce(1e-9, 1e-3)


def measured(repeat, workers, images_per_s):
    return {
        "repeat": repeat,
        "workers": workers,
        "batch_size": 4,
        "gradient_bytes": 8_000_000,
        "images_per_s": images_per_s,
    }


TIMES = tabulate_times(
    [measured(0, 1, 40), measured(0, 2, 60), measured(1, 1, 20), measured(1, 2, 34)]
)
REDUCED = tabulate_all_reduces([[2, b, RING.seconds(2, b)] for b in (4e3, 8e6)])
NONE = tabulate_times([]), tabulate_all_reduces([])


@pytest.fixture(scope="module")
def table():
    models = fit_models(TIMES, REDUCED)
    return tabulate_training(TIMES, models, [16, 8]).set_index("workers")


def test_a_row_for_whatever_was_measured_published_or_asked_for(table):
    assert table.index.tolist() == [1, 2, 4, 6, 8, 16]


def test_speedups_are_medians_of_ratios_within_a_repeat(table):
    assert table["images_per_s"].dropna().tolist() == [30, 47]
    assert table["speedup"].dropna().tolist() == [1.0, 1.6]
    assert table["repeats"].dropna().tolist() == [2, 2]
    assert table.loc[1, "epoch_s"] == pytest.approx(
        (3379 / 40 + 3379 / 20) / 2, abs=0.01
    )


def test_the_papers_table_stands_beside(table):
    assert table["paper_speedup"].dropna().tolist() == [1.0, 1.96, 3.79, 5.44, 7.21]
    assert table.loc[8, ["paper_time_s", "paper_epoch_s"]].tolist() == [38.91, 0.79]


def test_our_model_is_of_one_worker_and_of_all_reduces_alone(table):
    # a step of 4 / 30 s, averaging 8 MB between two: 10 ms
    step_s = 4 / 30 + 0.010
    assert table.loc[2, "modelled_images_per_s"] == pytest.approx(8 / step_s, abs=0.01)
    assert table.loc[2, "modelled_speedup"] == pytest.approx(1.860, abs=0.001)
    assert table["modelled_speedup"].notna().all()


def test_the_papers_model_meets_its_speedups_within_four_percent(table):
    off = table["paper_modelled_speedup"] / table["paper_speedup"] - 1
    assert off.abs().max() < 0.04
    assert table.loc[16, "paper_modelled_speedup"] == pytest.approx(13.25, abs=0.05)


def test_what_a_model_was_fitted_to_is_said_with_how_far_it_is_off():
    facts = describe_models(fit_models(TIMES, REDUCED), TIMES)
    assert json.loads(json.dumps(facts)) == facts
    assert "all-reduces of this machine" in facts["ours"]["fitted_to"]
    assert facts["ours"]["speedup_error"] == {"2": pytest.approx(0.1628, abs=1e-3)}
    assert facts["ours"]["bandwidth_gb_per_s"] == pytest.approx(1.0)
    assert set(facts["paper"]["speedup_error"]) == {"2", "4", "6", "8"}


def test_without_measurements_the_papers_figures_are_left():
    models = fit_models(*NONE)
    assert models.ours is None
    table = tabulate_training(NONE[0], models, [16])
    assert table["workers"].tolist() == [1, 2, 4, 6, 8, 16]
    assert table["speedup"].isna().all()
    assert table["modelled_speedup"].isna().all()
    assert describe_models(models, NONE[0])["ours"] is None
    names = {curve.name for curve in draw_training(table).data}
    assert names == {"ideal", "Iqrah et al. (2024), A100", "Iqrah et al., modelled"}


def test_what_is_modelled_is_called_so_and_dashed_without_marks(table):
    curves = draw_training(table.reset_index()).data
    modelled = [c for c in curves if "modelled" in c.name]
    others = [c for c in curves if "modelled" not in c.name and c.name != "ideal"]
    assert len(modelled) == len(others) == 4
    assert {(c.mode, c.line.dash) for c in modelled} == {("lines", "dash")}
    assert {(c.mode, c.line.dash) for c in others} == {("lines+markers", "solid")}
    ours = next(c for c in curves if c.name == "measured here" and c.yaxis == "y")
    assert (list(ours.x), list(ours.y)) == ([1, 2], [1.0, 1.6])
