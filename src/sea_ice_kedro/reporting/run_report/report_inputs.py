"""Inputs of a run report: what a run has made, its scenes in one table, links."""

import posixpath
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pandas as pd
from pyproj import CRS
from pyproj.exceptions import CRSError

from sea_ice_kedro.addresses import link_name
from sea_ice_kedro.imagery.classes import ACCESSIBLE, FigureOptions, SeaIceClass
from sea_ice_kedro.reporting.run_report.pictures import Pictures
from sea_ice_kedro.run_record import RunRecord

if TYPE_CHECKING:  # a third of a second, which only a catalogue's reader needs
    import pystac


INGESTED, INFERRED = "ingestion.index_scenes", "inference.index_scenes"
"""Steps that make an index of scenes."""


@dataclass(frozen=True)
class ReportInputs:
    """The tables and pictures of the scenes that a report is about."""

    scenes: pd.DataFrame
    """A row a scene, as `scene_index` has it."""

    record: RunRecord = field(default_factory=RunRecord)
    clouds: pd.DataFrame | None = None
    """`cloud_statistics`: what the filter did."""

    labels: pd.DataFrame | None = None
    """`label_statistics`: of the class maps by brightness."""

    ice: pd.DataFrame | None = None
    """`network_statistics`: of the class maps by a network."""

    opinions: pd.DataFrame | None = None
    """`second_opinion`: class maps by brightness against the network that ships."""

    scores: pd.DataFrame | None = None
    """`evaluation_scores`."""

    class_scores: pd.DataFrame | None = None
    matrices: pd.DataFrame | None = None
    """`confusion_matrices`."""

    split: pd.DataFrame | None = None
    """`chip_split`: which chip of which scene is learnt from, which is scored on."""

    seasons: Mapping[str, pd.DataFrame | None] = field(default_factory=dict)
    """ "label", "ice" -> `region_series`, of class maps by brightness, by a network."""

    histories: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    """Variant -> `training_history`."""

    pictures: Mapping[str, Pictures] = field(default_factory=dict)
    """Scene id -> its pictures; scenes that are not pictured are not in it."""

    products: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Scene id -> title of each product -> its path from the report."""

    figures: FigureOptions = ACCESSIBLE
    """The colours of the classes."""


def is_of_inference(
    record: RunRecord,
    scene_index: pd.DataFrame | None,
    inference_index: pd.DataFrame | None,
) -> bool:
    """Return which scenes came in last: those of `inference`, or those of `ingestion`.

    Without a record of either, those of `ingestion` go first.
    """
    if scene_index is None or inference_index is None:
        return scene_index is None
    ingested, inferred = record.step(INGESTED), record.step(INFERRED)
    if inferred is None:
        return False
    return ingested is None or inferred.started > ingested.started


# --- All that is known of each scene, in one table

_AREAS = [
    "valid_fraction",
    *("sea_ice_concentration", "concentration_lower", "concentration_upper"),
    *(f"{c.key}_fraction" for c in SeaIceClass),
    *(f"{c.key}_km2" for c in SeaIceClass),
]
_FILTER = [
    *("method", "method_source"),
    *("thin_cloud_fraction", "shadow_fraction", "changed_fraction"),
]
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


# --- Links from the report to the products of each scene


def products_of(
    catalogue: "pystac.Catalog", scene_ids: Collection[str]
) -> dict[str, Mapping[str, str]]:
    """List what the static STAC catalogue describes of some scenes.

    Args:
        catalogue: In a folder beside the report, as in `conf/base`.
        scene_ids: Which scenes; no item of another one is read.

    Returns:
        Scene id -> title of each product -> its path from the report, as links have it.
    """
    beside = posixpath.dirname(posixpath.dirname(str(catalogue.get_self_href())))
    links = [link for one in catalogue.get_children() for link in one.get_item_links()]
    files = {f"{link_name(scene_id)}.json" for scene_id in scene_ids}
    wanted = [link for link in links if _file(link) in files]
    items = [_item(link, catalogue) for link in wanted]
    return {
        item.id: {
            asset.title or name: quote(
                posixpath.relpath(str(asset.get_absolute_href()), beside), "/%"
            )
            for name, asset in item.assets.items()
        }
        for item in items
    }


def _item(link: "pystac.Link", catalogue: "pystac.Catalog") -> "pystac.Item":
    item: pystac.Item = link.resolve_stac_object(catalogue).target  # type: ignore[assignment]
    return item


def _file(link: "pystac.Link") -> str:
    return posixpath.basename(str(link.get_href()))
