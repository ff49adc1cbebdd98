"""Area-adjusted accuracy of maps by points: a table, and the same to read."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from sea_ice_kedro.imagery.area_adjusted import AreaAdjusted
from sea_ice_kedro.imagery.classes import SeaIceClass
from sea_ice_kedro.reporting.map_scores import laid_out
from sea_ice_kedro.reporting.run_report.formatting import plural

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
