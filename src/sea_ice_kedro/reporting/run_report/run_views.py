"""Runs and their steps as the report shows them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from sea_ice_kedro.reporting.run_report.formatting import moment, rate, seconds
from sea_ice_kedro.reporting.run_report.report_inputs import ReportInputs
from sea_ice_kedro.run_record import RunFacts, RunRecord, StepRecord

_DEFAULT = ("__default__",)


@dataclass(frozen=True)
class StepView:
    """One step: as it ran last, and as it ran when it last did its work."""

    step: StepRecord
    run: str
    """When that run began."""

    made: int
    unchanged: int
    failed: int
    rate: str
    share: float
    """Share of the longest step, 0..1."""

    full: str
    """"66 made in 17.9 s (3.7/s), 2026-11-24 12:00 UTC"; "" where that is this run."""


def view_steps(record: RunRecord) -> list[StepView]:
    """Prepare the steps for the page, in the order in which they ran last."""
    steps = sorted(record.latest, key=lambda step: step.started)
    longest = max((step.elapsed_s for step in steps), default=0.0)
    return [_view(step, record, longest) for step in steps]


def _view(step: StepRecord, record: RunRecord, longest_s: float) -> StepView:
    full = record.full_step(step.node)
    return StepView(
        step=step,
        run=_began(record, step),
        made=step.made,
        unchanged=sum(product.unchanged for product in step.products),
        failed=sum(len(product.failures) for product in step.products),
        rate=_rate(step),
        share=step.elapsed_s / longest_s if longest_s else 0.0,
        full=_in_words(full, record)
        if full is not None and full.run_id != step.run_id
        else "",
    )


def _in_words(step: StepRecord, record: RunRecord) -> str:
    made_s = sum(product.elapsed_s for product in step.products)
    return (
        f"{step.made} made in {seconds(made_s)} ({_rate(step)}), {_began(record, step)}"
    )


def _rate(step: StepRecord) -> str:
    """Give the rate of a step with a file a scene: of making them, without the rest."""
    made_s = sum(product.elapsed_s for product in step.products)
    return rate(step.made / max(made_s, 1e-9) if step.made else None)


def _began(record: RunRecord, step: StepRecord) -> str:
    run = record.run(step.run_id)
    return moment(run.started if run else step.started)


def command_of(run: RunFacts) -> str:
    """Write what a run was asked for as a command, without its parameters."""
    environment = "" if run.env in ("", "local") else f" --env {run.env}"
    named = (
        "" if run.pipelines == _DEFAULT else f" --pipelines {','.join(run.pipelines)}"
    )
    return f"kedro run{environment}{named}"


def runs_of(record: RunRecord) -> Sequence[RunFacts]:
    """Return the runs that stand behind what is shown, the latest first.

    One that only wrote a report is left out, unless there is no other.
    """
    behind = [run for run in reversed(record.runs) if run.pipelines != ("reporting",)]
    return behind or list(record.runs)


def view_training(histories: Mapping[str, pd.DataFrame]) -> dict[str, str]:
    """Say how long each network learnt: from its own history, which later runs keep."""
    return {
        name: f"{len(history)} epochs in {seconds(float(history['seconds'].sum()))}"
        for name, history in histories.items()
        if "seconds" in history and len(history)
    }


def missing_of(material: ReportInputs) -> dict[str, str]:
    """Name what no run has made, with the command that makes it."""
    scored = "kedro run --pipelines modeling,evaluation,reporting"
    absent = {
        "What the filter did": (material.clouds, "filtering"),
        "Class maps by brightness": (material.labels, "autolabel"),
        "Class maps by a network": (material.ice, "inference"),
    }
    missing = {
        what: f"kedro run --pipelines {pipeline},reporting"
        for what, (table, pipeline) in absent.items()
        if table is None
    }
    if material.scores is None:
        missing["Scores"] = scored
    if not material.record.latest:
        missing["Times, settings and failures"] = "a run with this catalog records them"
    return missing
