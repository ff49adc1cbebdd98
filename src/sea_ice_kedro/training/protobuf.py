"""The wire format of Protocol Buffers, which ONNX files are written in.

https://protobuf.dev/programming-guides/encoding/. Messages here are sequences of
numbered fields, as both writing and checking an ONNX file need no more.
"""

import struct
from collections.abc import Iterator

Value = int | float | str | bytes
"""Whole numbers are written as varints, floats as 32 bits, the rest by its length."""

_VARINT, _BITS_64, _LENGTH, _BITS_32 = 0, 1, 2, 5
_DIGIT, _MORE = 0x7F, 0x80
"""Bits of a byte of a varint: a digit to the base of 128, and whether others follow."""

_MOST_BYTES = 10
"""Of a varint."""


def message(*fields: tuple[int, Value]) -> bytes:
    """Write a message.

    Args:
        fields: Number and value of each field; a repeated field is there several times.
    """
    return b"".join(part for field in fields for part in _field(*field))


def _field(number: int, value: Value) -> Iterator[bytes]:
    if isinstance(value, float):
        yield _varint(number << 3 | _BITS_32)
        yield struct.pack("<f", value)
    elif isinstance(value, int):
        yield _varint(number << 3 | _VARINT)
        yield _varint(value & (2**64 - 1))  # negative numbers in two's complement
    else:
        content = value.encode() if isinstance(value, str) else value
        yield _varint(number << 3 | _LENGTH)
        yield _varint(len(content))
        yield content


def _varint(value: int) -> bytes:
    digits = bytearray()
    while value > _DIGIT:
        digits.append(value & _DIGIT | _MORE)
        value >>= 7
    digits.append(value)
    return bytes(digits)


def fields_of(content: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """Read a message.

    Args:
        content: uint8 (N,), the message and nothing else.

    Yields:
        Number and value of each field: a varint as it is, else the bytes.

    Raises:
        ValueError: if it is no whole message.
    """
    at = 0
    while at < len(content):
        key, at = _read_varint(content, at)
        number, kind = key >> 3, key & 7
        if kind == _VARINT:
            value, at = _read_varint(content, at)
            yield number, value
            continue
        if kind == _LENGTH:
            length, at = _read_varint(content, at)
        elif kind in (_BITS_32, _BITS_64):
            length = 4 if kind == _BITS_32 else 8
        else:
            raise ValueError(f"no wire type {kind}")
        if length > len(content) - at:
            raise ValueError("it ends in the middle of a field")
        yield number, content[at : at + length]
        at += length


def _read_varint(content: memoryview, at: int) -> tuple[int, int]:
    value = 0
    for place, digit in enumerate(content[at : at + _MOST_BYTES]):
        value |= (digit & _DIGIT) << 7 * place
        if digit <= _DIGIT:
            return value, at + place + 1
    raise ValueError("a number has no end")
