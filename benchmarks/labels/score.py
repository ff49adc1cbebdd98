"""Confusion matrices of methods under conditions, and the table made of them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from benchmarks.labels.conditions import CONDITIONS, Condition, scenes_of
from benchmarks.labels.methods import Method
from sea_ice_kedro.imagery.arrays import Codes
from sea_ice_kedro.imagery.classes import NODATA, SeaIceClass

Counts = npt.NDArray[np.int64]
"""int64 (3, 4): rows truth, columns label; the last column is "no label"."""

_CLASSES = len(SeaIceClass)


@dataclass(frozen=True)
class Outcome:
    """What one method made of one scene."""

    condition: str
    scene: str
    method: str
    counts: Counts

    water_without_data: int
    """Pixels without data that were labelled, with whatever class."""


def confusion(truth: Codes, codes: Codes) -> Counts:
    """Count labels by truth; a pixel without a label counts, in a column of its own.

    Args:
        truth: uint8 (H, W), 255 where there is no data: left out.
        codes: uint8 (H, W), 255 where there is no label.

    Returns:
        int64 (3, 4).
    """
    observed = truth != NODATA
    labels = np.minimum(codes[observed], _CLASSES)
    joined = truth[observed].astype(np.int64) * (_CLASSES + 1) + labels
    counts = np.bincount(joined, minlength=_CLASSES * (_CLASSES + 1))
    return counts.reshape(_CLASSES, _CLASSES + 1)


def try_methods(
    methods: Mapping[str, Method],
    conditions: Iterable[Condition],
    seeds: str,
    size: int,
) -> list[Outcome]:
    """Label every scene of every condition by every method."""
    outcomes: list[Outcome] = []
    if not methods:
        return outcomes
    for condition in conditions:
        for name, simulated in scenes_of(condition, seeds, size):
            for method, label in methods.items():
                codes, truth = label(simulated.scene), simulated.truth.codes
                labelled = np.count_nonzero(codes[truth == NODATA] != NODATA)
                counts = confusion(truth, codes)
                outcomes.append(
                    Outcome(condition.name, name, method, counts, int(labelled))
                )
    return outcomes


def accuracy(counts: Counts) -> float:
    """Give the share of pixels with the right label, 0..1."""
    return float(np.trace(counts) / counts.sum())


def recalls(counts: Counts) -> npt.NDArray[np.float64]:
    """Give the share of each class that was found, 0..1; NaN where it is absent."""
    with np.errstate(invalid="ignore"):
        return np.diagonal(counts) / counts.sum(axis=1)


def unions(counts: Counts) -> npt.NDArray[np.float64]:
    """Give the intersection over union of each class, 0..1."""
    right = np.diagonal(counts)
    either = counts.sum(axis=1) + counts[:, :_CLASSES].sum(axis=0) - right
    with np.errstate(invalid="ignore"):
        return right / either


def table_of(outcomes: Iterable[Outcome]) -> pd.DataFrame:
    """Make a row a condition and method, from the pixels of all its scenes.

    Returns:
        `accuracy`, `mean_recall`, recall and IoU of each class, `worst_accuracy` with
        its `worst_scene`, `unlabelled` (share of observed pixels), `labelled_nodata`
        (pixels).
    """
    frame = pd.DataFrame(
        [vars(outcome) for outcome in outcomes],
        columns=["condition", "scene", "method", "counts", "water_without_data"],
    )
    groups = frame.groupby(["condition", "method"], sort=False)
    return pd.DataFrame(
        [
            {"condition": condition, "method": method, **_row(group)}
            for (condition, method), group in groups
        ]
    )


def joined(tables: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """Put tables of the same seeds and size together, by condition.

    Raises:
        SystemExit: if two have the same method under the same condition.
    """
    rows = pd.concat([table for table in tables if len(table)], ignore_index=True)
    twice = rows[rows.duplicated(["condition", "method"])]
    if len(twice):
        condition, method = twice.iloc[0][["condition", "method"]]
        raise SystemExit(
            f"expected each method once, got {method!r} under {condition!r} twice"
        )
    order = {condition.name: place for place, condition in enumerate(CONDITIONS)}
    rows = rows.assign(place=rows["condition"].map(order))
    return rows.sort_values("place", kind="stable", ignore_index=True).drop(
        columns="place"
    )


def _row(group: pd.DataFrame) -> dict[str, float | str]:
    counts = np.sum(list(group["counts"]), axis=0)
    by_scene = [accuracy(one) for one in group["counts"]]
    worst = int(np.argmin(by_scene))
    found, iou = recalls(counts), unions(counts)
    return {
        "accuracy": accuracy(counts),
        "mean_recall": float(np.nanmean(found)),
        **{f"recall_{c.key}": float(found[c]) for c in SeaIceClass},
        **{f"iou_{c.key}": float(iou[c]) for c in SeaIceClass},
        "worst_accuracy": by_scene[worst],
        "worst_scene": str(group["scene"].iloc[worst]),
        "unlabelled": float(counts[:, _CLASSES].sum() / counts.sum()),
        "labelled_nodata": float(group["water_without_data"].sum()),
    }
