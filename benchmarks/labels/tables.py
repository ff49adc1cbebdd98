"""One table of all measures: ruler, kind, method, measure, value, where."""

import numpy as np
import pandas as pd

from benchmarks.labels.methods import BRIGHTNESS
from benchmarks.labels.outcomes import Outcomes
from benchmarks.labels.rulers import Ruler
from benchmarks.labels.score import NAMES, by_patches, by_truth, measures_of
from sea_ice_kedro.imagery.classes import NODATA

ALL = "all"
"""Kind of what is measured on all scenes of a ruler."""

Entry = tuple[str, str, float, str]
"""Kind, measure, value, and the scene or kind that it is of."""


def table_of(outcomes: Outcomes, rulers: list[Ruler]) -> pd.DataFrame:
    """Measure every method on every ruler, as far as there are outcomes.

    Returns:
        A row a measure: `ruler`, `method`, `kind`, `measure`, `value`, `where`.
    """
    columns = ["ruler", "method", "kind", "measure", "value", "where"]
    rows = [
        (ruler.name, method, *entry)
        for ruler in rulers
        for method in outcomes.methods_of(ruler)
        for entry in _entries(outcomes, ruler, method)
    ]
    return pd.DataFrame(rows, columns=columns)


def _entries(outcomes: Outcomes, ruler: Ruler, method: str) -> list[Entry]:
    rows = outcomes.rows(ruler, method)
    if ruler.judge is by_truth:
        return _of_truth(rows)
    if ruler.judge is by_patches:
        return _of_patches(rows)
    return _of_disagreement(outcomes, ruler, method, rows)


def _of_truth(rows: pd.DataFrame) -> list[Entry]:
    by_kind = {
        kind: measures_of(group) for kind, group in rows.groupby("kind", sort=False)
    }
    by_scene = {
        name: measures_of(one) for name, one in rows.groupby("scene", sort=False)
    }
    return [
        *((ALL, measure, value, "") for measure, value in measures_of(rows).items()),
        (ALL, "worst_kind", *_worst(by_kind)),
        (ALL, "worst_scene", *_worst(by_scene)),
        *(
            (str(kind), measure, value, "")
            for kind, measures in by_kind.items()
            for measure, value in measures.items()
        ),
    ]


def _worst(measures: dict[str, dict[str, float]]) -> tuple[float, str]:
    scores = {name: one["accuracy"] for name, one in measures.items()}
    name = min(scores, key=lambda one: np.nan_to_num(scores[one], nan=np.inf))
    return scores[name], str(name)


def _of_patches(rows: pd.DataFrame) -> list[Entry]:
    found: list[Entry] = []
    for group, of_group in rows.groupby("group", sort=False):
        worst = of_group.loc[of_group["right"].idxmin()]
        found += [
            (str(group), "right", float(of_group["right"].mean()), ""),
            (str(group), "scenes", float(len(of_group)), ""),
            (str(group), "worst_scene", float(worst["right"]), str(worst["scene"])),
            *((str(group), f"as {n}", float(of_group[n].mean()), "") for n in NAMES),
        ]
    groups = [value for _, measure, value, _ in found if measure == "right"]
    return [(ALL, "right", float(np.mean(groups)), ""), *found]


def _of_disagreement(
    outcomes: Outcomes, ruler: Ruler, method: str, rows: pd.DataFrame
) -> list[Entry]:
    sums = rows[["observed", "without class", "dark water", "dark water as ice"]].sum()
    found: list[Entry] = [
        (ALL, "no_class", float(sums["without class"] / sums["observed"]), "")
    ]
    if sums["dark water"]:
        share = float(sums["dark water as ice"] / sums["dark water"])
        found += [
            (ALL, "dark_water_px", float(sums["dark water"]), ""),
            (ALL, "dark_water_as_ice", share, ""),
        ]
    for other in outcomes.methods_of(ruler):
        if other != method:
            apart = disagreement(outcomes, ruler, method, other)
            worst = max(apart, key=lambda name: apart[name])
            mean = float(np.mean(list(apart.values())))
            found.append((ALL, f"apart from {other}", mean, worst))
    return found


def disagreement(
    outcomes: Outcomes, ruler: Ruler, one: str, other: str
) -> dict[str, float]:
    """Compute the share of each scene's mapped pixels that two methods map apart.

    Pixels without a class by both are left out: they may not have been observed.
    """
    shares = {}
    for scene in ruler.subjects:
        first, second = (outcomes.map_of(ruler, name, scene) for name in (one, other))
        mapped = (first != NODATA) | (second != NODATA)
        shares[scene] = float((first != second)[mapped].mean()) if mapped.any() else 0.0
    return shares


def scores_of_scenes(outcomes: Outcomes, ruler: Ruler, method: str) -> dict[str, float]:
    """Score each scene 0..1, higher is better: to find the worst.

    Accuracy, mean over the groups of patches, or agreement with the labels by
    brightness; by brightness itself, with no filter.
    """
    rows = outcomes.rows(ruler, method)
    if ruler.judge is by_patches:
        return {
            str(k): float(v) for k, v in rows.groupby("scene")["right"].mean().items()
        }
    if ruler.judge is by_truth:
        return {
            str(name): measures_of(one)["accuracy"]
            for name, one in rows.groupby("scene")
        }
    others = [name for name in outcomes.methods_of(ruler) if name != method]
    other = BRIGHTNESS if BRIGHTNESS in others else next(iter(others), method)
    apart = disagreement(outcomes, ruler, method, other)
    return {scene: 1 - share for scene, share in apart.items()}
