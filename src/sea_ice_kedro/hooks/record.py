"""What a run does: logged as it goes, recorded for the run report."""

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from kedro.framework.hooks import hook_impl
from kedro.io import DatasetError
from kedro.pipeline import Pipeline
from kedro.pipeline.node import Node

from sea_ice_kedro import __version__
from sea_ice_kedro.datasets.manifest import expect_as_made, forget_file, keep_file
from sea_ice_kedro.datasets.run_state import (
    IN_DETAIL,
    INTERMEDIATES,
    LEDGER,
    SETTING,
    STEPS,
    Failure,
    MadeFolder,
    remove_intermediates,
)
from sea_ice_kedro.datasets.whole_file import WholeFileDataset
from sea_ice_kedro.errors import FolderInUse
from sea_ice_kedro.hooks.run_end import message_of
from sea_ice_kedro.hooks.run_log import (
    commit,
    log_path,
    open_log,
    settings_that_differ,
    software_and_machine,
)
from sea_ice_kedro.hooks.settings_checks import keep_intermediates
from sea_ice_kedro.interrupts import Interrupts
from sea_ice_kedro.run_record import ProductRecord, RunFacts, RunRecord, StepRecord


class SingleFiles:
    """Digests of the files that a run saves, compared with those that it loads.

    Folders of products have manifests; this is for what is one file on a disk. An
    object in a bucket is there whole or not at all.
    """

    def __init__(self, catalog: Any) -> None:  # noqa: ANN401 - Kedro's
        """Remember where data lie."""
        self._catalog = catalog

    def forget(self, name: str) -> None:
        """Forget the file of a dataset that is about to be replaced."""
        if path := self._path(name):
            forget_file(path)

    def keep(self, name: str) -> None:
        """Record the digest of what was written."""
        if path := self._path(name):
            keep_file(path)

    def expect_as_made(self, name: str) -> None:
        """Compare what a step is about to read with what was written.

        Raises:
            InvalidRecord: naming the file that is not as it was made.
        """
        path = self._path(name)
        if path and self._catalog.exists(name):
            expect_as_made(path)

    def _path(self, name: str) -> str:
        dataset = self._catalog.get(name)
        place = path_of(dataset) if isinstance(dataset, WholeFileDataset) else ""
        return "" if "://" in place else place


def path_of(dataset: Any) -> str:  # noqa: ANN401 - Kedro's, or None
    """Return the path or URL of a dataset on a disk or in a bucket, "" of others."""
    place = getattr(dataset, "_filepath", None) or getattr(dataset, "_path", None)
    return str(place) if place else ""


# --- The hook

logger = logging.getLogger(__name__)

RECORD = "run_record"
"""Name of the dataset."""

_WRITE_EVERY_S = 10.0
"""A killed run loses no more of its record; a bucket is not written to all the time."""

_LONG_S = 10.0

_DONE = "done"
"""Outcome of a run that came to its end."""

_FIRST = ("report", "prediction_quicklooks", "quicklooks")
"""Products that people look at first, if the run has them."""

_MAPS = ("predictions", "class_maps")


