"""Chips → seconds with processes and Spark executors, beside the published ones."""

from kedro.pipeline import Node, Pipeline

from sea_ice_kedro.pipelines.scaling.nodes import (
    describe_machine,
    measure_executors,
    measure_processes,
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
