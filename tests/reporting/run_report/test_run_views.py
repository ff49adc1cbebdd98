import pandas as pd

from sea_ice_kedro.reporting.run_report.run_views import (
    command_of,
    runs_of,
    view_curves,
    view_steps,
    view_training,
)
from sea_ice_kedro.run_record import ProductRecord, RunFacts, RunRecord, StepRecord


def run(run_id, env="local", pipelines=("__default__",)):
    return RunFacts(run_id, f"2026-01-0{run_id}T12:00:00+00:00", env, pipelines)


def step(run_id, made, unchanged, elapsed_s):
    product = ProductRecord("class_maps", made, unchanged, elapsed_s)
    started = f"2026-01-0{run_id}T12:01:00+00:00"
    return StepRecord("label", "autolabel", run_id, started, elapsed_s + 1, (product,))


TWICE = (
    RunRecord()
    .with_run(run("1"))
    .with_step(step("1", 66, 0, 20.0))
    .with_run(run("2"))
    .with_step(step("2", 0, 66, 0.3))
)


def test_a_step_with_nothing_to_do_is_shown_beside_the_run_that_did_its_work():
    (view,) = view_steps(TWICE)
    assert (view.made, view.unchanged, view.rate) == (0, 66, "–")
    assert view.run == "2026-01-02 12:00 UTC"
    assert view.full == "66 made in 20.0 s (3.3/s), 2026-01-01 12:00 UTC"


def test_a_step_that_has_just_worked_needs_no_earlier_run():
    (view,) = view_steps(TWICE.with_step(step("2", 40, 26, 10.0)))
    assert (view.rate, view.full, view.share) == ("4.0/s", "", 1.0)


def test_runs_that_only_wrote_a_report_are_not_shown_beside_those_that_worked():
    record = TWICE.with_run(run("3", pipelines=("reporting",)))
    assert [r.run_id for r in runs_of(record)] == ["2", "1"]
    alone = RunRecord().with_run(run("3", pipelines=("reporting",)))
    assert [r.run_id for r in runs_of(alone)] == ["3"]


def test_a_run_is_told_as_the_command_that_it_was():
    assert command_of(run("1")) == "kedro run"
    some = run("1", "paper", ("filtering", "autolabel"))
    assert command_of(some) == "kedro run --env paper --pipelines filtering,autolabel"


HISTORY = pd.DataFrame(
    {
        "epoch": [1, 2, 3],
        "loss": [1.0, 0.5, 0.25],
        "validation_loss": [2.0, 1.0, float("nan")],
        "seconds": [10.0, 10.0, 10.5],
    }
)


def test_how_long_a_network_learnt_is_told_by_its_history():
    assert view_training({"a": HISTORY, "b": HISTORY[:0]}) == {
        "a": "3 epochs in 30.5 s"
    }


def test_a_curve_fills_its_drawing_and_leaves_out_what_is_no_number():
    (curve,) = view_curves({"a": HISTORY})
    assert curve.lines["training"] == "0.0,45.0 130.0,67.5 260.0,78.8"
    assert curve.lines["validation"] == "0.0,0.0 130.0,45.0"
    assert curve.words.startswith("training loss from 1.000 to 0.250")
    assert view_curves({"a": HISTORY[:1]})[0].lines["training"] == "0.0,45.0"
