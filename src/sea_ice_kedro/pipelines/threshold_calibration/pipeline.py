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
                outputs="brightness_counts",
                name="count_scenes",
            ),
            Node(
                func=propose_limits,
                inputs=[
                    "scene_index",
                    "brightness_counts",
                    "params:autolabel.thresholds",
                ],
                outputs="proposed_limits",
                name="propose_limits",
            ),
            Node(
                func=draw_proposal,
                inputs=[
                    "scene_index",
                    "brightness_counts",
                    "proposed_limits",
                    "params:figures",
                ],
                outputs="brightness_figure",
                name="draw_proposal",
            ),
        ],
        tags="threshold_calibration",
    )
