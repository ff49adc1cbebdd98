"""Scores as the report shows them, each with what it was measured against."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from sea_ice_kedro.imagery.arrays import SIMULATED
from sea_ice_kedro.imagery.classes import SeaIceClass
from sea_ice_kedro.reporting.evaluation_figures import REFERENCES
from sea_ice_kedro.reporting.run_report.report_inputs import ReportInputs
from sea_ice_kedro.reporting.score_tables import TITLES, records_of

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
