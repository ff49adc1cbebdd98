"""filtered_scenes → class_maps, label_statistics, quicklooks, class_shares."""

from kedro.pipeline import Node, Pipeline

from sea_ice_kedro.pipelines.autolabel.nodes import (
    draw_quicklooks,
    label_scenes,
    summarise_labels,
)
from sea_ice_kedro.reporting.class_shares import draw_class_shares


def create_pipeline() -> Pipeline:
    """Wire the `autolabel` pipeline."""
    return Pipeline(
        [
            Node(
                func=label_scenes,
                inputs=[
                    "scene_index",
                    "filtered_scenes",
                    "params:autolabel.thresholds",
                ],
                outputs="class_maps",
                name="label_scenes",
            ),
            Node(
                func=summarise_labels,
                inputs=["scene_index", "class_maps"],
                outputs="label_statistics#table",
                name="summarise_labels",
            ),
            Node(
                func=draw_quicklooks,
                inputs=[
                    "scene_index",
                    "scenes@raster",
                    "filtered_scenes",
                    "class_maps",
                    "params:autolabel.quicklooks",
                    "params:figures",
                ],
                outputs="quicklooks",
                name="draw_quicklooks",
            ),
            Node(
                func=draw_class_shares,
                inputs=["label_statistics#table", "params:figures"],
                outputs="class_shares#figure",
                name="compare_scenes",
            ),
        ],
        tags="autolabel",
    )
