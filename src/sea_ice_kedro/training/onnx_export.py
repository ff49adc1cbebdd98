"""A network of Keras written as ONNX, the same pixel by pixel."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from sea_ice_kedro.errors import InvalidModel
from sea_ice_kedro.imagery.scene_context import (
    BRIGHT_END,
    DARK_END,
    QUANTILES,
    THICK_FOUND,
    THICK_LIMIT,
    THIN_LIMIT,
)
from sea_ice_kedro.training.model_archive import ModelCard
from sea_ice_kedro.training.onnx_file import Graph, metadata_of, ports_of
from sea_ice_kedro.training.unet import (
    CELL_PX,
    CENTRE,
    LEAST_SPAN,
    LIMIT_SCALE,
    LUMA,
    SCALE,
    TINT,
)


def take(graph: Graph, x: str, first: int, end: int) -> str:
    """Take channels, or columns of a table: `x[:, first:end]`."""
    ends = [graph.constant([place], np.int64) for place in (first, end)]
    axis = graph.constant([1], np.int64)
    return graph.add("Slice", x, *ends, axis)


def see_scene(graph: Graph, pixels: str, context: str) -> str:
    """Do what `context_unet.SceneFeatures` does: 3 channels, 0..255, to 9."""
    total = _over_channels(graph, "ReduceSum", pixels)
    root = _root(graph, total, 765.0)
    least = _root(graph, _over_channels(graph, "ReduceMin", pixels), 255.0)
    most = _root(graph, _over_channels(graph, "ReduceMax", pixels), 255.0)
    tints = _tints(graph, pixels, _shifted(graph, total, 1.0))
    features = [
        *(_shifted(graph, _scaled(graph, value, 2.0), -1.0) for value in (root, least)),
        *(_scaled(graph, tint, 6.0) for tint in tints),
        _relative(graph, root, context, 0),
        _relative(graph, least, context, len(QUANTILES)),
        *_above_limits(graph, least, most, context),
        graph.add("Cast", graph.add("LessOrEqual", total, graph.constant(0.0)), to=1),
    ]
    return graph.add("Concat", *features, axis=1)


def _above_limits(graph: Graph, least: str, most: str, context: str) -> list[str]:
    """Compute the distance of values to the scene's limits of thin and thick ice."""
    thin, thick, found = (
        _per_scene(graph, context, place)
        for place in (THIN_LIMIT, THICK_LIMIT, THICK_FOUND)
    )
    # `least` where thick ice was found, else `most`.
    apart = graph.add("Mul", found, graph.add("Sub", least, most))
    ends = graph.constant(-3.0), graph.constant(3.0)
    return [
        graph.add("Clip", _scaled(graph, above, LIMIT_SCALE), *ends)
        for above in (
            graph.add("Sub", graph.add("Add", most, apart), thin),
            graph.add("Sub", most, thick),
        )
    ]


def _per_scene(graph: Graph, context: str, place: int) -> str:
    """Take one number of each scene, to be held against its pixels."""
    shape = graph.constant([-1, 1, 1, 1], np.int64)
    return graph.add("Reshape", take(graph, context, place, place + 1), shape)


def _relative(graph: Graph, value: str, context: str, first: int) -> str:
    """Put values between the ends of the scene, at -1 and 1."""
    dark, bright = (
        _per_scene(graph, context, first + end) for end in (DARK_END, BRIGHT_END)
    )
    span = graph.add("Sub", bright, dark)
    span = graph.add("Max", span, graph.constant(LEAST_SPAN))
    share = graph.add("Div", graph.add("Sub", value, dark), span)
    share = _shifted(graph, _scaled(graph, share, 2.0), -1.0)
    return graph.add("Clip", share, graph.constant(-3.0), graph.constant(3.0))


def cell_features(graph: Graph, x: str) -> str:
    """Do what `context_unet.CellFeatures` does: mean and ends of cells of pixels."""
    cell: dict[str, Any] = {
        "kernel_shape": [CELL_PX, CELL_PX],
        "strides": [CELL_PX, CELL_PX],
    }
    mean = graph.add("AveragePool", x, **cell)
    highest = graph.add("MaxPool", x, **cell)
    lowest = graph.add("Neg", graph.add("MaxPool", graph.add("Neg", x), **cell))
    above = graph.add("Sub", highest, mean)
    below = graph.add("Sub", mean, lowest)
    return graph.add("Concat", mean, above, below, axis=1)


def normalise(graph: Graph, pixels: str, method: str) -> str:
    """Do what `unet.Normalise` does: 3 channels, 0..255, to 3, or 1 by "paper"."""
    if method == "rgb":
        return graph.add("Div", pixels, graph.constant(255.0))
    if method == "paper":
        luma = graph.constant(np.reshape(LUMA, (1, 3, 1, 1)))
        grey = _over_channels(graph, "ReduceSum", graph.add("Mul", pixels, luma))
        rows = graph.constant([2], np.int64)
        squares = graph.add("ReduceSum", graph.add("Mul", grey, grey), rows, keepdims=1)
        length = graph.add("Sqrt", squares)
        return graph.add("Div", grey, graph.add("Max", length, graph.constant(1e-3)))
    total = _shifted(graph, _over_channels(graph, "ReduceSum", pixels), 1.0)
    root = _shifted(graph, _root(graph, total, 766.0), -CENTRE)
    tints = [_scaled(graph, tint, TINT) for tint in _tints(graph, pixels, total)]
    return graph.add("Concat", _scaled(graph, root, SCALE), *tints, axis=1)


def _tints(graph: Graph, pixels: str, total: str) -> tuple[str, str]:
    """Return blue less red, and twice green less both, over a total."""
    red, green, blue = (take(graph, pixels, band, band + 1) for band in range(3))
    warm = graph.add("Sub", blue, red)
    rest = graph.add("Sub", graph.add("Sub", _scaled(graph, green, 2.0), red), blue)
    return graph.add("Div", warm, total), graph.add("Div", rest, total)


def _over_channels(graph: Graph, op: str, x: str) -> str:
    if op == "ReduceSum":
        return graph.add(op, x, graph.constant([1], np.int64), keepdims=1)
    return graph.add(op, x, axes=[1], keepdims=1)  # an input from opset 18 on


def _root(graph: Graph, x: str, highest: float) -> str:
    return graph.add("Sqrt", graph.add("Div", x, graph.constant(highest)))


def _scaled(graph: Graph, x: str, factor: float) -> str:
    return graph.add("Mul", x, graph.constant(factor))


def _shifted(graph: Graph, x: str, shift: float) -> str:
    return graph.add("Add", x, graph.constant(shift))


# --- A network of Keras written as ONNX, the same pixel by pixel

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
