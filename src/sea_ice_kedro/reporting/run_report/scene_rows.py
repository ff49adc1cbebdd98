"""All that is known of each scene, in one table."""

from typing import Any

import pandas as pd

from sea_ice_kedro.imagery.classes import SeaIceClass
from sea_ice_kedro.reporting.run_report.material import ReportMaterial

_AREAS = [
    "valid_fraction",
    "sea_ice_concentration",
    *(f"{c.key}_fraction" for c in SeaIceClass),
    *(f"{c.key}_km2" for c in SeaIceClass),
]
_FILTER = ["method", "thin_cloud_fraction", "shadow_fraction", "changed_fraction"]
_LABELS = [
    *_AREAS,
    *("untrustworthy_fraction", "untrustworthy_km2"),
    *("thin_ice_min", "thick_ice_min", "limits_source", "water_channel"),
]
_ICE = [*_AREAS, "mean_confidence", "model"]


def tabulate_scenes(material: ReportMaterial) -> pd.DataFrame:
    """Put what is known of each scene into one row.

    Returns:
        The columns of the index, then `filter.<column>` of what the filter did,
        `label.<column>` of the class maps by brightness and `ice.<column>` of those by
        a network, with no value where there is none; as many rows, in the order of the
        index.
    """
    parts: list[pd.DataFrame | pd.Series[Any]] = [
        _part(material.clouds, "filter", _FILTER),
        _part(material.labels, "label", _LABELS),
        _part(material.ice, "ice", _ICE),
    ]
    table = material.scenes.set_index("scene_id", drop=False)
    return table.join(parts).reset_index(drop=True)


def _part(table: pd.DataFrame | None, prefix: str, columns: list[str]) -> pd.DataFrame:
    named = pd.DataFrame(columns=["scene_id"]) if table is None else table
    part = named.drop_duplicates("scene_id").set_index("scene_id")
    return part.reindex(columns=columns).add_prefix(f"{prefix}.")


def observed_km2(scenes: pd.DataFrame, kind: str) -> "pd.Series[float]":
    """Sum the areas of the classes of each scene; NaN without a georeference.

    Args:
        scenes: As `tabulate_scenes` makes it.
        kind: "label" or "ice".
    """
    columns = [f"{kind}.{c.key}_km2" for c in SeaIceClass]
    return scenes[columns].astype(float).sum(axis=1, min_count=len(columns))