class RecordHooks:
    """Log, count and record what a run does; remove what it is not to keep.

    The record has settings, software, times, counts and failures. It is written every
    few seconds, before a node loads it, and at the end of the run, however that ends.
    """

    def __init__(self) -> None:
        """Start without a run."""
        self._loader: Any = None
        self._overview = Overview("")
        self._recorder: Recorder | None = None
        self._files: SingleFiles | None = None
        self._interrupts = Interrupts()
        self._keep = True

    @hook_impl(tryfirst=True)
    def after_context_created(self, context: Any) -> None:  # noqa: ANN401
        """Open the log, before anything is checked; remember where settings come from.

        Raises:
            InvalidOption: if the log is asked for in a bucket.
        """
        project_path = Path(context.project_path)
        open_log(project_path)
        self._loader = context.config_loader
        root = str(self._loader["globals"]["data_root"])
        on_disk = "://" not in root
        self._overview = Overview(str(project_path / root) if on_disk else root)

    @hook_impl
    def before_pipeline_run(
        self,
        run_params: dict[str, Any],
        pipeline: Pipeline,
        catalog: Any,  # noqa: ANN401
    ) -> None:
        """Begin the record of this run, where the catalog has a place for it."""
        given = self._loader.runtime_params or {}
        self._keep = keep_intermediates(self._loader["globals"], given)
        INTERMEDIATES.open(keep=self._keep)
        self._recorder = None
        self._files = SingleFiles(catalog)
        self._interrupts.expect(partial(self._close, "interrupted"))
        if RECORD in catalog:
            self._recorder = Recorder(catalog, facts_of(run_params, self._loader))
        self._overview.begin(run_params.get("pipeline_names"), len(pipeline.nodes))

    @hook_impl
    def before_dataset_loaded(self, dataset_name: str, node: Node) -> None:
        """Start the clock of a step; write the record that it is about to load.

        Raises:
            InvalidRecord: if a table or figure is not as it was made.
        """
        if self._recorder is not None:
            self._recorder.begin(node)
            if dataset_name == RECORD:
                self._recorder.write()
        if self._files is not None:
            self._files.expect_as_made(dataset_name)

    @hook_impl
    def before_dataset_saved(self, dataset_name: str) -> None:
        """Forget the digest of a file that is about to be replaced."""
        if self._files is not None:
            self._files.forget(dataset_name)

    @hook_impl
    def before_node_run(self, node: Node) -> None:
        """Go on to the next step; start the clock of one that loads nothing."""
        self._overview.next(node.name)
        if self._recorder is not None:
            self._recorder.begin(node)

    @hook_impl
    def after_node_run(self, node: Node) -> None:
        """Name a step that took long."""
        self._overview.ended(node.name)

    @hook_impl
    def on_node_error(self, node: Node) -> None:
        """Name the step; the end of the run says why."""
        self._overview.failed(node.name)

    @hook_impl
    def after_dataset_saved(self, dataset_name: str, node: Node) -> None:
        """Keep the digest of a file; stop the clock of a step, as far as it is."""
        if self._files is not None:
            self._files.keep(dataset_name)
        if self._recorder is not None:
            self._recorder.enter(node)

    @hook_impl
    def after_pipeline_run(self, pipeline: Pipeline, catalog: Any) -> None:  # noqa: ANN401
        """Close the record of a run that came to its end."""
        self._overview.end(places_of(pipeline, catalog))
        made = INTERMEDIATES.close()
        if not self._keep:
            remove_used(made)
        self._close(_DONE)

    @hook_impl
    def on_pipeline_error(self, error: Exception) -> None:
        """Close the record of a run that was ended by an error, and say by which.

        Intermediate products stay: the next run goes on with them.
        """
        self._overview.stop()
        INTERMEDIATES.close()
        self._close("ended by an error", message_of(error))

    def _close(self, outcome: str, error: str = "") -> None:
        self._interrupts.forget()
        if self._recorder is None:
            return
        recorder, self._recorder = self._recorder, None
        failures = recorder.close(outcome, error)
        if failures and outcome == _DONE:
            LEDGER.record(failures)
        elif failures:  # what ended the run is what its end is to say
            logger.error("its record cannot be stored: %s", failures[0].reason)


def facts_of(run_params: Mapping[str, Any], loader: Any) -> RunFacts:  # noqa: ANN401
    """Gather what is known of a run at its start.

    Args:
        run_params: As Kedro gives them to hooks.
        loader: Kedro's configuration loader of the run.
    """
    return RunFacts(
        run_id=run_params["run_id"],
        started=_now(),
        env=run_params["env"] or "",
        pipelines=tuple(run_params["pipeline_names"] or ["__default__"]),
        settings=settings_that_differ(loader),
        commit=commit(),
        versions=software_and_machine(),
    )


def places_of(pipeline: Pipeline, catalog: Any) -> dict[str, str]:  # noqa: ANN401
    """Return the paths and URLs of all that a run makes, by name, in order of names."""
    places = {}
    for name in sorted(pipeline.all_outputs()):
        if place := path_of(catalog.get(name)):
            places[name.partition("@")[0]] = place
    return places


