"""filtered_scenes → brightness_counts, proposed_limits, brightness_figure."""

from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from kedro.pipeline import Node, Pipeline

from sea_ice_kedro.datasets.parallel_partitions import load_many
from sea_ice_kedro.engines import Partitions, Task
from sea_ice_kedro.imagery.arrays import ClassMap, FilteredScene
from sea_ice_kedro.imagery.classes import FigureOptions, SeaIceClass
from sea_ice_kedro.imagery.labelling import (
    BrightnessThresholds,
    Counts,
    count_brightness,
    limits_of_labels,
    place_limits,
)
from sea_ice_kedro.pipelines.scenes import of_index
from sea_ice_kedro.reporting.run_figures import draw_brightness

_COLUMNS = [*(c.key for c in SeaIceClass), "pixels"]
ALL_SCENES = "all scenes"


def count_scenes(
    scene_index: pd.DataFrame,
    filtered_scenes: Partitions[FilteredScene],
    manual_labels: Partitions[ClassMap],
) -> Partitions[pd.DataFrame]:
    """Declare the brightness table of every scene; counted when it is saved.

    Args:
        scene_index: A row a scene.
        filtered_scenes: Scene id -> loader of one filtered scene.
        manual_labels: Scene id -> loader of one manual label; scenes may have none.

    Returns:
        Scene id -> maker of a table, a row a brightness: `brightness`, pixels of each
        class by manual label, `pixels` in all.
    """
    chosen = of_index(scene_index, filtered_scenes, "the filtered scene", "filtering")
    return {
        i: Task(_table, (scene, *([manual_labels[i]] if i in manual_labels else [])))
        for i, scene in chosen.items()
    }


def _table(scene: FilteredScene, label: ClassMap | None = None) -> pd.DataFrame:
    counts = count_brightness(scene, label)
    table = pd.DataFrame(dict(zip(_COLUMNS, counts, strict=True)))
    table.insert(0, "brightness", np.arange(256))
    return table


def propose_limits(
    scene_index: pd.DataFrame,
    brightness_counts: Partitions[pd.DataFrame],
    thresholds: BrightnessThresholds,
) -> pd.DataFrame:
    """Propose limits for each scene and for all: by its modes, and by manual labels.

    Returns:
        `scene_id`, `pixels`, `thin_ice_min`, `thick_ice_min` and `source` ("scene",
        why a limit fell back, or "manual labels"): a row a scene and source.
    """
    by_scene = _counts_by_scene(scene_index, brightness_counts)
    if by_scene:
        by_scene[ALL_SCENES] = np.sum(list(by_scene.values()), axis=0)
    rows = [
        row
        for scene_id, counts in by_scene.items()
        for row in _proposals(scene_id, counts, thresholds)
    ]
    columns = ["scene_id", "pixels", "thin_ice_min", "thick_ice_min", "source"]
    return pd.DataFrame(rows, columns=columns)


def _proposals(
    scene_id: str, counts: Counts, thresholds: BrightnessThresholds
) -> list[tuple[Any, ...]]:
    limits = place_limits(counts[-1], None, thresholds.limits)
    rows: list[tuple[Any, ...]] = [
        (scene_id, counts[-1].sum(), *limits.pair, limits.source)
    ]
    by_labels = limits_of_labels(counts)
    if by_labels is not None:
        rows.append((scene_id, counts[:-1].sum(), *by_labels, "manual labels"))
    return rows


def _counts_by_scene(
    scene_index: pd.DataFrame, tables: Partitions[pd.DataFrame]
) -> dict[str, Counts]:
    ids = (i for i in scene_index["scene_id"] if i in tables)
    return {
        i: table[_COLUMNS].to_numpy(np.int64).T
        for i, table in load_many(tables, ids).items()
    }


def draw_proposal(
    scene_index: pd.DataFrame,
    brightness_counts: Partitions[pd.DataFrame],
    proposed_limits: pd.DataFrame,
    figures: FigureOptions,
) -> go.Figure:
    """Draw how often each brightness occurs in all scenes, with the limits."""
    by_scene = _counts_by_scene(scene_index, brightness_counts)
    total = np.sum([*by_scene.values(), np.zeros((4, 256), np.int64)], axis=0)
    chosen = proposed_limits[proposed_limits["scene_id"] == ALL_SCENES]
    return draw_brightness(total, chosen, figures)


# --- Wiring


def create_pipeline() -> Pipeline:
    """Wire the `threshold_calibration` pipeline."""
    return Pipeline(
        [
            Node(
                func=count_scenes,
                inputs=["scene_index", "filtered_scenes", "manual_labels"],
                outputs="calibration.brightness_counts#scene_tables",
                name="count_scenes",
            ),
            Node(
                func=propose_limits,
                inputs=[
                    "scene_index",
                    "calibration.brightness_counts#scene_tables",
                    "params:autolabel.thresholds",
                ],
                outputs="calibration.proposed_limits#table",
                name="propose_limits",
            ),
            Node(
                func=draw_proposal,
                inputs=[
                    "scene_index",
                    "calibration.brightness_counts#scene_tables",
                    "calibration.proposed_limits#table",
                    "params:figures",
                ],
                outputs="calibration.brightness_figure#figure",
                name="draw_proposal",
            ),
        ],
        tags="threshold_calibration",
    )
