"""Scenes from their source onto our disk, and an index of them."""

import logging
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, TypeVar

import pandas as pd

from sea_ice_kedro.datasets.stored_partitions import load_many
from sea_ice_kedro.engines import Partitions, map_partitions
from sea_ice_kedro.imagery.arrays import ClassMap, Scene
from sea_ice_kedro.imagery.raw_scenes import RawScene, render
from sea_ice_kedro.reporting.run_report.words import names
from sea_ice_kedro.sources import IngestionOptions, SceneEntry
from sea_ice_kedro.sources import find_scenes as find_in_source
from sea_ice_kedro.sources.area_of_interest import label_within, within
from sea_ice_kedro.sources.land import mark_label, mark_land
from sea_ice_kedro.sources.shown_twice import counted_once

INDEX_COLUMNS = [
    "scene_id",
    "source",
    "location",
    "acquired",
    "height",
    "width",
    "crs",
    "pixel_size_m",
    "valid_fraction",
    "land_fraction",
    "checksum",
    "manual_label",
    "granule",
    "sun_elevation_deg",
    "cloud_percentage",
    "processing_baseline",
    "saturated_fraction",
    "asset_id",
    "notes",
    "region",
]

logger = logging.getLogger(__name__)

Value = TypeVar("Value")


def find_scenes(options: IngestionOptions) -> list[SceneEntry]:
    """List what the configured source offers; no scene is read yet."""
    return find_in_source(options)


def download_scenes(scene_listing: list[SceneEntry]) -> Partitions[RawScene]:
    """Declare the numbers of every scene to download; none for other sources."""
    downloads: dict[str, Callable[[], RawScene]] = {
        entry.scene_id: entry.download
        for entry in scene_listing
        if entry.download is not None
    }
    return downloads


def ingest_scenes(
    scene_listing: list[SceneEntry],
    downloads: Partitions[RawScene] | None,
    options: IngestionOptions,
) -> Partitions[Scene]:
    """Declare every scene as read from its source, or from what was downloaded of it.

    A scene whose download is not there has failed in this very pipeline, which raises
    that failure at its end. Pixels that several scenes of one acquisition show count in
    one of them.

    Args:
        scene_listing: What the source offered.
        downloads: Scene id -> loader of the numbers that were downloaded; most
            sources download nothing.
        options: Which reflectance is white, for what was downloaded; which part of
            each scene is wanted, and what of it is land.
    """
    local: dict[str, Callable[[], Scene]] = {
        entry.scene_id: entry.scene
        for entry in scene_listing
        if entry.scene is not None
    }
    stored = downloads or {}
    fetched = {
        entry.scene_id: stored[entry.scene_id]
        for entry in scene_listing
        if entry.download is not None and entry.scene_id in stored
    }
    rendered = map_partitions(partial(render, brightness=options.brightness), fetched)
    scenes = counted_once({**local, **rendered}, scene_listing)
    return _placed(scenes, options, within, mark_land)


def ingest_manual_labels(
    scene_listing: list[SceneEntry], options: IngestionOptions
) -> Partitions[ClassMap]:
    """Declare the manual label of every scene that has one, where it is wanted."""
    labels: dict[str, Callable[[], ClassMap]] = {
        entry.scene_id: entry.manual_label
        for entry in scene_listing
        if entry.manual_label is not None
    }
    return _placed(labels, options, label_within, mark_label)


def _placed(
    rasters: Partitions[Value],
    options: IngestionOptions,
    within_area: Callable[..., Value],
    with_land: Callable[..., Value],
) -> Partitions[Value]:
    """Leave out what lies outside of the area that is wanted, and set land apart."""
    area, land = options.area(), options.land_file()
    if area is not None:
        rasters = map_partitions(partial(within_area, area=area), rasters)
    if land is not None:
        rasters = map_partitions(partial(with_land, land=land), rasters)
    return rasters


def index_scenes(
    scene_listing: list[SceneEntry], scene_tags: Partitions[dict[str, Any]]
) -> pd.DataFrame:
    """Make the table of this run's scenes; all later pipelines take ids from it.

    Args:
        scene_listing: What the source offered.
        scene_tags: Scene id -> loader of the tags of its raster.

    Returns:
        A row a scene that was ingested, columns `INDEX_COLUMNS`, then what the source
        lists besides; of a name that is taken as `your_<name>`.
    """
    entries = {e.scene_id: e for e in scene_listing if e.scene_id in scene_tags}
    rows = [
        _index_row(entries[scene_id], tags)
        for scene_id, tags in load_many(scene_tags, entries).items()
    ]
    others = dict.fromkeys(name for row in rows for name in row)
    columns = [*INDEX_COLUMNS, *(n for n in others if n not in INDEX_COLUMNS)]
    index = pd.DataFrame(rows, columns=columns)
    more = columns[len(INDEX_COLUMNS) :]
    index[more] = index[more].fillna("")
    for note, noted in index[index["notes"] != ""].groupby("notes")["scene_id"]:
        logger.warning("each of %s %s", names(noted.tolist()), note)
    return index


def _index_row(entry: SceneEntry, tags: dict[str, Any]) -> dict[str, Any]:
    pixels = tags["height"] * tags["width"]
    return {
        "scene_id": entry.scene_id,
        "source": tags["source"],
        "location": tags["location"],
        "acquired": tags.get("acquired", ""),
        "height": tags["height"],
        "width": tags["width"],
        "crs": tags["crs"],
        "pixel_size_m": float(tags.get("pixel_size_m", "nan")),
        "valid_fraction": int(tags["valid_pixels"]) / pixels,
        "land_fraction": int(tags.get("pixels_land", 0)) / pixels,
        "checksum": tags["checksum"],
        "manual_label": entry.manual_label is not None,
        "granule": tags.get("granule", ""),
        "sun_elevation_deg": float(tags.get("sun_elevation_deg", "nan")),
        "cloud_percentage": float(tags.get("cloud_percentage", "nan")),
        "processing_baseline": tags.get("processing_baseline", ""),
        "saturated_fraction": _saturated_fraction(tags),
        "asset_id": tags.get("asset_id", ""),
        "notes": tags.get("notes", ""),
        "region": entry.columns.get("region", ""),
        **_others(entry.columns),
    }


def _others(columns: Mapping[str, str]) -> dict[str, str]:
    return {
        f"your_{name}" if name.lower() in INDEX_COLUMNS else name: value
        for name, value in columns.items()
        if name != "region"
    }


def _saturated_fraction(tags: dict[str, Any]) -> float:
    """Return the share of pixels that a detector could not measure; NaN: not known."""
    if "white_reflectance" not in tags:
        return float("nan")
    pixels = int(tags["height"]) * int(tags["width"])
    return int(tags.get("saturated_pixels", 0)) / pixels