def remove_used(folders: Mapping[str, MadeFolder]) -> None:
    """Remove intermediate products of which all that is made of them is.

    Those of a scene of which anything failed stay. What cannot be removed is one more
    failure of the run.

    Args:
        folders: What the run has made and made something of, by path or URL.
    """
    failed = {failure.partition_id for failure in LEDGER.failures}
    for folder, made in sorted(folders.items()):
        name = folder.rpartition("/")[2]
        whole = [i for i in made.partition_ids if i not in failed]
        try:
            size = remove_intermediates(folder, whole)
        except (OSError, FolderInUse) as error:
            LEDGER.record([Failure(name, "its removal", str(error))])
            continue
        if size:
            said = name, size / 1e6, SETTING
            logger.info("%s: removed, %.1f MB (%s=false)", *said)


class Overview:
    """Logs what a run is about to do, its steps, and what to look at first."""

    def __init__(self, data_root: str) -> None:
        """Start before any run.

        Args:
            data_root: Where its products go: a path or URL.
        """
        self._data_root = data_root
        self._start = self._step_start = 0.0

    def begin(self, pipeline_names: Sequence[str] | None, steps: int) -> None:
        """Begin to count, when all that is checked before is right."""
        self._start = time.monotonic()
        STEPS.start(steps)
        path = log_path()
        logger.info(
            "sea_ice_kedro %s: %s, %d steps; data: %s%s",
            __version__,
            " + ".join(pipeline_names or ["all pipelines"]),
            steps,
            self._data_root,
            f"; log: {path}" if path else "",
        )

    def next(self, step: str) -> None:
        """Go on to the next step."""
        self._step_start = time.monotonic()
        STEPS.next(step)

    def ended(self, step: str) -> None:
        """Name a step that took long; one that saves scenes says so itself."""
        took_s = time.monotonic() - self._step_start
        if took_s >= _LONG_S:
            logger.info("%s%s: %.0f s", str(STEPS), step, took_s)

    def failed(self, step: str) -> None:
        """Name a step that failed."""
        logger.error("step %s%s failed", str(STEPS), step)

    def end(self, places: Mapping[str, str]) -> None:
        """Name the products to look at first, and in the log file all.

        Args:
            places: Of the products, by name.
        """
        self.stop()
        logger.info("done in %s", _duration(time.monotonic() - self._start))
        for words, names in (("maps", _MAPS), ("look first at", _FIRST)):
            found = (shown(places[name]) for name in names if name in places)
            place = next((one for one in found if one), "")
            if place:
                logger.info("%s: %s", words, place)
        for name, place in places.items():
            logger.info("%s: %s", name, place, extra=IN_DETAIL)

    def stop(self) -> None:
        """Show no step any more."""
        STEPS.stop()


def shown(place: str) -> str:
    """Return what to open: a folder's first picture; "" for what is not there."""
    if "://" in place:
        return place
    path = Path(place)
    if not place or not path.exists():
        return ""
    return str(min(path.glob("*.png"), default=path))


def _duration(elapsed_s: float) -> str:
    minutes, seconds = divmod(round(elapsed_s), 60)
    return f"{minutes} min {seconds} s" if minutes else f"{seconds} s"


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
            self._unwritten = message_of(error)
        self._written = time.monotonic()

    def close(self, outcome: str, error: str) -> list[Failure]:
        """Store how the run ended, with the failures of the step that ended it.

        Returns:
            A record that cannot be stored: one more product that could not be made.
        """
        for node, *_ in self._begun.values():
            if any(p.failures for p in self._products(node)):
                self.enter(node)
        elapsed_s = time.monotonic() - self._start
        facts = replace(self._facts, outcome=outcome, error=error, elapsed_s=elapsed_s)
        self._record = self._record.with_run(facts)
        self.write()
        if not self._unwritten:
            return []
        return [Failure(RECORD, self._facts.run_id, self._unwritten)]


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
