"""class_maps → cell_counts, daily_grid, concentration_map; the same of predictions."""

from collections.abc import Callable
from typing import Any

from kedro.pipeline import Node, Pipeline

from sea_ice_kedro.pipelines.gridding.nodes import (
    count_class_maps,
    count_predictions,
    map_concentration,
    reduce_by_day_and_cell,
)


def create_pipeline() -> Pipeline:
    """Wire the `gridding` pipeline: of the class maps by brightness."""
    return _grid(count_class_maps, "class_maps", "")


def grid_predictions() -> Pipeline:
    """Wire the same of the predictions by a network."""
    return _grid(count_predictions, "predictions", "network_")


def _grid(count: Callable[..., Any], class_maps: str, prefix: str) -> Pipeline:
    """Wire the cells of some class maps.

    Args:
        count: The node function that declares the table of every scene.
        class_maps: Name of the folder of class maps.
        prefix: Of the names of products and nodes.
    """
    cell_counts, daily = f"{prefix}cell_counts", f"{prefix}daily_grid#table"
    return Pipeline(
        [
            Node(
                func=count,
                inputs=["scene_index", class_maps, "params:gridding.grid"],
                outputs=f"{cell_counts}@parts",
                name=count.__name__,
            ),
            Node(
                func=reduce_by_day_and_cell,
                inputs=["scene_index", f"{cell_counts}@table"],
                outputs=daily,
                name=f"reduce_{cell_counts}",
            ),
            Node(
                func=map_concentration,
                inputs=daily,
                outputs=f"{prefix}concentration_map#figure",
                name=f"map_{prefix}concentration",
            ),
        ],
        tags="gridding",
    )
