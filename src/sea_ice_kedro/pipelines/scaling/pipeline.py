"""Chips → seconds with processes, Spark executors, training workers: Tables I-III."""

from kedro.pipeline import Node, Pipeline

from sea_ice_kedro.pipelines.scaling.nodes import (
    describe_machine,
    measure_executors,
    measure_processes,
)
from sea_ice_kedro.pipelines.scaling.training_nodes import (
    draw_training_scaling,
    measure_training,
    model_training,
)
from sea_ice_kedro.reporting.scaling_figures import draw_scaling

_WORK = ["params:scaling", "params:filtering", "params:autolabel.thresholds"]


def create_pipeline() -> Pipeline:
    """Wire the `scaling` pipeline, which is not part of the default run."""
    return Pipeline(
        [
            Node(
                func=describe_machine,
                inputs=None,
                outputs="scaling.machine_facts#json",
                name="describe_machine",
            ),
            Node(
                func=measure_processes,
                inputs=_WORK,
                outputs="scaling.scaling_processes#table",
                name="measure_processes",
            ),
            *_training(),
            Node(
                func=measure_executors,
                inputs=[*_WORK, "scaling.scaling_processes#table"],
                outputs="scaling.scaling_executors#table",
                name="measure_executors",
            ),
            Node(
                func=draw_scaling,
                inputs=[
                    "scaling.scaling_processes#table",
                    "scaling.scaling_executors#table",
                ],
                outputs="scaling.scaling_figure#figure",
                name="draw_scaling",
            ),
        ],
        tags="scaling",
    )


def _training() -> list[Node]:
    """Wire what a GPU more would bring."""
    return [
        Node(
            func=measure_training,
            inputs=[
                "params:scaling",
                "params:modeling.unet",
                "params:modeling.training",
                "scaling.scaling_processes#table",
            ],
            outputs=[
                "scaling.training_times#table",
                "scaling.all_reduce_times#table",
            ],
            name="measure_training",
        ),
        Node(
            func=model_training,
            inputs=[
                "scaling.training_times#table",
                "scaling.all_reduce_times#table",
                "params:scaling",
            ],
            outputs=[
                "scaling.scaling_training#table",
                "scaling.training_model#json",
            ],
            name="model_training",
        ),
        Node(
            func=draw_training_scaling,
            inputs="scaling.scaling_training#table",
            outputs="scaling.training_scaling_figure#figure",
            name="draw_training_scaling",
        ),
    ]
