"""Runs, their steps, scores, learning curves and seasons as the report shows them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from sea_ice_kedro.imagery.arrays import SIMULATED
from sea_ice_kedro.imagery.classes import SeaIceClass
from sea_ice_kedro.reporting.concentration_figures import LITTLE
from sea_ice_kedro.reporting.evaluation_figures import REFERENCES
from sea_ice_kedro.reporting.run_report.formatting import moment, rate, seconds
from sea_ice_kedro.reporting.run_report.report_inputs import (
    INFERRED,
    INGESTED,
    ReportInputs,
)
from sea_ice_kedro.reporting.run_report.scene_views import METHODS
from sea_ice_kedro.reporting.score_tables import TITLES, records_of
from sea_ice_kedro.run_record import RunFacts, RunRecord, StepRecord

SIMULATED_TRUTH = "the truth of simulated scenes"


@dataclass(frozen=True)
class MatrixView:
    """One confusion matrix."""

    title: str
    classes: tuple[str, ...]
    rows: tuple[tuple[tuple[float, int], ...], ...]
    """By class of the reference: share of it, 0..1 (NaN: absent), and pixels, of each
    class that it was called."""


@dataclass(frozen=True)
class ScoreView:
    """All scores of a run."""

    references: tuple[str, ...]
    """Reference of the comparison, in words."""

    rows: tuple[Mapping[str, Any], ...]
    """Of `evaluation_scores`, with `title` of the method and `against`."""

    headlines: tuple[Mapping[str, Any], ...]
    """Those of all chips that tell of the maps of this report."""

    class_rows: tuple[Mapping[str, Any], ...]
    matrices: tuple[MatrixView, ...]


def view_scores(material: ReportInputs) -> ScoreView | None:
    """Prepare the scores for the page; None where nothing was scored."""
    if material.scores is None or material.scores.empty:
        return None
    against = _references(material.scenes)
    rows = [
        _titled(row, against) | _owned(row, material)
        for row in records_of(material.scores)
    ]
    return ScoreView(
        references=tuple(dict.fromkeys(row["against"] for row in rows)),
        rows=tuple(rows),
        headlines=tuple(row for row in rows if row["stratum"] == "all" and _tells(row)),
        class_rows=tuple(
            _titled(row, against) for row in _of_all_chips(material.class_scores)
        ),
        matrices=_matrices(material.matrices, against),
    )


def _owned(row: Mapping[str, Any], material: ReportInputs) -> dict[str, Any]:
    """Return whether a score is of what made the maps here; None: there are none."""
    if row["method"] == "thresholds" or material.ice is None:
        return {"of_maps": None}
    return {"of_maps": checksum_of(row) in networks_of(material.ice)}


def networks_of(ice: pd.DataFrame) -> set[str]:
    """Return the digests of the networks that made the maps of `network_statistics`."""
    return {checksum_of(row) for row in records_of(ice)}


def checksum_of(row: Mapping[str, Any]) -> str:
    """Return the digest of a row's network; "" where none is known."""
    checksum = row.get("model_checksum", "")
    return checksum if isinstance(checksum, str) else ""


def _tells(row: Mapping[str, Any]) -> bool:
    """Leave out scores of other networks, and of auto-labels against themselves."""
    itself = row["method"] == "thresholds" and row["reference"] == "auto"
    return row["of_maps"] is not False and not itself


def _references(scenes: pd.DataFrame) -> dict[str, str]:
    """Name the references; the "manual labels" of simulated scenes are their truth."""
    simulated = bool((scenes["source"] == SIMULATED).all())
    return {**REFERENCES, **({"manual": SIMULATED_TRUTH} if simulated else {})}


def _titled(row: Mapping[str, Any], against: Mapping[str, str]) -> dict[str, Any]:
    title = TITLES[row["method"], row["labels"]]
    return {
        **row,
        "title": "brightness limits" if title == "thresholds" else title,
        "against": against[row["reference"]],
    }


def _of_all_chips(table: pd.DataFrame | None) -> list[dict[str, Any]]:
    if table is None:
        return []
    return records_of(table[table["stratum"] == "all"])


def _matrices(
    table: pd.DataFrame | None, against: Mapping[str, str]
) -> tuple[MatrixView, ...]:
    cells: dict[str, dict[tuple[str, str], tuple[float, int]]] = {}
    for row in _of_all_chips(table):
        titled = _titled(row, against)
        title = f"{titled['title']}, {row['images']} images, with {titled['against']}"
        place = row["reference_class"], row["predicted_class"]
        cells.setdefault(title, {})[place] = row["share_of_reference"], row["pixels"]
    keys = [c.key for c in SeaIceClass]
    return tuple(
        MatrixView(
            title=title,
            classes=tuple(c.label for c in SeaIceClass),
            rows=tuple(tuple(matrix[r, p] for p in keys) for r in keys),
        )
        for title, matrix in cells.items()
    )


