"""Scenes from their source onto our disk, and an index of them."""

from collections.abc import Callable
from typing import Any

import pandas as pd

from sea_ice_kedro.datasets.stored_partitions import load_many
from sea_ice_kedro.engines import Partitions
from sea_ice_kedro.imagery.arrays import ClassMap, Scene
from sea_ice_kedro.sources import IngestionOptions, SceneEntry
from sea_ice_kedro.sources import find_scenes as find_in_source

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
    "checksum",
    "manual_label",
]


def find_scenes(options: IngestionOptions) -> list[SceneEntry]:
    """List what the configured source offers; no scene is read yet."""
    return find_in_source(options)


def ingest_scenes(scene_listing: list[SceneEntry]) -> Partitions[Scene]:
    """Declare every scene as read from its source."""
    return {entry.scene_id: entry.scene for entry in scene_listing}


def ingest_manual_labels(scene_listing: list[SceneEntry]) -> Partitions[ClassMap]:
    """Declare the manual label of every scene that has one."""
    labels: dict[str, Callable[[], ClassMap]] = {
        entry.scene_id: entry.manual_label
        for entry in scene_listing
        if entry.manual_label is not None
    }
    return labels


def index_scenes(
    scene_listing: list[SceneEntry], scene_tags: Partitions[dict[str, Any]]
) -> pd.DataFrame:
    """Make the table of this run's scenes; all later pipelines take ids from it.

    Args:
        scene_listing: What the source offered.
        scene_tags: Scene id -> loader of the tags of its raster.

    Returns:
        A row a scene that was ingested, columns `INDEX_COLUMNS`.
    """
    entries = {e.scene_id: e for e in scene_listing if e.scene_id in scene_tags}
    rows = [
        _index_row(entries[scene_id], tags)
        for scene_id, tags in load_many(scene_tags, entries).items()
    ]
    return pd.DataFrame(rows, columns=INDEX_COLUMNS)


def _index_row(entry: SceneEntry, tags: dict[str, Any]) -> dict[str, Any]:
    return {
        "scene_id": entry.scene_id,
        "source": tags["source"],
        "location": tags["location"],
        "acquired": tags.get("acquired", ""),
        "height": tags["height"],
        "width": tags["width"],
        "crs": tags["crs"],
        "pixel_size_m": float(tags.get("pixel_size_m", "nan")),
        "valid_fraction": int(tags["valid_pixels"]) / (tags["height"] * tags["width"]),
        "checksum": tags["checksum"],
        "manual_label": entry.manual_label is not None,
    }
