"""A network of Keras written as ONNX, the same pixel by pixel."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from sea_ice_kedro.errors import InvalidModel
from sea_ice_kedro.training.model_card import ModelCard
from sea_ice_kedro.training.onnx_features import (
    cell_features,
    normalise,
    see_scene,
    take,
)
from sea_ice_kedro.training.onnx_file import metadata_of, ports_of
from sea_ice_kedro.training.onnx_graph import Graph

_ALL = np.iinfo(np.int64).max
"""As the end of a range: whatever there is."""


@dataclass(frozen=True)
class Call:
    """One call of a layer, as the configuration of a functional model tells it."""

    name: str
    config: dict[str, Any]
    arguments: list[Any]
    """Arguments it is called with, except tensors."""

    weights: list[Any]


def export(model: Any, card: ModelCard) -> bytes:  # noqa: ANN401 - a keras.Model
    """Write a network as an ONNX file.

    Layers are taken from the model's configuration, which Keras keeps in its files and
    reads in later versions; those of `build_unet` and `build_context_unet` are known.

    Args:
        model: Made by `build_network`.
        card: Goes into the file.

    Raises:
        InvalidModel: if a layer of it is not known here.
    """
    graph = Graph()
    inputs, outputs = ports_of(card)
    told = model.get_config()
    weights = {layer.name: layer.get_weights() for layer in model.layers}
    values: dict[tuple[str, int], str] = {}
    for layer in told["layers"]:
        kind, name = layer["class_name"], layer["config"]["name"]
        if kind == "InputLayer":
            values[name, 0] = _received(graph, name)
            continue
        if kind not in _LAYERS:
            raise InvalidModel(
                f"{card.name or name}: expected layers that can be written as ONNX, "
                f"{', '.join(_LAYERS)}, got {kind}; add it to training/onnx_export.py"
            )
        for number, call in enumerate(layer["inbound_nodes"]):
            taken = [values[source] for source in _tensors(call["args"])]
            known = Call(name, layer["config"], call["args"], weights.get(name, []))
            values[name, number] = _LAYERS[kind](graph, known, *taken)
    return graph.to_file(inputs, outputs, metadata_of(card))


def _received(graph: Graph, name: str) -> str:
    """Return an input as the graph uses it: images by channels."""
    if name != "rgb":
        return name
    planes = graph.add("Transpose", name, perm=[0, 3, 1, 2])
    return graph.add("Cast", planes, to=1)


def _tensors(arguments: Any) -> Iterator[tuple[str, int]]:  # noqa: ANN401
    """Find by which calls of which layers arguments are made."""
    if isinstance(arguments, list | tuple):
        for argument in arguments:
            yield from _tensors(argument)
    elif isinstance(arguments, dict) and arguments["class_name"] == "__keras_tensor__":
        name, number, _ = arguments["config"]["keras_history"]
        yield name, number


def _activated(graph: Graph, call: Call, x: str) -> str:
    activation = call.config["activation"]
    if activation == "linear":
        return x
    if activation != "relu":
        raise InvalidModel(f"{call.name}: expected relu or none, got {activation}")
    return graph.add("Relu", x)


def _convolution(graph: Graph, call: Call, x: str) -> str:
    kernel, bias = call.weights
    (rows, columns), strides = kernel.shape[:2], list(call.config["strides"])
    # "same" of images whose sides are multiples of the strides: what is odd goes behind
    pads = [max(n - s, 0) for n, s in zip((rows, columns), strides, strict=True)]
    before, after = [p // 2 for p in pads], [p - p // 2 for p in pads]
    made = graph.add(
        "Conv",
        x,
        graph.constant(kernel.transpose(3, 2, 0, 1)),
        graph.constant(bias),
        kernel_shape=[rows, columns],
        pads=[*before, *after],
        strides=strides,
    )
    return _activated(graph, call, made)


def _transposed(graph: Graph, call: Call, x: str) -> str:
    kernel, bias = call.weights
    made = graph.add(
        "ConvTranspose",
        x,
        graph.constant(kernel.transpose(3, 2, 0, 1)),
        graph.constant(bias),
        kernel_shape=list(kernel.shape[:2]),
        strides=list(call.config["strides"]),
    )
    return _activated(graph, call, made)


def _dense(graph: Graph, call: Call, x: str) -> str:
    kernel, bias = (graph.constant(values) for values in call.weights)
    return _activated(graph, call, graph.add("Gemm", x, kernel, bias))


def _upsampled(graph: Graph, call: Call, x: str) -> str:
    scales = graph.constant([1, 1, *call.config["size"]])
    # pixels have centres: tf.image.resize, which Keras calls
    half = {"coordinate_transformation_mode": "half_pixel", "mode": "linear"}
    return graph.add("Resize", x, "", scales, **half)


def _part(graph: Graph, call: Call, x: str) -> str:
    """Take columns of (N, C)."""
    columns = call.arguments[1][1]["config"]
    end = columns["stop"]
    return take(graph, x, columns["start"] or 0, _ALL if end is None else end)


def _reshaped(graph: Graph, call: Call, x: str) -> str:
    *ones, channels = call.config["target_shape"]
    shape = graph.constant([-1, channels, *ones], np.int64)
    return graph.add("Reshape", x, shape)


def _summed(graph: Graph, _: Call, first: str, *others: str) -> str:
    for other in others:
        first = graph.add("Add", first, other)
    return first


def _unchanged(_: Graph, __: Call, x: str) -> str:
    return x


def _chances(graph: Graph, call: Call, x: str) -> str:
    """Return the output: by pixels, along which ONNX Runtime is five times as fast."""
    pixels = graph.add("Transpose", x, perm=[0, 2, 3, 1])
    return graph.add("Softmax", pixels, name=call.name, axis=3)


def _pooled(graph: Graph, call: Call, x: str) -> str:
    size = list(call.config["pool_size"])
    return graph.add("MaxPool", x, kernel_shape=size, strides=size)


_LAYERS: dict[str, Callable[..., str]] = {
    "Activation": _activated,
    "Add": _summed,
    "CellFeatures": lambda graph, _, x: cell_features(graph, x),
    "Concatenate": lambda graph, _, *values: graph.add("Concat", *values, axis=1),
    "Conv2D": _convolution,
    "Conv2DTranspose": _transposed,
    "Dense": _dense,
    "Dropout": _unchanged,
    "GetItem": _part,
    "MaxPooling2D": _pooled,
    "Multiply": lambda graph, _, *values: graph.add("Mul", *values),
    "Normalise": lambda graph, call, x: normalise(graph, x, call.config["method"]),
    "Reshape": _reshaped,
    "SceneFeatures": lambda graph, _, *values: see_scene(graph, *values),
    "Softmax": _chances,
    "SpatialDropout2D": _unchanged,
    "UpSampling2D": _upsampled,
}
"""Keras' layers by their class."""
