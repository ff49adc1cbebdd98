"""Where a TIFF has its tiles or strips: GDAL takes whatever bytes lie there."""

import struct
from itertools import pairwise
from pathlib import Path

from sea_ice_kedro.errors import InvalidScene
from sea_ice_kedro.rasters.tiff_tags import first_directory

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
