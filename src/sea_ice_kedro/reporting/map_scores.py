"""Scores of any class maps by labels or by points: a table, and the same to read."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from sea_ice_kedro.imagery.classes import SeaIceClass
from sea_ice_kedro.imagery.scores import (
    CLASS_COUNT,
    AreaAdjusted,
    Counts,
    Interval,
    ScoreIntervals,
    score_intervals,
    scores,
)
from sea_ice_kedro.plain_text import inert
from sea_ice_kedro.reporting.run_report.formatting import percent, plural

ALL_SCENES = "all scenes"

_INTERVALS = ("precision", "recall", "f1")
_NO_INTERVAL = float("nan"), float("nan")
_FEW = 10
"""Scenes below which intervals by the bootstrap are known to be too narrow."""


@dataclass(frozen=True)
class MapScore:
    """How one map agrees with its label."""

    matrix: Counts
    """int64 (3, 3), rows = label, columns = map, pixels."""

    unmapped_pixels: int
    """That have a label, and no class in the map."""


def tabulate_scores(by_scene: Mapping[str, MapScore], seed: int) -> pd.DataFrame:
    """Make the table, a row a scene and class; last those of all scenes together.

    Args:
        by_scene: Scene id -> its score; at least one.
        seed: Of the bootstrap.

    Returns:
        `scene_id`, `class`, `label_pixels` (of the class, mapped), precision, recall,
        f1, `as_<class>` (what the map calls those pixels), and of the scene `accuracy`
        and `unmapped_fraction`; `<score>_low` and `_high` are ends of the 95 % interval
        over scenes, of all scenes only.
    """
    matrices = [score.matrix for score in by_scene.values()]
    whole = MapScore(
        np.sum(matrices, axis=0),
        sum(score.unmapped_pixels for score in by_scene.values()),
    )
    rows = [
        row for scene_id, score in by_scene.items() for row in _rows(scene_id, score)
    ]
    intervals = score_intervals(matrices, seed)
    rows += [
        {**row, **_ends(intervals, c)}
        for c, row in zip(SeaIceClass, _rows(ALL_SCENES, whole), strict=True)
    ]
    return pd.DataFrame(rows)


def _rows(scene_id: str, score: MapScore) -> Iterator[dict[str, object]]:
    found = scores(score.matrix)
    labelled = int(score.matrix.sum()) + score.unmapped_pixels
    for c, of_class in found.by_class.items():
        yield {
            "scene_id": scene_id,
            "class": c.key,
            "label_pixels": of_class.support,
            "precision": of_class.precision,
            "recall": of_class.recall,
            "f1": of_class.f1,
            **{f"as_{to.key}": int(score.matrix[c, to]) for to in SeaIceClass},
            "accuracy": found.accuracy,
            "unmapped_fraction": score.unmapped_pixels / max(labelled, 1),
        }


def _ends(intervals: ScoreIntervals | None, c: SeaIceClass) -> dict[str, float]:
    ends: dict[str, Interval] = {
        name: _NO_INTERVAL if intervals is None else getattr(intervals, name)[c]
        for name in _INTERVALS
    }
    ends["accuracy"] = _NO_INTERVAL if intervals is None else intervals.accuracy
    return {
        f"{name}_{end}": value
        for name, pair in ends.items()
        for end, value in zip(("low", "high"), pair, strict=True)
    }


def write_out(table: pd.DataFrame) -> str:
    """Write the table of `tabulate_scores` as text for a terminal."""
    count = len(table) // CLASS_COUNT - 1
    whole, scenes = table.iloc[-CLASS_COUNT:], table.iloc[:-CLASS_COUNT]
    head = whole.iloc[0]
    parts = [
        f"accuracy {percent(head['accuracy'])}{_interval(head, 'accuracy')}, "
        f"{plural(count, 'scene')}, {int(whole['label_pixels'].sum()):,} pixels that "
        f"have a label and a class\nwithout a class in the map: "
        f"{percent(head['unmapped_fraction'])} of the labelled pixels",
        _classes(whole),
        _confusion(whole),
        _scenes(scenes),
    ]
    if count < _FEW:
        parts.append(
            "one scene: no interval"
            if count == 1
            else f"intervals over {count} scenes are too narrow; {_FEW} tell more"
        )
    return "\n\n".join(parts)


def _classes(whole: pd.DataFrame) -> str:
    head = ["class", "label pixels", "precision", "recall", "F1"]
    rows = [
        [
            _label(row["class"]),
            f"{row['label_pixels']:,}",
            *(percent(row[name]) + _interval(row, name) for name in _INTERVALS),
        ]
        for _, row in whole.iterrows()
    ]
    return laid_out([head, *rows])


def _confusion(whole: pd.DataFrame) -> str:
    head = ["pixels: label \\ map", *(c.label for c in SeaIceClass)]
    rows = [
        [_label(row["class"]), *(f"{row[f'as_{c.key}']:,}" for c in SeaIceClass)]
        for _, row in whole.iterrows()
    ]
    return laid_out([head, *rows])


def _scenes(scenes: pd.DataFrame) -> str:
    head = ["scene", "accuracy", "class", "label pixels", "precision", "recall", "F1"]
    rows = [
        [
            *(
                [inert(str(row["scene_id"])), percent(row["accuracy"])]
                if number % CLASS_COUNT == 0
                else ["", ""]
            ),
            _label(row["class"]),
            f"{row['label_pixels']:,}",
            *(percent(row[name]) for name in _INTERVALS),
        ]
        for number, (_, row) in enumerate(scenes.iterrows())
    ]
    return laid_out([head, *rows])


def laid_out(rows: list[list[str]]) -> str:
    """Align the cells of a table, texts to the left and numbers to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    left = [
        not any(cell[:1].isdigit() for cell in c) for c in zip(*rows[1:], strict=True)
    ]
    left[0] = True
    return "\n".join(
        "  ".join(
            cell.ljust(width) if to_left else cell.rjust(width)
            for cell, width, to_left in zip(row, widths, left, strict=True)
        ).rstrip()
        for row in rows
    )


