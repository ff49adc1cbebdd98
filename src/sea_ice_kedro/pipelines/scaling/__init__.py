"""Chips → seconds with processes, Spark executors, training workers: Tables I-III."""

from kedro.pipeline import Node, Pipeline

from sea_ice_kedro.engines.machine import machine_facts
from sea_ice_kedro.pipelines.scaling.nodes import (
    measure_executors,
    measure_processes,
    measure_training,
    model_training,
)
from sea_ice_kedro.reporting.scaling_figures import draw_scaling, draw_training

_PROCESSES = "scaling.scaling_processes#table"
_EXECUTORS = "scaling.scaling_executors#table"
_TRAINING = "scaling.scaling_training#table"
_TIMES = "scaling.training_times#table"
_REDUCES = "scaling.all_reduce_times#table"
_WORK = ["params:scaling", "params:filtering", "params:autolabel.thresholds"]


def create_pipeline() -> Pipeline:
    """Wire the `scaling` pipeline, which is not part of the default run."""
    return Pipeline(
        [
            Node(
                func=machine_facts,
                inputs=None,
                outputs="scaling.machine_facts#json",
                name="describe_machine",
            ),
            Node(
                func=measure_processes,
                inputs=_WORK,
                outputs=_PROCESSES,
                name="measure_processes",
            ),
            Node(
                func=measure_training,
                inputs=[
                    "params:scaling",
                    "params:modeling.unet",
                    "params:modeling.training",
                    _PROCESSES,
                ],
                outputs=[_TIMES, _REDUCES],
                name="measure_training",
            ),
            Node(
                func=model_training,
                inputs=[_TIMES, _REDUCES, "params:scaling"],
                outputs=[_TRAINING, "scaling.training_model#json"],
                name="model_training",
            ),
            Node(
                func=draw_training,
                inputs=_TRAINING,
                outputs="scaling.training_scaling_figure#figure",
                name="draw_training_scaling",
            ),
            Node(
                func=measure_executors,
                inputs=[*_WORK, _PROCESSES],
                outputs=_EXECUTORS,
                name="measure_executors",
            ),
            Node(
                func=draw_scaling,
                inputs=[_PROCESSES, _EXECUTORS],
                outputs="scaling.scaling_figure#figure",
                name="draw_scaling",
            ),
        ],
        tags="scaling",
    )
