"""Seeds → worlds → chips → `polar`, the network that ships."""

from kedro.pipeline import Node, Pipeline

from sea_ice_kedro.pipelines.modeling.nodes import export_unet
from sea_ice_kedro.pipelines.polar.nodes import (
    calibrate_polar,
    draw_worlds,
    index_worlds,
    train_polar,
)
from sea_ice_kedro.reporting.learning_curves import draw_learning_curves


def create_pipeline() -> Pipeline:
    """Wire the `polar` pipeline; it needs no scene."""
    return Pipeline(
        [
            Node(draw_worlds, "params:polar.worlds", "polar.chips", name="draw_worlds"),
            Node(
                index_worlds,
                ["params:polar.worlds", "polar.chips"],
                "polar.chip_index",
                name="index_worlds",
            ),
            Node(
                train_polar,
                [
                    "polar.chip_index",
                    "polar.chips",
                    "polar.checkpoints",
                    "params:polar.training",
                ],
                ["polar.unet", "polar.training_history#table"],
                name="train_polar",
            ),
            Node(
                draw_learning_curves,
                "polar.training_history#table",
                "polar.learning_curves#figure",
                name="draw_polar_curves",
            ),
            Node(
                calibrate_polar,
                ["polar.chip_index", "polar.chips", "polar.unet"],
                ["polar.calibrated_unet", "polar.reliability#table"],
                name="calibrate_polar",
            ),
            Node(
                export_unet,
                "polar.calibrated_unet",
                "polar.calibrated_onnx",
                name="export_polar",
            ),
        ],
        tags="polar",
    )
