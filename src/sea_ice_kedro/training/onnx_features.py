"""The networks' own layers in operators of ONNX; images are (N, C, H, W)."""

from typing import Any

import numpy as np

from sea_ice_kedro.imagery.scene_context import (
    BRIGHT_END,
    DARK_END,
    QUANTILES,
    THICK_FOUND,
    THICK_LIMIT,
    THIN_LIMIT,
)
from sea_ice_kedro.training.context_unet import CELL_PX, LEAST_SPAN, LIMIT_SCALE
from sea_ice_kedro.training.onnx_graph import Graph
from sea_ice_kedro.training.unet import CENTRE, LUMA, SCALE, TINT


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
