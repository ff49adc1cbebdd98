"""scenes, labels → chips → U-Net, once for every chosen variant."""

from collections.abc import Callable
from typing import Any

from kedro.pipeline import Node, Pipeline

from sea_ice_kedro.pipelines.modeling.labels import (
    split_chips,
    split_corrected_chips,
    split_labelled_chips,
    take_auto_labels,
    take_corrected_labels,
    take_manual_labels,
)
from sea_ice_kedro.pipelines.modeling.nodes import (
    cut_filtered_chips,
    cut_original_chips,
    export_unet,
    index_chips,
    index_clear_chips,
    index_corrected_chips,
    train_unet,
)
from sea_ice_kedro.pipelines.variants import Variant, chosen
from sea_ice_kedro.reporting.run_figures import draw_learning_curves


def create_pipeline() -> Pipeline:
    """Wire the `modeling` pipeline for the variants of this run."""
    variants = chosen()
    shared = Pipeline([_split({variant.labels for variant in variants})])
    networks = [_network(variant) for variant in variants]
    return Pipeline([shared, *networks], tags="modeling")


def _split(labels: set[str]) -> Node:
    """Wire the split: over scenes with labels by a person, if any variant has them."""
    func: Callable[..., Any] = split_corrected_chips
    if labels == {"manual"}:
        func = split_labelled_chips
    if labels == {"auto"}:
        func = split_chips
    return Node(
        func=func,
        inputs=[
            "scene_index",
            "class_maps",
            *([] if labels == {"auto"} else ["manual_labels"]),
            "params:modeling.chips",
            "params:modeling.split",
            "params:modeling.training",
            "params:modeling.workers",
        ],
        outputs="chip_split",
        name="split_chips",
    )


def _network(variant: Variant) -> Pipeline:
    nodes = Pipeline([_take(variant), _cut(variant), _index(variant), *_train()])
    own = {"checkpoints"}
    shared = {
        name
        for name in nodes.inputs()
        if not name.startswith("params:") and name not in own
    }
    parameters = {name for name in nodes.inputs() if name.startswith("params:")}
    return Pipeline(
        nodes,
        namespace=variant.name,
        inputs=shared,
        parameters=parameters,
        tags=variant.name,
    )


def _take(variant: Variant) -> Node:
    if variant.labels == "manual":
        return Node(
            func=take_manual_labels,
            inputs=["scene_index", "manual_labels"],
            outputs="labels",
            name="take_manual_labels",
        )
    if variant.labels == "corrected":
        return Node(
            func=take_corrected_labels,
            inputs=["scene_index", "class_maps", "manual_labels"],
            outputs="labels",
            name="take_corrected_labels",
        )
    return Node(
        func=take_auto_labels,
        inputs=["scene_index", "class_maps"],
        outputs="labels",
        name="take_auto_labels",
    )


def _cut(variant: Variant) -> Node:
    if variant.images == "original":
        return Node(
            func=cut_original_chips,
            inputs=[
                "scene_index",
                "scenes@raster",
                "filtered_scenes",
                "labels",
                "params:modeling.chips",
            ],
            outputs="chips",
            name="cut_original_chips",
        )
    return Node(
        func=cut_filtered_chips,
        inputs=[
            "scene_index",
            "filtered_scenes",
            "labels",
            "params:modeling.chips",
            "params:filtering",
            "params:autolabel.thresholds",
        ],
        outputs="chips",
        name="cut_filtered_chips",
    )


def _index(variant: Variant) -> Node:
    if variant.labels == "manual":
        return Node(
            func=index_chips,
            inputs=["chip_split", "labels", "chips"],
            outputs="chip_index",
            name="index_chips",
        )
    if variant.labels == "corrected":
        return Node(
            func=index_corrected_chips,
            inputs=[
                "chip_split",
                "scene_index",
                "labels",
                "chips",
                "params:modeling.split",
            ],
            outputs="chip_index",
            name="index_corrected_chips",
        )
    return Node(
        func=index_clear_chips,
        inputs=["chip_split", "labels", "chips", "params:modeling.split"],
        outputs="chip_index",
        name="index_clear_chips",
    )


def _train() -> list[Node]:
    return [
        Node(
            func=train_unet,
            inputs=[
                "chip_index",
                "chips",
                "checkpoints",
                "params:modeling.split",
                "params:modeling.unet",
                "params:modeling.training",
                "params:modeling.workers",
            ],
            outputs=["unet", "training_history#table"],
            name="train_unet",
        ),
        Node(func=export_unet, inputs="unet", outputs="unet_onnx", name="export_unet"),
        Node(
            func=draw_learning_curves,
            inputs="training_history#table",
            outputs="learning_curves#figure",
            name="draw_curves",
        ),
    ]
