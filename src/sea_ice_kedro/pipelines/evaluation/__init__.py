"""U-Nets, class maps → predictions, scores, tables and figures of held-out scenes."""

from collections.abc import Sequence

from kedro.pipeline import Node, Pipeline

from sea_ice_kedro.pipelines.evaluation.nodes import (
    compare_auto_labels,
    compare_with_paper,
    draw_samples,
    predict_held_out,
    score_held_out,
    score_thresholds,
    tabulate_scores,
)
from sea_ice_kedro.pipelines.variants import Variant, chosen
from sea_ice_kedro.reporting.evaluation_figures import draw_accuracies, draw_confusion

_HELD_OUT = ["chip_split", "scene_index"]
_LABELS = ["class_maps", "manual_labels"]
_IMAGES = {"original": "scenes@raster", "filtered": "filtered_scenes"}


def create_pipeline() -> Pipeline:
    """Wire the `evaluation` pipeline for the variants of this run."""
    variants = chosen()
    networks = [create_variant_pipeline(variant) for variant in variants]
    return Pipeline(
        [*networks, *_baseline(), *_tables(variants), *_figures()], tags="evaluation"
    )


def create_variant_pipeline(variant: Variant) -> Pipeline:
    """Wire what is done for each network, in the variant's namespace."""
    nodes = Pipeline(
        [
            Node(
                func=predict_held_out,
                inputs=[
                    *_HELD_OUT,
                    "chip_index",
                    "scenes@windows",
                    "unet_onnx",
                    "params:inference",
                ],
                outputs="held_out_predictions",
                name="predict_held_out",
            ),
            Node(
                func=score_held_out,
                inputs=[
                    *_HELD_OUT,
                    "held_out_predictions",
                    *_LABELS,
                    "filtered_scenes",
                ],
                outputs="chip_scores#scene_tables",
                name="score_held_out",
            ),
            Node(
                func=draw_samples,
                inputs=[
                    *_HELD_OUT,
                    _IMAGES[variant.images],
                    "held_out_predictions",
                    *_LABELS,
                    "chip_scores#scene_tables",
                    "unet_onnx",
                    "params:evaluation",
                    "params:figures",
                ],
                outputs="prediction_samples",
                name="draw_samples",
            ),
        ]
    )
    parameters = {name for name in nodes.inputs() if name.startswith("params:")}
    return Pipeline(
        nodes,
        namespace=variant.name,
        inputs=nodes.inputs() - parameters - {"chip_index", "unet_onnx"},
        parameters=parameters,
        tags=variant.name,
    )


def _baseline() -> list[Node]:
    return [
        Node(
            func=score_thresholds,
            inputs=[
                *_HELD_OUT,
                "scenes@raster",
                *_LABELS,
                "filtered_scenes",
                "params:autolabel.thresholds",
            ],
            outputs="evaluation.threshold_scores#scene_tables",
            name="score_thresholds",
        ),
        Node(
            func=compare_auto_labels,
            inputs=[
                *_HELD_OUT,
                "evaluation.threshold_scores#scene_tables",
                "params:evaluation",
            ],
            outputs="evaluation.auto_label_ssim#table",
            name="compare_auto_labels",
        ),
    ]


def _tables(variants: Sequence[Variant]) -> list[Node]:
    names = ["evaluation_scores", "class_scores", "confusion_matrices"]
    return [
        Node(
            func=tabulate_scores,
            inputs={
                "chip_split": "chip_split",
                "scene_index": "scene_index",
                "options": "params:evaluation",
                "threshold_scores": "evaluation.threshold_scores#scene_tables",
                **{v.name: f"{v.name}.chip_scores#scene_tables" for v in variants},
            },
            outputs={name: f"evaluation.{name}#table" for name in names},
            name="tabulate_scores",
        ),
        Node(
            func=compare_with_paper,
            inputs="evaluation.evaluation_scores#table",
            outputs=[
                "evaluation.table_iv#table",
                "evaluation.table_v#table",
                "evaluation.metrics#json",
            ],
            name="compare_with_paper",
        ),
    ]


def _figures() -> list[Node]:
    return [
        Node(
            func=draw_accuracies,
            inputs="evaluation.evaluation_scores#table",
            outputs="evaluation.accuracy_figure#figure",
            name="draw_accuracies",
        ),
        Node(
            func=draw_confusion,
            inputs="evaluation.confusion_matrices#table",
            outputs="evaluation.confusion_figure#figure",
            name="draw_confusion",
        ),
    ]
