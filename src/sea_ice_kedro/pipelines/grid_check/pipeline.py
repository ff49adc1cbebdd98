"""scenes → grid_labels, grid_pictures, grid_statistics."""

from kedro.pipeline import Node, Pipeline

from sea_ice_kedro.pipelines.grid_check.nodes import (
    count_grids,
    draw_grids,
    label_grids,
    summarise_grids,
)


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
