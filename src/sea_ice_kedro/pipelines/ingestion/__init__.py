"""source → scenes, manual labels, scene_index."""

import logging
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, TypeVar

import pandas as pd
from kedro.pipeline import Node, Pipeline

from sea_ice_kedro.datasets.parallel_partitions import StoredPartitions
from sea_ice_kedro.engines import Partitions, map_partitions
from sea_ice_kedro.imagery.arrays import ClassMap, Georeference, Scene
from sea_ice_kedro.imagery.raw_scenes import RawScene, render
from sea_ice_kedro.rasters.footprint import centre_deg, north_bearing_deg
from sea_ice_kedro.rasters.geotiff import Facts
from sea_ice_kedro.reporting.run_report.formatting import names
from sea_ice_kedro.sources import IngestionOptions, SceneEntry
from sea_ice_kedro.sources import find_scenes as find_in_source
from sea_ice_kedro.sources.acquisitions import counted_once
from sea_ice_kedro.sources.mapped_area import (
    label_within,
    mark_label,
    mark_land,
    within,
)

INDEX_COLUMNS = [
    "scene_id",
    "source",
    "location",
    "acquired",
    "height",
    "width",
    "crs",
    "pixel_size_m",
    "longitude_deg",
    "latitude_deg",
    "north_deg",
    "valid_fraction",
    "land_fraction",
    "land_source",
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

_NAN = float("nan")

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
    downloads: Partitions[RawScene],
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
    fetched = {
        entry.scene_id: downloads[entry.scene_id]
        for entry in scene_listing
        if entry.download is not None and entry.scene_id in downloads
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
    scene_listing: list[SceneEntry], scenes: StoredPartitions[Scene]
) -> pd.DataFrame:
    """Make the table of this run's scenes; all later pipelines take ids from it.

    Args:
        scene_listing: What the source offered.
        scenes: What is known of those that were ingested; none is loaded.

    Returns:
        A row a scene that was ingested, columns `INDEX_COLUMNS`, then what the source
        lists besides; of a name that is taken as `your_<name>`.
    """
    entries = {e.scene_id: e for e in scene_listing if e.scene_id in scenes}
    rows = [
        _index_row(entries[scene_id], facts)
        for scene_id, facts in scenes.facts(entries).items()
    ]
    others = dict.fromkeys(name for row in rows for name in row)
    columns = [*INDEX_COLUMNS, *(n for n in others if n not in INDEX_COLUMNS)]
    index = pd.DataFrame(rows, columns=columns)
    more = columns[len(INDEX_COLUMNS) :]
    index[more] = index[more].fillna("")
    for note, noted in index[index["notes"] != ""].groupby("notes")["scene_id"]:
        logger.warning("each of %s %s", names(noted.tolist()), note)
    return index


def _index_row(entry: SceneEntry, facts: Facts) -> dict[str, Any]:
    pixels = facts["height"] * facts["width"]
    return {
        "scene_id": entry.scene_id,
        "source": facts["source"],
        "location": facts["location"],
        "acquired": facts.get("acquired", ""),
        "height": facts["height"],
        "width": facts["width"],
        "crs": facts["crs"],
        "pixel_size_m": facts.get("pixel_size_m", _NAN),
        **_place(facts),
        "valid_fraction": facts["valid_pixels"] / pixels,
        "land_fraction": facts.get("pixels_land", 0) / pixels,
        "land_source": facts.get("land", ""),
        "checksum": facts["checksum"],
        "manual_label": entry.manual_label is not None,
        "granule": facts.get("granule", ""),
        "sun_elevation_deg": facts.get("sun_elevation_deg", _NAN),
        "cloud_percentage": facts.get("cloud_percentage", _NAN),
        "processing_baseline": facts.get("processing_baseline", ""),
        "saturated_fraction": _saturated_fraction(facts),
        "asset_id": facts.get("asset_id", ""),
        "notes": facts.get("notes", ""),
        "region": entry.columns.get("region", ""),
        **_others(entry.columns),
    }


def _place(facts: Facts) -> dict[str, float]:
    """Tell where the centre of a scene lies, and where north is from there."""
    if not facts["crs"]:
        return dict.fromkeys(("longitude_deg", "latitude_deg", "north_deg"), _NAN)
    georeference = Georeference(facts["crs"], tuple(facts["transform"]))
    shape = facts["height"], facts["width"]
    longitude, latitude = centre_deg(georeference, shape)
    return {
        "longitude_deg": round(longitude, 5),
        "latitude_deg": round(latitude, 5),
        "north_deg": round(north_bearing_deg(georeference, shape), 2),
    }


def _others(columns: Mapping[str, str]) -> dict[str, str]:
    return {
        f"your_{name}" if name.lower() in INDEX_COLUMNS else name: value
        for name, value in columns.items()
        if name != "region"
    }


def _saturated_fraction(facts: Facts) -> float:
    """Return the share of pixels that a detector could not measure; NaN: not known."""
    if "white_reflectance" not in facts:
        return _NAN
    pixels: int = facts["height"] * facts["width"]
    return float(facts.get("saturated_pixels", 0) / pixels)


# --- Wiring


def create_pipeline() -> Pipeline:
    """Wire the `ingestion` pipeline."""
    return Pipeline(
        [
            Node(
                func=find_scenes,
                inputs="params:ingestion",
                outputs="scene_listing",
                name="find_scenes",
            ),
            Node(
                func=download_scenes,
                inputs="scene_listing",
                outputs="downloads@raster",
                name="download_scenes",
            ),
            Node(
                func=ingest_scenes,
                inputs=[
                    "scene_listing",
                    "downloads@stored",
                    "params:ingestion",
                ],
                outputs="scenes@raster",
                name="ingest_scenes",
            ),
            Node(
                func=ingest_manual_labels,
                inputs=["scene_listing", "params:ingestion"],
                outputs="manual_labels",
                name="ingest_manual_labels",
            ),
            Node(
                func=index_scenes,
                inputs=["scene_listing", "scenes@raster"],
                outputs="scene_index",
                name="index_scenes",
            ),
        ],
        tags="ingestion",
    )
