"""Record of runs: their settings and software, the time of each step, its failures.

Plain values that a hook fills in while a run goes on, a dataset stores beside the
products, and the run report shows.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any


@dataclass(frozen=True)
class FailedScene:
    """One scene's product that could not be made, and why."""

    scene_id: str
    reason: str


@dataclass(frozen=True)
class ProductRecord:
    """Outcome of saving a folder with one file per scene."""

    name: str
    """Of the folder: "class_maps"."""

    made: int
    unchanged: int
    """There already, made from the same input, settings and software."""

    elapsed_s: float
    """Seconds to make and write them, start-up of workers included."""

    failures: tuple[FailedScene, ...] = ()

    @property
    def total(self) -> int:
        """How many scenes the step was asked for."""
        return self.made + self.unchanged + len(self.failures)

    @property
    def rate(self) -> float | None:
        """Scenes made a second; None where none was."""
        return self.made / max(self.elapsed_s, 1e-9) if self.made else None


@dataclass(frozen=True)
class StepRecord:
    """One node of the pipelines: when it ran last, and for how long."""

    node: str
    """Its name, with the namespace: "manual_original.train_unet"."""

    pipeline: str
    run_id: str
    started: str
    """UTC, ISO 8601."""

    elapsed_s: float
    """From loading its first input to saving its last output."""

    products: tuple[ProductRecord, ...] = ()
    """Outputs with one file per scene."""

    @property
    def made(self) -> int:
        """Files it made, of all its products."""
        return sum(product.made for product in self.products)

    @property
    def did_its_work(self) -> bool:
        """Whether it made half or more of its files: its time is that of its work."""
        total = sum(product.total for product in self.products)
        return self.made > 0 and 2 * self.made >= total


@dataclass(frozen=True)
class Setting:
    """A parameter that is not what `conf/base` says."""

    name: str
    default: str
    value: str


@dataclass(frozen=True)
class RunFacts:
    """One run: what was asked for, with which settings and software, and its end."""

    run_id: str
    started: str
    """UTC, ISO 8601."""

    env: str
    pipelines: tuple[str, ...]
    """As they were asked for; ("__default__",) for all."""

    settings: tuple[Setting, ...] = ()
    commit: str = ""
    """Of the software's repository, "+" behind it if files were changed; "" outside."""

    versions: Mapping[str, str] = field(default_factory=dict)
    """Package or machine -> version or description."""

    outcome: str = "under way"
    """"under way" (also of a run that was killed), "done", "interrupted" (Ctrl-C) or
    "ended by an error"."""

    elapsed_s: float | None = None
    """Of the whole run; None before its end."""

    error: str = ""
    """Message of the error that ended the run, if one did."""


@dataclass(frozen=True)
class RunRecord:
    """The runs that stand behind the products of one data root."""

    runs: tuple[RunFacts, ...] = ()
    """Oldest first; those that a step names, and the latest."""

    latest: tuple[StepRecord, ...] = ()
    """Every step as it ran last, in the order of that."""

    fullest: tuple[StepRecord, ...] = ()
    """Every step with a file a scene as it ran when it last made half or more of them:
    a run that finds all there already does not hide how long the work takes."""

    def run(self, run_id: str) -> RunFacts | None:
        """Return the record of a run."""
        return next((run for run in self.runs if run.run_id == run_id), None)

    @property
    def last_run(self) -> RunFacts | None:
        """The latest run; None where none is recorded."""
        return self.runs[-1] if self.runs else None

    def step(self, node: str) -> StepRecord | None:
        """Return a step as it ran last."""
        return _find(self.latest, node)

    def full_step(self, node: str) -> StepRecord | None:
        """Return a step as it ran when it last did its work."""
        return _find(self.fullest, node)

    def with_run(self, facts: RunFacts) -> "RunRecord":
        """Add a run, or say more of it; drop those that no step names any more."""
        named = {step.run_id for step in (*self.latest, *self.fullest)}
        others = [r for r in self.runs if r.run_id != facts.run_id]
        kept = [run for run in others if run.run_id in named]
        return replace(self, runs=(*kept, facts))

    def with_step(self, step: StepRecord) -> "RunRecord":
        """Put a step in the place of its earlier self."""
        fullest = self.fullest
        first = self.full_step(step.node) is None and step.made > 0
        if step.did_its_work or first:
            fullest = _replaced(self.fullest, step)
        return replace(self, latest=_replaced(self.latest, step), fullest=fullest)

    @property
    def failures(self) -> tuple[tuple[ProductRecord, FailedScene], ...]:
        """Every failure of the steps as they ran last, with the product it cost."""
        return tuple(
            (product, failure)
            for step in self.latest
            for product in step.products
            for failure in product.failures
        )


def _find(steps: Iterable[StepRecord], node: str) -> StepRecord | None:
    return next((step for step in steps if step.node == node), None)


def _replaced(
    steps: tuple[StepRecord, ...], step: StepRecord
) -> tuple[StepRecord, ...]:
    return (*(s for s in steps if s.node != step.node), step)


def record_of(values: Mapping[str, Any]) -> RunRecord:
    """Build a record from what `dataclasses.asdict` made of one.

    Raises:
        KeyError, TypeError: if it is of something else.
    """
    return RunRecord(
        runs=tuple(_run_of(run) for run in values["runs"]),
        latest=tuple(_step_of(step) for step in values["latest"]),
        fullest=tuple(_step_of(step) for step in values["fullest"]),
    )


def _run_of(values: Mapping[str, Any]) -> RunFacts:
    settings = tuple(Setting(**setting) for setting in values["settings"])
    pipelines = tuple(values["pipelines"])
    return RunFacts(**{**values, "settings": settings, "pipelines": pipelines})


def _step_of(values: Mapping[str, Any]) -> StepRecord:
    products = tuple(_product_of(product) for product in values["products"])
    return StepRecord(**{**values, "products": products})


def _product_of(values: Mapping[str, Any]) -> ProductRecord:
    failures = tuple(FailedScene(**failure) for failure in values["failures"])
    return ProductRecord(**{**values, "failures": failures})