def _label(key: str) -> str:
    return SeaIceClass[key.upper()].label


def _interval(row: "pd.Series[float]", name: str) -> str:
    low, high = row[f"{name}_low"], row[f"{name}_high"]
    return "" if np.isnan(low) else f" ({100 * low:.1f} to {100 * high:.1f})"


# --- Area-adjusted accuracy of maps by points: a table, and the same to read

_Z95 = 1.96
"""Standard errors to either side that 95 of 100 estimates lie within."""

_ESTIMATES = ("user", "producer", "area")


def tabulate_points(
    counts: npt.NDArray[np.int64],
    mapped: npt.NDArray[np.int64],
    found: AreaAdjusted,
) -> pd.DataFrame:
    """Make the table, a row a class.

    Args:
        counts: int64 (3, 3), rows = map, columns = point.
        mapped: int64 (3,), pixels of the maps a class.
        found: What was estimated of both.

    Returns:
        `class`, `mapped_pixels`, `points` (in it by the map), `points_<class>` (of
        those, by their label), `user`, `producer`, `area` (shares, 0..1) and
        `accuracy`, each with `<estimate>_error`, its standard error.
    """
    rows = [
        {
            "class": c.key,
            "mapped_pixels": int(mapped[c]),
            "points": int(counts[c].sum()),
            **{f"points_{to.key}": int(counts[c, to]) for to in SeaIceClass},
            **{
                name: float(getattr(found, name)[c])
                for estimate in _ESTIMATES
                for name in (estimate, f"{estimate}_error")
            },
            "accuracy": found.accuracy,
            "accuracy_error": found.accuracy_error,
        }
        for c in SeaIceClass
    ]
    return pd.DataFrame(rows)


def write_points(table: pd.DataFrame, scenes: int, unmapped: int) -> str:
    """Write the table of `tabulate_points` as text for a terminal.

    Args:
        table: The estimates.
        scenes: Maps with points.
        unmapped: Points where a map has no class.
    """
    points = int(table["points"].sum())
    pixels = int(table["mapped_pixels"].sum())
    head = ["class", "of the maps", "user's", "producer's", "true area"]
    rows = [
        [
            SeaIceClass[row["class"].upper()].label,
            f"{100 * row['mapped_pixels'] / pixels:.1f} %",
            *(_percent(row[name], row[f"{name}_error"]) for name in _ESTIMATES),
        ]
        for _, row in table.iterrows()
    ]
    matrix = [
        [
            SeaIceClass[row["class"].upper()].label,
            *(f"{row[f'points_{c.key}']:,}" for c in SeaIceClass),
        ]
        for _, row in table.iterrows()
    ]
    names = [c.label for c in SeaIceClass]
    accuracy = _percent(table["accuracy"][0], table["accuracy_error"][0])
    return "\n\n".join(
        [
            f"area-adjusted accuracy {accuracy}, {plural(points, 'point')} on "
            f"{plural(scenes, 'map')}\nwithout a class in the map: "
            f"{plural(unmapped, 'point')}",
            laid_out([head, *rows]),
            laid_out([["points: map \\ label", *names], *matrix]),
            "± holds 95 of 100 estimates, if points were drawn at random in each class",
        ]
    )


def _percent(share: float, error: float) -> str:
    if np.isnan(share):
        return "–"
    return f"{100 * share:.1f} ± {100 * _Z95 * error:.1f} %"
