"""Findings that a careful reviewer would raise, from the numbers of a run.

Each threshold is a constant with its reason; each finding says what was found and why
it matters. Nothing is found where a table is missing; what is missing is said elsewhere
on the page.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from sea_ice_kedro.imagery.classes import SeaIceClass
from sea_ice_kedro.reporting.run_report.formatting import (
    moment,
    names,
    number,
    percent,
    plural,
)
from sea_ice_kedro.reporting.run_report.report_inputs import (
    ReportInputs,
    tabulate_scenes,
)
from sea_ice_kedro.reporting.run_report.run_views import (
    checksum_of,
    command_of,
    networks_of,
)
from sea_ice_kedro.reporting.run_report.scene_findings import (
    CAUTION,
    GRAVITIES,
    NOTE,
    SERIOUS,
    Finding,
    about_scenes,
)
from sea_ice_kedro.reporting.score_tables import records_of
from sea_ice_kedro.run_record import RunRecord
from sea_ice_kedro.training.plan import TEST, TRAIN, VALIDATION

FEW_HELD_OUT = 5
"""Scenes below which a score is that of a few places on a few days: with four, one
scene moves the mean by a quarter of how much it differs."""

THIN_SUPPORT = 1000
"""Pixels of a class in the reference below which its scores are of a few floes: a tenth
of a square kilometre at 10 m."""

WEAK_CLASS = 0.50
"""IoU below which more of a class is missed or wrong than is right."""


def about_scores(material: ReportInputs) -> Iterator[Finding]:
    """Find what is remarkable in the scores and in the split that they rest on."""
    if material.scores is not None and len(material.scores):
        yield from _about_reference(material.scores)
        yield from _about_network(material.scores, material.ice)
        yield from _about_support(material.scores, material.class_scores)
    if material.split is not None:
        yield from _about_split(material.split, material.scenes)


def _about_reference(scores: pd.DataFrame) -> Iterator[Finding]:
    if not (scores["reference"] == "manual").any():
        yield Finding(
            SERIOUS,
            "All scores are agreement with auto-labels, none is accuracy",
            "Nobody has labelled these scenes: the scores tell how well the network "
            "repeats the brightness limits, mistakes included. Label some scenes by "
            "hand (docs/bring-your-own-scenes.md) before you call it right.",
        )


def _about_network(scores: pd.DataFrame, ice: pd.DataFrame | None) -> Iterator[Finding]:
    if ice is None or ice.empty:
        return
    rows = records_of(scores[scores["method"] == "unet"])
    if rows and not {checksum_of(row) for row in rows} & networks_of(ice):
        made = ", ".join(sorted({str(model) for model in ice["model"]}))
        yield Finding(
            SERIOUS,
            "The scores are of another network than the maps",
            f"The maps are by {made}; what was scored is another network, or the same "
            "before it was trained again. Nothing here tells how right these maps are: "
            "sea-ice-kedro score MAPS LABELS does.",
        )


def _about_support(
    scores: pd.DataFrame, class_scores: pd.DataFrame | None
) -> Iterator[Finding]:
    held_out = int(scores["scenes"].max())
    if held_out < FEW_HELD_OUT:
        yield Finding(
            CAUTION,
            f"Scored on {plural(held_out, 'held-out scene')}",
            f"Fewer than {FEW_HELD_OUT}: another draw of scenes may give quite another "
            "score. Bring more scenes, or score several splits (modeling.split.seed).",
        )
    if class_scores is not None:
        whole = class_scores[class_scores["stratum"] == "all"]
        yield from _about_classes(whole)


def _about_classes(class_scores: pd.DataFrame) -> Iterator[Finding]:
    # One reference has one support, whichever method is compared with it.
    support = class_scores.groupby("class", sort=False)["support"].max()
    for name, pixels in support[support < THIN_SUPPORT].items():
        words = str(name).replace("_", " ")
        yield Finding(
            SERIOUS,
            f"The reference has {number(pixels)} pixels of {words}",
            f"Fewer than {number(THIN_SUPPORT)}: nothing is known of how well {words} "
            "is found, and overall scores are those of the other classes.",
        )
    weak = class_scores[
        (class_scores["iou"] < WEAK_CLASS) & (class_scores["support"] >= THIN_SUPPORT)
    ]
    for row in records_of(weak):
        words = str(row["class"]).replace("_", " ")
        yield Finding(
            SERIOUS,
            f"IoU of {words} is {percent(row['iou'])} by {_method(row)}",
            f"Below {percent(WEAK_CLASS, 0)}, more of the class is missed or wrong "
            "than is right, whatever the overall score says.",
        )


def _method(row: Mapping[str, Any]) -> str:
    if row["method"] == "thresholds":
        return f"the brightness limits, {row['images']} images"
    return f"the network of {row['labels']} labels and {row['images']} images"


def _about_split(split: pd.DataFrame, scenes: pd.DataFrame) -> Iterator[Finding]:
    learnt = set(split.loc[split["split"].isin([TRAIN, VALIDATION]), "scene_id"])
    held_out = set(split.loc[split["split"] == TEST, "scene_id"])
    both = tuple(sorted(learnt & held_out))
    if both:
        yield Finding(
            SERIOUS,
            f"{plural(len(both), 'scene')} both learnt from and scored on",
            "Chips of one scene are alike: such scores flatter (the paper's are of "
            "this kind). modeling.split.by: scene keeps scenes whole.",
            both,
        )
    gone = sorted((learnt | held_out) - set(scenes["scene_id"]))
    if gone:
        yield Finding(
            CAUTION,
            f"Scores rest on {plural(len(gone), 'scene')} that "
            f"{'is' if len(gone) == 1 else 'are'} not in this report",
            f"They are of an earlier run: {names(gone)}. Train and score again: kedro "
            "run --pipelines modeling,evaluation,reporting.",
        )


# --- Findings that a careful reviewer would raise, from the numbers of a run

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
            f"It began {moment(broken.started)} ({command_of(broken)}); what it had "
            "not made is missing, or of an earlier run.",
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
