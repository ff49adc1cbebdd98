"""What is refused as a network in ONNX, by name, before ONNX Runtime sees it."""

import hashlib

import pytest

from sea_ice_kedro.errors import InvalidModel
from sea_ice_kedro.training import onnx_file
from sea_ice_kedro.training.model_archive import ModelCard
from sea_ice_kedro.training.onnx_file import (
    DIGEST,
    FLOAT,
    Graph,
    Port,
    card_text,
    fields_of,
    message,
    metadata_of,
    ports_of,
)
from tests.networks import SEES_SCENE, TINY

CARD = ModelCard(images="original", chip_px=32, unet=TINY, name="auto_original")
EVIL = message((1, 3), (2, 1), (8, "w"), (13, message((1, "location"), (2, "/etc/x"))))


def network(card=CARD, **changes):
    """A file of a graph that does next to nothing."""
    graph = Graph()
    graph.add("Relu", "rgb", name="classes")
    inputs, outputs = ports_of(card)
    told = {"inputs": inputs, "outputs": outputs, "metadata": metadata_of(card)}
    return graph.to_file(**{**told, **changes})


def changed(content, into_graph=(), into_model=(), without=()):
    """Add fields to a file, or leave some out; the digest is made to fit."""
    fields = [(n, v if isinstance(v, int) else bytes(v)) for n, v in read(content)]
    (graph,) = (value for number, value in fields if number == 7)
    grown = graph + message(*into_graph)
    before, after = (hashlib.sha256(g).hexdigest().encode() for g in (graph, grown))
    kept = [
        (n, grown if n == 7 else v.replace(before, after) if n == 14 else v)
        for n, v in fields
        if n not in without
    ]
    return message(*kept, *into_model)


def read(content):
    return fields_of(memoryview(content))


def test_a_file_that_this_project_has_written_gives_its_card():
    assert ModelCard.from_json(card_text(network(), "unet.onnx"), "x") == CARD
    assert card_text(changed(network()), "unet.onnx")


def test_it_tells_people_and_programs_what_goes_in_and_out():
    told = metadata_of(ModelCard("original", 32, SEES_SCENE))
    assert told["classes"].endswith('"2": "open_water", "3": "no_class"}')
    assert told["channel_order"] == "RGB"
    assert "8-bit" in told["normalisation"]
    assert told["sides"] == "rows and columns are multiples of 8"


OTHER_DOMAIN = message((1, "rgb"), (2, "y"), (4, "Relu"), (7, "com.example"))
UNKNOWN = message((1, "rgb"), (2, "y"), (4, "If"))
NESTED = message((1, "body"), (6, message((2, "inner"))))
NESTING = message((1, "rgb"), (2, "y"), (4, "Relu"), (5, NESTED))


@pytest.mark.parametrize(
    ("content", "got"),
    [
        (b"no", "one that cannot be read"),
        (b"", "one without its card"),
        (network()[:-5], "one that cannot be read"),
        (network(metadata={}), "one without its card"),
        (network().replace(b"Relu", b"Sqrt"), "one that is damaged or was changed"),
        (changed(network(), [(1, OTHER_DOMAIN)]), "operators of another domain"),
        (changed(network(), [(1, UNKNOWN)]), "one with the operator If"),
        (changed(network(), [(1, NESTING)]), "a graph inside of an operator"),
        (changed(network(), [(5, EVIL)]), "one with weights in another file"),
        (changed(network(), [(15, b"")]), "one with field 15 of its graph"),
        (changed(network(), into_model=[(25, b"")]), "functions of its own"),
        (
            changed(network(), into_model=[(8, message((1, "x"), (2, 1)))]),
            "one of other operators than ONNX's",
        ),
        (changed(network(), without=(8,)), "one of other operators than ONNX's"),
        (changed(network(), without=(7,)), "one that cannot be read"),
        (
            network(inputs=[Port("rgb", FLOAT, ("N", 3, "H", "W"))]),
            r"other inputs or outputs than rgb \('N', 'H', 'W', 3\), classes",
        ),
        (network(outputs=[Port("classes", FLOAT, ("N", 4))]), "other inputs or out"),
    ],
)
def test_what_this_project_would_not_write_is_refused(content, got):
    with pytest.raises(
        InvalidModel, match=rf"bad\.onnx: expected a whole \.onnx file .*got .*{got}"
    ):
        card_text(content, "bad.onnx")


def test_a_card_of_another_version_is_refused():
    told = {**metadata_of(CARD), onnx_file.CARD: '{"format": 0, "software": "x 0.1"}'}
    with pytest.raises(
        InvalidModel, match=r"model of format 1, got one made by x 0\.1"
    ):
        card_text(network(metadata=told), "unet.onnx")


def test_a_file_that_is_too_large_is_not_read(tmp_path, monkeypatch):
    path = tmp_path / "large.onnx"
    path.write_bytes(network())
    monkeypatch.setattr(onnx_file, "MOST_BYTES", 100)
    with pytest.raises(InvalidModel, match=r"large\.onnx: .* bytes, over 100"):
        onnx_file.content_of(str(path))


def test_the_digest_is_of_the_graph():
    (graph,) = (bytes(v) for n, v in read(network()) if n == 7)
    told = dict(
        tuple(bytes(part).decode() for _, part in read(v))
        for n, v in read(network())
        if n == 14
    )
    assert told[DIGEST] == hashlib.sha256(graph).hexdigest()
