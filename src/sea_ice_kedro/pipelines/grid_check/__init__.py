"""scenes → grid_labels, grid_pictures, grid_statistics."""

from functools import partial
from typing import Any

import pandas as pd
from kedro.pipeline import Node, Pipeline

from sea_ice_kedro.datasets.parallel_partitions import load_many
from sea_ice_kedro.engines import Partitions, map_partitions
from sea_ice_kedro.imagery.arrays import RGB, Scene
from sea_ice_kedro.imagery.classes import FigureOptions
from sea_ice_kedro.imagery.cloud_filter import FilterOptions
from sea_ice_kedro.imagery.labelling import BrightnessThresholds
from sea_ice_kedro.pipelines.scenes import of_index
from sea_ice_kedro.reporting.grid_check import (
    GridCheckOptions,
    count_differences,
    draw_differences,
    label_on_two_grids,
)

_WHAT, _BY = "its labels on two grids", "grid_check"


def label_grids(
    scene_index: pd.DataFrame,
    scenes: Partitions[Scene],
    options: GridCheckOptions,
    filtering: FilterOptions,
    thresholds: BrightnessThresholds,
) -> Partitions[Scene]:
    """Declare the labels of every scene, each way on two grids; made when saved.

    Args:
        scene_index: A row a scene.
        scenes: Scene id -> loader of one scene.
        options: Size of a chip.
        filtering: The run's filter.
        thresholds: The run's limits.
    """
    chosen = of_index(scene_index, scenes, "the ingested raster", "ingestion")
    label = partial(
        label_on_two_grids, options=options, filtering=filtering, thresholds=thresholds
    )
    return map_partitions(label, chosen)


def draw_grids(
    scene_index: pd.DataFrame,
    grid_labels: Partitions[Scene],
    options: GridCheckOptions,
    figures: FigureOptions,
) -> Partitions[RGB]:
    """Declare a picture of every scene: where its labels depend on the grid."""
    chosen = of_index(scene_index, grid_labels, _WHAT, _BY)
    return map_partitions(
        partial(draw_differences, options=options, figures=figures), chosen
    )


def count_grids(
    scene_index: pd.DataFrame, grid_labels: Partitions[Scene]
) -> Partitions[pd.DataFrame]:
    """Declare the counts of every scene, a table of one row; counted when saved."""
    return map_partitions(_counts, of_index(scene_index, grid_labels, _WHAT, _BY))


def _counts(labelled: Scene) -> pd.DataFrame:
    counts = count_differences(labelled)
    return pd.DataFrame([{"scene_id": labelled.scene_id, **counts}])


def summarise_grids(
    scene_index: pd.DataFrame, grid_counts: Partitions[pd.DataFrame]
) -> pd.DataFrame:
    """Make the table of how much labels depend on the grid, a row a scene.

    Fractions are of the observed pixels, 0..1; NaN where there is none.

    Returns:
        `scene_id`, `pixels`, `published_fraction`, `own_fraction`.
    """
    ids = (i for i in scene_index["scene_id"] if i in grid_counts)
    rows = [_row(table) for table in load_many(grid_counts, ids).values()]
    columns = ["scene_id", "pixels", "published_fraction", "own_fraction"]
    return pd.DataFrame(rows, columns=columns)


def _row(table: pd.DataFrame) -> dict[str, Any]:
    scene_id, pixels, published, own = table.iloc[0]
    shares = [n / pixels if pixels else float("nan") for n in (published, own)]
    return {
        "scene_id": scene_id,
        "pixels": pixels,
        "published_fraction": shares[0],
        "own_fraction": shares[1],
    }


# --- Wiring


def create_pipeline() -> Pipeline:
    """Wire the `grid_check` pipeline."""
    return Pipeline(
        [
            Node(
                func=label_grids,
                inputs=[
                    "scene_index",
                    "scenes@raster",
                    "params:grid_check",
                    "params:filtering",
                    "params:autolabel.thresholds",
                ],
                outputs="grid_labels",
                name="label_grids",
            ),
            Node(
                func=draw_grids,
                inputs=[
                    "scene_index",
                    "grid_labels",
                    "params:grid_check",
                    "params:figures",
                ],
                outputs="grid_pictures",
                name="draw_grids",
            ),
            Node(
                func=count_grids,
                inputs=["scene_index", "grid_labels"],
                outputs="grid_check.counts#scene_tables",
                name="count_grids",
            ),
            Node(
                func=summarise_grids,
                inputs=["scene_index", "grid_check.counts#scene_tables"],
                outputs="grid_check.grid_statistics#table",
                name="summarise_grids",
            ),
        ],
        tags="grid_check",
    )
