"""All that is known of each scene, in one table."""

from functools import cache
from typing import Any

import pandas as pd
from pyproj import CRS
from pyproj.exceptions import CRSError

from sea_ice_kedro.imagery.classes import SeaIceClass
from sea_ice_kedro.reporting.run_report.report_inputs import ReportInputs

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


def tabulate_scenes(material: ReportInputs) -> pd.DataFrame:
    """Put what is known of each scene into one row.

    Returns:
        The columns of the index, then `filter.<column>` of what the filter did,
        `label.<column>` of the class maps by brightness, `ice.<column>` of those by a
        network and `opinion.doubts`, with no value where there is none; as many rows,
        in the order of the index.
    """
    parts: list[pd.DataFrame | pd.Series[Any]] = [
        _part(material.clouds, "filter", _FILTER),
        _part(material.labels, "label", _LABELS),
        _part(material.ice, "ice", _ICE),
        _part(material.opinions, "opinion", ["doubts"]),
    ]
    index = {"notes": "", **material.scenes}  # an earlier version's has none
    table = pd.DataFrame(index).set_index("scene_id", drop=False)
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


@cache
def hemisphere_of(crs: object) -> str:
    """Tell by a CRS on which side of the equator a scene lies.

    Returns:
        "north", "south", or "hemisphere not known", of CRS that are for both.
    """
    try:
        area = CRS.from_user_input(crs).area_of_use
    except CRSError:
        area = None
    if area is not None and area.south >= 0:
        return "north"
    if area is not None and area.north <= 0:
        return "south"
    return "hemisphere not known"
