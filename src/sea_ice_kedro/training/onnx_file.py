"""Contents that an ONNX file may have to be served; nothing else is loaded.

A file is read by its fields before ONNX Runtime sees it: other files that it would have
loaded (external data), operators that are no part of ONNX, and graphs inside of graphs
are refused because this project never writes them.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

from sea_ice_kedro.errors import InvalidModel
from sea_ice_kedro.imagery.classes import NO_CLASS, SeaIceClass
from sea_ice_kedro.imagery.scene_context import CONTEXT_SIZE
from sea_ice_kedro.rasters.files import reading, size_of
from sea_ice_kedro.training.model_card import ModelCard
from sea_ice_kedro.training.onnx_graph import DIGEST, FLOAT, OPSET, UINT8, Port
from sea_ice_kedro.training.protobuf import fields_of, message

CARD = "sea_ice_kedro.json"
"""Name of the metadata that is the model card."""

MOST_BYTES = 2**30
"""A file is read whole; the largest that can be configured sensibly has a third."""

OPERATORS = frozenset(
    (
        *("Add", "AveragePool", "Cast", "Clip", "Concat", "Conv", "ConvTranspose"),
        *("Div", "Gemm", "LessOrEqual", "Max", "MaxPool", "Mul", "Neg", "ReduceMax"),
        *("ReduceMin", "ReduceSum", "Relu", "Reshape", "Resize", "Slice", "Softmax"),
        *("Sqrt", "Sub", "Transpose"),
    )
)
"""Those that `onnx_export` writes."""

_ALLOWED = {
    "model": {1, 2, 3, 7, 8, 14},
    "graph": {1, 2, 5, 11, 12},
    "node": {1, 2, 3, 4, 5},
    "attribute": {1, 2, 3, 4, 8, 20},
    "tensor": {1, 2, 8, 9},
}
"""Fields of each message that `onnx_graph` writes."""

_TELLING = {
    ("model", 25): "functions of its own",
    ("node", 7): "operators of another domain",
    ("attribute", 6): "a graph inside of an operator",
    ("tensor", 13): "weights in another file",
    ("tensor", 14): "weights in another file",
}

Fields = dict[int, list[Any]]


def ports_of(card: ModelCard) -> tuple[list[Port], list[Port]]:
    """Describe a network's inputs and outputs."""
    pixels = ("N", "H", "W")
    inputs = [Port("rgb", UINT8, (*pixels, 3))]
    if card.sees_scene:
        inputs.append(Port("context", FLOAT, ("N", CONTEXT_SIZE)))
    outcomes = len(_outcomes(card))
    return inputs, [Port("classes", FLOAT, (*pixels, outcomes))]


def metadata_of(card: ModelCard) -> dict[str, str]:
    """Describe a file by its own metadata, for this project and for people."""
    return {
        CARD: card.to_json(),
        "classes": json.dumps(_outcomes(card)),
        "channel_order": "RGB",
        "normalisation": "inside the network: it takes 8-bit numbers as they are",
        "sides": f"rows and columns are multiples of {2**card.depth}",
    }


def _outcomes(card: ModelCard) -> dict[str, str]:
    """Name the channels of the output."""
    classes = {str(c.value): c.key for c in SeaIceClass}
    return {**classes, str(NO_CLASS): "no_class"} if card.sees_scene else classes


def content_of(filepath: str) -> bytes:
    """Read a file that is not too large to be one.

    Raises:
        FileNotFoundError: if there is no such file.
        InvalidModel: if it is larger than `MOST_BYTES`.
    """
    size = size_of(filepath)
    if size > MOST_BYTES:
        raise _refusal(Path(filepath).name, f"one of {size} bytes, over {MOST_BYTES}")
    with reading(filepath) as path:
        return path.read_bytes()


def card_text(content: bytes, name: str) -> str:
    """Check a file, and give its card.

    Args:
        content: The whole file.
        name: Of the file, for messages.

    Raises:
        InvalidModel: if the file is damaged or not one that this project has written.
    """
    try:
        return _checked(memoryview(content), name)
    except (ValueError, TypeError, LookupError) as error:
        if isinstance(error, InvalidModel):
            raise
        raise _refusal(name, f"one that cannot be read ({error})") from error


def _checked(content: memoryview, name: str) -> str:
    model = _read("model", content, name)
    told = dict(_text_pair(bytes_) for bytes_ in model.get(14, ()))
    if CARD not in told:
        raise _refusal(name, "one without its card")
    (graph,) = model[7]
    if hashlib.sha256(graph).hexdigest() != told.get(DIGEST):
        raise _refusal(name, "one that is damaged or was changed after its training")
    if [bytes(o) for o in model.get(8, ())] != [message((1, ""), (2, OPSET))]:
        raise _refusal(name, f"one of other operators than ONNX's, version {OPSET}")
    graph = _read("graph", graph, name)
    for node in graph[1]:
        _expect_operator(_read("node", node, name), name)
    for tensor in graph.get(5, ()):
        _read("tensor", tensor, name)
    card = ModelCard.from_json(told[CARD], name)
    ports = [[bytes(port) for port in graph.get(field, ())] for field in (11, 12)]
    if ports != [[port.to_bytes() for port in side] for side in ports_of(card)]:
        taken, given = ports_of(card)
        expected = ", ".join(f"{port.name} {port.shape}" for port in (*taken, *given))
        raise _refusal(name, f"one of other inputs or outputs than {expected}")
    return told[CARD]


def _text_pair(content: memoryview) -> tuple[str, str]:
    pair = dict(fields_of(content))
    return str(bytes(pair[1]), "utf-8"), str(bytes(pair[2]), "utf-8")


def _expect_operator(node: Fields, name: str) -> None:
    (op,) = node[4]
    operator = str(bytes(op), "utf-8")
    if operator not in OPERATORS:
        raise _refusal(name, f"one with the operator {operator}")
    for attribute in node.get(5, ()):
        _read("attribute", attribute, name)


def _read(kind: str, content: memoryview, name: str) -> Fields:
    """Read a message; refuse fields that this project does not write."""
    fields: Fields = {}
    for number, value in fields_of(content):
        if number not in _ALLOWED[kind]:
            what = _TELLING.get((kind, number), f"field {number} of its {kind}")
            raise _refusal(name, f"one with {what}")
        fields.setdefault(number, []).append(value)
    return fields


def _refusal(name: str, got: str) -> InvalidModel:
    return InvalidModel(
        f"{name}: expected a whole .onnx file of a network trained by this project, "
        f"got {got}; train one: kedro run --pipelines modeling"
    )
