from dataclasses import asdict

import pytest

from sea_ice_kedro.run_record import (
    FailedScene,
    ProductRecord,
    RunFacts,
    RunRecord,
    Setting,
    StepRecord,
    record_of,
)


def run(run_id, **facts):
    return RunFacts(
        run_id, f"2026-01-0{run_id}T12:00:00+00:00", "test", ("a",), **facts
    )


def step(run_id, node="filter", made=0, unchanged=0, failures=(), elapsed_s=10.0):
    product = ProductRecord("filtered", made, unchanged, elapsed_s, tuple(failures))
    return StepRecord(node, "filtering", run_id, "2026", elapsed_s, (product,))


def test_a_step_takes_the_place_of_its_earlier_self():
    record = RunRecord().with_step(step("1", made=4)).with_step(step("2", made=3))
    assert [s.run_id for s in record.latest] == ["2"]


def test_a_run_with_nothing_to_do_does_not_hide_how_long_the_work_took():
    record = RunRecord().with_step(step("1", made=4, elapsed_s=40.0))
    record = record.with_step(step("2", unchanged=4, elapsed_s=0.1))
    assert record.step("filter").elapsed_s == 0.1
    assert record.full_step("filter").elapsed_s == 40.0
    assert record.full_step("filter").run_id == "1"


@pytest.mark.parametrize(
    ("made", "unchanged", "kept"), [(1, 3, "1"), (2, 2, "2"), (1, 2, "1"), (3, 1, "2")]
)
def test_a_run_that_made_half_of_the_files_or_more_did_the_work(made, unchanged, kept):
    record = RunRecord().with_step(step("1", made=4))
    record = record.with_step(step("2", made=made, unchanged=unchanged))
    assert record.full_step("filter").run_id == kept


def test_the_first_run_that_made_anything_is_better_than_none():
    record = RunRecord().with_step(step("1", made=1, unchanged=9))
    assert record.full_step("filter").run_id == "1"
    assert RunRecord().with_step(step("1", unchanged=9)).full_step("filter") is None


def test_failures_stay_until_their_step_runs_again():
    failed = step("1", made=3, failures=[FailedScene("b", "b.png: damaged")])
    record = RunRecord().with_step(failed).with_step(step("2", node="label", made=3))
    assert [(p.name, f.scene_id) for p, f in record.failures] == [("filtered", "b")]
    assert record.with_step(step("3", made=4)).failures == ()


def test_runs_that_no_step_names_any_more_are_forgotten():
    record = RunRecord().with_run(run("1")).with_step(step("1", made=4))
    record = record.with_run(run("2")).with_step(step("2", node="label", made=4))
    assert [r.run_id for r in record.with_run(run("3")).runs] == ["1", "2", "3"]
    record = record.with_step(step("2", made=4))
    assert [r.run_id for r in record.with_run(run("3")).runs] == ["2", "3"]


def test_what_is_said_of_a_run_again_replaces_what_was_said():
    record = RunRecord().with_run(run("1")).with_run(run("1", outcome="done"))
    assert [r.outcome for r in record.runs] == ["done"]
    assert record.last_run.outcome == "done"
    assert RunRecord().last_run is None


def test_rates_are_of_what_was_made():
    assert ProductRecord("p", 4, 6, 2.0).rate == 2.0
    assert ProductRecord("p", 0, 6, 2.0).rate is None
    assert ProductRecord("p", 1, 2, 2.0, (FailedScene("a", ""),)).total == 4


def test_a_record_survives_as_plain_values():
    settings = (Setting("engine.name", "processes", "threads"),)
    facts = run("1", settings=settings, versions={"kedro": "1.7.0"})
    failed = step("1", made=3, failures=[FailedScene("b", "damaged")])
    record = RunRecord().with_run(facts).with_step(failed)
    assert record_of(asdict(record)) == record
