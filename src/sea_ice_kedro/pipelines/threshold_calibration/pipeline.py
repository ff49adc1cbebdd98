"""filtered_scenes → brightness_counts, proposed_limits, brightness_figure."""

from kedro.pipeline import Node, Pipeline

from sea_ice_kedro.pipelines.threshold_calibration.nodes import (
    count_scenes,
    draw_proposal,
    propose_limits,
)


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
