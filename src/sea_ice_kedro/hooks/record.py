"""Steps of a run and their times, kept for the run report."""

import time
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

from kedro.framework.hooks import hook_impl
from kedro.io import DatasetError
from kedro.pipeline import Pipeline
from kedro.pipeline.node import Node

from sea_ice_kedro.datasets.failures import LEDGER, Failure
from sea_ice_kedro.hooks.readable_errors import meant_for_people
from sea_ice_kedro.hooks.settings_used import settings_that_differ
from sea_ice_kedro.hooks.software import commit, software_and_machine
from sea_ice_kedro.interrupts import Interrupts
from sea_ice_kedro.run_record import ProductRecord, RunFacts, RunRecord, StepRecord

RECORD = "run_record"
"""Name of the dataset."""

_WRITE_EVERY_S = 10.0
"""A killed run loses no more of its record; a bucket is not written to all the time."""


class RecordHooks:
    """Record settings, software, times, counts and failures of each run.

    The record is written every few seconds, before a node loads it, and at the end of
    the run, however that ends.
    """

    def __init__(self) -> None:
        """Start without a run."""
        self._loader: Any = None
        self._recorder: Recorder | None = None
        self._interrupts = Interrupts()

    @hook_impl
    def after_context_created(self, context: Any) -> None:  # noqa: ANN401
        """Remember where settings come from."""
        self._loader = context.config_loader

    @hook_impl
    def before_pipeline_run(
        self,
        run_params: dict[str, Any],
        pipeline: Pipeline,
        catalog: Any,  # noqa: ANN401
    ) -> None:
        """Begin the record of this run, where the catalog has a place for it."""
        self._recorder = None
        self._interrupts.expect(partial(self._close, "interrupted"))
        if RECORD not in catalog:
            return
        facts = RunFacts(
            run_id=run_params["run_id"],
            started=_now(),
            env=run_params["env"] or "",
            pipelines=tuple(run_params["pipeline_names"] or ["__default__"]),
            settings=settings_that_differ(self._loader),
            commit=commit(),
            versions=software_and_machine(),
        )
        self._recorder = Recorder(catalog, facts)

    @hook_impl
    def before_dataset_loaded(self, dataset_name: str, node: Node) -> None:
        """Start the clock of a step; write what a step is about to load."""
        if self._recorder is not None:
            self._recorder.begin(node)
            if dataset_name == RECORD:
                self._recorder.write()

    @hook_impl
    def before_node_run(self, node: Node) -> None:
        """Start the clock of a step that loads nothing."""
        if self._recorder is not None:
            self._recorder.begin(node)

    @hook_impl
    def after_dataset_saved(self, node: Node) -> None:
        """Stop the clock of a step, as far as it has come."""
        if self._recorder is not None:
            self._recorder.enter(node)

    @hook_impl
    def after_pipeline_run(self) -> None:
        """Close the record of a run that came to its end."""
        self._close("done")

    @hook_impl
    def on_pipeline_error(self, error: Exception) -> None:
        """Close the record of a run that was ended by an error, and say by which."""
        meant = meant_for_people(error)
        words = f"{type(error).__name__}: {error}" if meant is None else str(meant)
        self._close("ended by an error", words)

    def _close(self, outcome: str, error: str = "") -> None:
        self._interrupts.forget()
        if self._recorder is not None:
            recorder, self._recorder = self._recorder, None
            recorder.close(outcome, error)


class Recorder:
    """Keeps the record of one run."""

    def __init__(self, catalog: Any, facts: RunFacts) -> None:  # noqa: ANN401
        """Go on with the record of earlier runs.

        Args:
            catalog: Of the run; holds the record and what steps save.
            facts: What is known of the run at its start.
        """
        self._catalog, self._facts = catalog, facts
        self._record: RunRecord = catalog.load(RECORD).with_run(facts)
        self._start = self._written = time.monotonic()
        self._begun: dict[str, tuple[Node, float, str]] = {}
        self._unwritten = ""

    def begin(self, node: Node) -> None:
        """Start the timer of a step unless it is running."""
        self._begun.setdefault(node.name, (node, time.monotonic(), _now()))

    def enter(self, node: Node) -> None:
        """Put down how long a step has taken, and what became of its products."""
        _, start, started = self._begun[node.name]
        step = StepRecord(
            node=node.name,
            pipeline=" ".join(sorted(node.tags)),
            run_id=self._facts.run_id,
            started=started,
            elapsed_s=time.monotonic() - start,
            products=self._products(node),
        )
        self._record = self._record.with_step(step)
        if time.monotonic() - self._written >= _WRITE_EVERY_S:
            self.write()

    def _products(self, node: Node) -> tuple[ProductRecord, ...]:
        saved = (
            getattr(self._catalog.get(name), "last_saved", None)
            for name in node.outputs
        )
        return tuple(product for product in saved if product is not None)

    def write(self) -> None:
        """Store the record as it is; whether that went well is said at the end."""
        try:
            self._catalog.save(RECORD, self._record)
            self._unwritten = ""
        except DatasetError as error:
            self._unwritten = str(error.__cause__ or error)
        self._written = time.monotonic()

    def close(self, outcome: str, error: str) -> None:
        """Store how the run ended, with the failures of the step that ended it.

        A record that cannot be stored is one more product that could not be made.
        """
        for node, *_ in self._begun.values():
            if any(p.failures for p in self._products(node)):
                self.enter(node)
        elapsed_s = time.monotonic() - self._start
        facts = replace(self._facts, outcome=outcome, error=error, elapsed_s=elapsed_s)
        self._record = self._record.with_run(facts)
        self.write()
        if self._unwritten:
            LEDGER.record([Failure(RECORD, self._facts.run_id, self._unwritten)])


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
