import pytest

from sea_ice_kedro.training.onnx_file import fields_of, message


def read(content):
    return [
        (number, value if isinstance(value, int) else bytes(value))
        for number, value in fields_of(memoryview(content))
    ]


def test_messages_are_those_of_the_specification():
    # https://protobuf.dev/programming-guides/encoding/: a = 150, b = "testing"
    assert message((1, 150)) == bytes.fromhex("089601")
    assert message((2, "testing")) == bytes.fromhex("120774657374696e67")
    assert message((1, -2)) == bytes.fromhex("08feffffffffffffffff01")
    assert message((3, message((1, 150)))) == bytes.fromhex("1a03089601")
    assert message((5, 1.0)) == bytes.fromhex("2d0000803f")


def test_what_is_written_is_read():
    content = message((1, 2**40), (2, "ice"), (2, b""), (3, 0.5), (99, 0))
    assert read(content) == [
        (1, 2**40),
        (2, b"ice"),
        (2, b""),
        (3, b"\0\0\0?"),
        (99, 0),
    ]


@pytest.mark.parametrize(
    "content", [b"\x0a\x05ab", b"\x08", b"\x08" + b"\xff" * 11, b"no", b"\x0d\0"]
)
def test_what_is_no_whole_message_is_refused(content):
    with pytest.raises(ValueError, match=r"field|end|wire type"):
        read(content)
