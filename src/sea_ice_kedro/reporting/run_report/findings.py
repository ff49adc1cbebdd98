"""Findings that a careful reviewer would raise, from the numbers of a run.

Each threshold is a constant with its reason; each finding says what was found and why
it matters. Nothing is found where a table is missing; what is missing is said elsewhere
on the page.
"""

from collections.abc import Iterator

import pandas as pd

from sea_ice_kedro.imagery.classes import SeaIceClass
from sea_ice_kedro.reporting.run_report.finding import (
    CAUTION,
    GRAVITIES,
    NOTE,
    SERIOUS,
    Finding,
)
from sea_ice_kedro.reporting.run_report.formatting import percent, plural
from sea_ice_kedro.reporting.run_report.report_inputs import ReportInputs
from sea_ice_kedro.reporting.run_report.scene_findings import about_scenes
from sea_ice_kedro.reporting.run_report.scene_rows import tabulate_scenes
from sea_ice_kedro.reporting.run_report.score_findings import about_scores
from sea_ice_kedro.run_record import RunRecord

FEW_SCENES = 10
"""Below this, one odd scene is more than a tenth of all that is said."""

RARE_CLASS = 0.01
"""Share of the labelled pixels below which a class is as good as missing: a network
that never says it would still be right in 99 %."""


def review(material: ReportInputs) -> list[Finding]:
    """List what a reviewer would raise about a run, the gravest first.

    Args:
        material: The tables of the run.
    """
    scenes = tabulate_scenes(material)
    found = [
        *_about_record(material.record),
        *_about_all(scenes),
        *about_scenes(scenes),
        *about_scores(material),
    ]
    return sorted(found, key=lambda finding: GRAVITIES.index(finding.gravity))


def _about_record(record: RunRecord) -> Iterator[Finding]:
    failed = tuple(sorted({failure.scene_id for _, failure in record.failures}))
    if failed:
        yield Finding(
            SERIOUS,
            f"Products of {plural(len(failed), 'scene')} could not be made",
            "They are missing in every number here; the failures are listed below, "
            "with what helps.",
            failed,
        )
    others = [run for run in record.runs if run.pipelines != ("reporting",)]
    broken = others[-1] if others else None
    interrupted = broken is not None and broken.outcome == "interrupted"
    if broken is not None and (broken.error or interrupted):
        yield Finding(
            SERIOUS,
            "A run was interrupted by Ctrl-C"
            if interrupted
            else f"A run was ended by an error: {broken.error.splitlines()[0]}",
            f"It began {broken.started} (kedro run --pipelines "
            f"{','.join(broken.pipelines)}); what it had not made is missing, or of an "
            "earlier run.",
        )
    if any(run.commit.endswith("+") for run in record.runs):
        yield Finding(
            NOTE,
            "Made by software that was changed since its commit",
            "The commit alone does not give these products again. Commit, and run "
            "again.",
        )


def _about_all(scenes: pd.DataFrame) -> Iterator[Finding]:
    if len(scenes) < FEW_SCENES:
        yield Finding(
            CAUTION,
            f"{plural(len(scenes), 'scene')} in all",
            f"Fewer than {FEW_SCENES}: they are single views of the ice, not a sample "
            "of a region or a season.",
        )
    fractions = _class_fractions(scenes)
    rare = [c for c in SeaIceClass if fractions[c] < RARE_CLASS]
    if rare and sum(fractions.values()) > 0:
        shares = ", ".join(f"{c.label} {percent(fractions[c], 2)}" for c in rare)
        yield Finding(
            CAUTION,
            f"Hardly any pixel of a class: {shares}",
            f"Below {percent(RARE_CLASS, 0)} of what was labelled by brightness. "
            "Nothing can be learnt or said of a class that the scenes do not show.",
        )


def _class_fractions(scenes: pd.DataFrame) -> dict[SeaIceClass, float]:
    """Return the share of each class in all scenes, each scene by its valid pixels."""
    pixels = (
        scenes["height"].astype(float)
        * scenes["width"].astype(float)
        * scenes["label.valid_fraction"].astype(float)
    )
    sums = {
        c: float((scenes[f"label.{c.key}_fraction"].astype(float) * pixels).sum())
        for c in SeaIceClass
    }
    total = sum(sums.values())
    return {c: value / total if total else 0.0 for c, value in sums.items()}
