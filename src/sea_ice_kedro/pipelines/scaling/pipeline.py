"""Chips → seconds with processes, Spark executors, training workers: Tables I-III."""

from kedro.pipeline import Node, Pipeline

from sea_ice_kedro.engines.machine import machine_facts
from sea_ice_kedro.pipelines.scaling.nodes import (
    measure_executors,
    measure_processes,
)
from sea_ice_kedro.pipelines.scaling.training_nodes import (
    measure_training,
    model_training,
)
from sea_ice_kedro.reporting.scaling_figures import draw_scaling
from sea_ice_kedro.reporting.training_scaling_figure import draw_training

_WORK = ["params:scaling", "params:filtering", "params:autolabel.thresholds"]


def create_pipeline() -> Pipeline:
    """Wire the `scaling` pipeline, which is not part of the default run."""
    return Pipeline(
        [
            Node(
                func=machine_facts,
                inputs=None,
                outputs="machine_facts",
                name="describe_machine",
            ),
            Node(
                func=measure_processes,
                inputs=_WORK,
                outputs="scaling_processes",
                name="measure_processes",
            ),
            Node(
                func=measure_training,
                inputs=[
                    "params:scaling",
                    "params:modeling.unet",
                    "params:modeling.training",
                    "scaling_processes",
                ],
                outputs=["training_times", "all_reduce_times"],
                name="measure_training",
            ),
            Node(
                func=model_training,
                inputs=["training_times", "all_reduce_times", "params:scaling"],
                outputs=["scaling_training", "training_model"],
                name="model_training",
            ),
            Node(
                func=draw_training,
                inputs="scaling_training",
                outputs="training_scaling_figure",
                name="draw_training_scaling",
            ),
            Node(
                func=measure_executors,
                inputs=[*_WORK, "scaling_processes"],
                outputs="scaling_executors",
                name="measure_executors",
            ),
            Node(
                func=draw_scaling,
                inputs=["scaling_processes", "scaling_executors"],
                outputs="scaling_figure",
                name="draw_scaling",
            ),
        ],
        tags="scaling",
    )