# --- Learning curves

WIDTH, HEIGHT = 260, 90
"""Of a drawing, in its own units."""

_LINES = {"loss": "training", "validation_loss": "validation"}
"""Column of the history -> name of its line."""


@dataclass(frozen=True)
class CurveView:
    """The loss of one network over its epochs."""

    variant: str
    epochs: int
    lines: Mapping[str, str]
    """Name -> "x,y x,y ...", the attribute `points` of an SVG polyline."""

    highest: float
    """Loss at the upper edge; zero is at the lower."""

    words: str
    """The curve for those who do not see it."""


def view_curves(histories: Mapping[str, pd.DataFrame]) -> list[CurveView]:
    """Lay out the curve of each network that has learnt.

    Args:
        histories: Variant -> a row an epoch: `epoch`, `loss`, `validation_loss`.
    """
    return [_curve_view(name, table) for name, table in histories.items() if len(table)]


def _curve_view(variant: str, history: pd.DataFrame) -> CurveView:
    losses = {
        name: history[column].astype(float).tolist()
        for column, name in _LINES.items()
        if column in history and history[column].notna().any()
    }
    highest = max((max(values) for values in losses.values()), default=1.0) or 1.0
    return CurveView(
        variant=variant,
        epochs=len(history),
        lines={name: _points(values, highest) for name, values in losses.items()},
        highest=highest,
        words="; ".join(
            f"{name} loss from {values[0]:.3f} to {values[-1]:.3f}"
            for name, values in losses.items()
        ),
    )


def _points(values: list[float], highest: float) -> str:
    step = WIDTH / max(len(values) - 1, 1)
    return " ".join(
        f"{place * step:.1f},{HEIGHT * (1 - value / highest):.1f}"
        for place, value in enumerate(values)
        if value == value  # noqa: PLR0124 - not NaN
    )


# --- Runs and their steps as the report shows them

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
    return [_step_view(step, record, longest) for step in steps]


def _step_view(step: StepRecord, record: RunRecord, longest_s: float) -> StepView:
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
    if material.record.step(INFERRED) and not material.record.step(INGESTED):
        whole = "What the filter did, class maps by brightness, scores"
        return {whole: "kedro run, which takes the scenes in and trains on them"}
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


# --- Concentration by region and day, small enough to be drawn in the page itself

MOST_DAYS = 400
"""Rows of one region: a year and a little; the CSV file holds all."""


@dataclass(frozen=True)
class Dot:
    """One observed day in the drawing, in its own units."""

    x: float
    y: float
    words: str
    little: bool
    """True where less of the region than `LITTLE` was observed."""


@dataclass(frozen=True)
class SeasonView:
    """One region over its days."""

    title: str
    made: str
    """How its class maps were made."""

    first: str
    last: str
    days: int
    """Calendar days from the first to the last."""

    rows: tuple[Mapping[str, Any], ...]
    """A row per day with observations."""

    dots: tuple[Dot, ...]


def view_season(tables: Mapping[str, pd.DataFrame | None]) -> list[SeasonView]:
    """Lay out each region of each table; days without observation have no dot.

    Args:
        tables: Key of `METHODS` -> `region_series`, a row a region and calendar day.
    """
    return [
        _season_view(str(region), METHODS[kind], rows)
        for kind, table in tables.items()
        if table is not None
        for (region, _, _), rows in table.groupby(
            ["region", "grid", "cell_km"], sort=False
        )
    ]


def _season_view(region: str, made: str, days: pd.DataFrame) -> SeasonView:
    dates = pd.to_datetime(days["day"])
    since = (dates - dates.min()).dt.days
    span = max(int(since.max()), 1)
    observed = days.assign(x=WIDTH * since / span)
    observed = observed[observed["coverage"] > 0].tail(MOST_DAYS)
    rows = records_of(observed)
    return SeasonView(
        title=f"{region.replace('_', ' ')} ({days['grid'].iloc[0]}, cells of "
        f"{days['cell_km'].iloc[0]:g} km)",
        made=made,
        first=str(days["day"].iloc[0]),
        last=str(days["day"].iloc[-1]),
        days=len(days),
        rows=tuple(rows),
        dots=tuple(_dot(row) for row in rows),
    )


def _dot(row: Mapping[str, Any]) -> Dot:
    share = float(row["sea_ice_concentration"])
    return Dot(
        x=round(float(row["x"]), 1),
        y=round(HEIGHT * (1 - share), 1),
        words=f"{row['day']}: {share:.0%} ice, {row['coverage']:.1%} observed",
        little=float(row["coverage"]) < LITTLE,
    )
