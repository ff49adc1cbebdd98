"""What a TIFF's directory says: tags that no library offers, and where its tiles lie.

GDAL has no creation option for some of them, and opening a Cloud-Optimised GeoTIFF for
update would take it apart.
"""

import struct
from collections.abc import Collection, Iterator
from itertools import pairwise
from pathlib import Path
from typing import BinaryIO

from sea_ice_kedro.errors import InvalidScene

EXTRA_SAMPLES = 338
"""What a band beyond the colours is: 0 = anything, 1 and 2 = transparency (TIFF 6.0,
section 18)."""

_SHORT, _BIG_TIFF = 3, 43
_WHOLE = {_SHORT: "H", 4: "I", 16: "Q"}
"""Types of whole numbers without a sign."""


def set_short(path: Path, tag: int, value: int) -> None:
    """Write `value` over every SHORT of one value that is stored as `tag`.

    Directories without the tag stay as they are.

    Args:
        path: A whole TIFF or BigTIFF file of this disk.
        tag: Number of the tag.
        value: 0..65535.

    Raises:
        struct.error: if the file ends before its directories do.
    """
    with path.open("r+b") as file:
        order = "<" if file.read(2) == b"II" else ">"
        for entry, value_at in _entries(file, order):
            if entry == (tag, _SHORT, 1):
                file.seek(value_at)
                file.write(struct.pack(f"{order}H", value))


def first_directory(path: Path, tags: Collection[int]) -> dict[int, tuple[int, ...]]:
    """Read whole numbers from the first directory, that of the picture itself.

    Args:
        path: A TIFF or BigTIFF file of this disk.
        tags: Which; one that is not there is not among the values.

    Raises:
        struct.error: if the file ends before.
    """
    found: dict[int, tuple[int, ...]] = {}
    last = -1
    with path.open("rb") as file:
        order = "<" if file.read(2) == b"II" else ">"
        size = path.stat().st_size
        big = _read(file, f"{order}H", 2) == (_BIG_TIFF,)
        for (tag, kind, count), at in _entries(file, order):
            if tag <= last:  # they ascend: another directory has begun
                break
            last = tag
            if tag in tags and kind in _WHOLE and count <= size:
                layout = f"{order}{count}{_WHOLE[kind]}"
                place = at
                if struct.calcsize(layout) > (8 if big else 4):
                    (place,) = _read(file, f"{order}{'Q' if big else 'I'}", at)
                found[tag] = _read(file, layout, place)
    return found


def _entries(file: BinaryIO, order: str) -> Iterator[tuple[tuple[int, int, int], int]]:
    """Return (tag, type, count) of every entry, and where its value is."""
    (version,) = _read(file, f"{order}H", 2)
    # Of a file: place of the first directory. Of a directory: its count of entries.
    # Of an entry: tag, type, count; the value follows.
    first, count, head, value_size = (
        (8, "Q", "HHQ", 8) if version == _BIG_TIFF else (4, "H", "HHI", 4)
    )
    place = "Q" if version == _BIG_TIFF else "I"
    (directory,) = _read(file, order + place, first)
    while directory:
        (entries,) = _read(file, order + count, directory)
        at = directory + struct.calcsize(order + count)
        for _ in range(entries):
            tag, kind, values = _read(file, order + head, at)
            at += struct.calcsize(order + head)
            yield (tag, kind, values), at
            at += value_size
        (directory,) = _read(file, order + place, at)


def _read(file: BinaryIO, layout: str, at: int) -> tuple[int, ...]:
    file.seek(at)
    return struct.unpack(layout, file.read(struct.calcsize(layout)))


# --- Where a TIFF has its tiles or strips: GDAL takes whatever bytes lie there

_HEADER = 8
"""Bytes at the start that are no pixels."""

_BITS, _COMPRESSION, _SAMPLES, _PLANAR = 258, 259, 277, 284
_WIDTH, _HEIGHT = 322, 323
_TILES, _STRIPS = (324, 325), (273, 279)
_NONE, _OLD_JPEG, _APART = 1, 6, 2


def expect_blocks_apart(path: Path) -> None:
    """Refuse a TIFF whose blocks lie in its head or over each other, or are too small.

    Blocks of the same bytes may be stored once, and those of 0 bytes not at all.

    Args:
        path: A TIFF of this disk that GDAL has opened.

    Raises:
        InvalidScene: if pixels would be read from what are none.
    """
    wanted = (_BITS, _COMPRESSION, _SAMPLES, _PLANAR, _WIDTH, _HEIGHT)
    try:
        tags = first_directory(path, (*wanted, *_TILES, *_STRIPS))
    except (struct.error, OverflowError):
        return  # GDAL has found its way; what it cannot read, it says
    tiled = _TILES[0] in tags
    offsets, counts = (tags.get(tag, ()) for tag in (_TILES if tiled else _STRIPS))
    compression = tags.get(_COMPRESSION, (_NONE,))[0]
    blocks = sorted({(o, n) for o, n in zip(offsets, counts, strict=False) if n})
    if not blocks or compression == _OLD_JPEG:
        return
    if blocks[0][0] < _HEADER:
        _refuse(
            path, f"one that begins at byte {blocks[0][0]}, in the head of the file"
        )
    for (first, size), (second, _) in pairwise(blocks):
        if first + size > second:
            _refuse(path, f"some that lie over each other, at byte {second:,}")
    if tiled and compression == _NONE:
        samples = 1 if tags.get(_PLANAR) == (_APART,) else tags.get(_SAMPLES, (1,))[0]
        bits = tags.get(_BITS, (1,))[0] * samples
        least = tags[_WIDTH][0] * tags[_HEIGHT][0] * bits // 8
        if min(size for _, size in blocks) < least:
            _refuse(
                path, f"tiles of less than {least:,} bytes for their size in pixels"
            )


def _refuse(path: Path, got: str) -> None:
    raise InvalidScene(
        f"{path.name}: expected each block of pixels in a place of its own, got {got}. "
        "The file is damaged: fetch or export it again"
    )
