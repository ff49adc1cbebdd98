"""Rasters larger than memory: written strip by strip, then made a product."""

import struct
import warnings
import zlib
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import rasterio
from rasterio._err import CPLE_BaseError
from rasterio.errors import NotGeoreferencedWarning, RasterioError
from rasterio.shutil import copy
from rasterio.windows import Window

from sea_ice_kedro.errors import InvalidScene
from sea_ice_kedro.imagery.arrays import Georeference
from sea_ice_kedro.rasters.files import writing
from sea_ice_kedro.rasters.geotiff import (
    BLOCK_PX,
    PRODUCT,
    TAG_PREFIX,
    WORKING,
    Facts,
    facts_of,
    opened,
    tags_of,
    write_errors,
)
from sea_ice_kedro.rasters.tiff_tags import EXTRA_SAMPLES, set_short

Rows = tuple[int, Sequence[npt.NDArray[np.uint8]]]
"""First row, and uint8 (h, W) of each band."""

_CACHE_BYTES = 64 * 2**20
"""Blocks that GDAL keeps; its default is a share of all memory there is. Rasterio takes
bytes, where GDAL's own setting would be in megabytes."""


@dataclass(frozen=True)
class Frame:
    """Metadata of a raster, known before its pixels are read."""

    shape: tuple[int, int]
    """(H, W) in pixels."""

    names: Sequence[str]
    """Meaning of each band."""

    nodata: int
    palette: npt.NDArray[np.uint8]
    """uint8 (256, 3): the colour of each value of the first band."""

    georeference: Georeference | None = None


def write_strips(
    filepath: str,
    frame: Frame,
    strips: Iterable[Rows],
    tags: Callable[[], Mapping[str, str]],
) -> Facts:
    """Write a Cloud-Optimised GeoTIFF in constant memory, whole or not at all.

    What was written is read back and compared: what goes wrong when GDAL closes a file
    on a full disk goes unreported, and the file may look finished and not be.

    Args:
        filepath: A path or a URL that fsspec knows.
        frame: Size, bands, place and colours.
        strips: Rows from top to bottom, without gaps; made while they are written.
        tags: Called after the last strip; without `TAG_PREFIX`, which is added.

    Returns:
        What the finished file says of itself.

    Raises:
        CannotWrite: if the file cannot be written (no room, no permission).
        ValueError: if the strips are not all rows of the raster, in order.
    """
    try:
        with write_errors(filepath), writing(filepath) as part, _gdal():
            draft = part.with_name(f"{part.name}.strips.tif")
            # Closed here: what makes the strips may have a file of GDAL's open.
            with closing(_carried(strips)) as carried:
                known = _write_draft(draft, frame, carried, tags)
            _to_product(draft, part)
            return _expect_written(part, known)
    except _StripsFailed as failed:
        raise failed.error from failed.error.__cause__


class _StripsFailed(Exception):
    """Carries what making a strip failed with past the errors of writing it."""

    def __init__(self, error: Exception) -> None:
        super().__init__(str(error))
        self.error = error


def _carried(strips: Iterable[Rows]) -> Generator[Rows, None, None]:
    try:
        yield from strips
    except (RasterioError, OSError) as error:
        raise _StripsFailed(error) from error


@contextmanager
def _gdal() -> Iterator[None]:
    with warnings.catch_warnings(), rasterio.Env(GDAL_CACHEMAX=_CACHE_BYTES):
        # A picture has no georeference; that is known and shown in the index.
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        yield


@dataclass(frozen=True)
class _Content:
    """Content that the written file must have."""

    names: Sequence[str]
    tags: Mapping[str, str]
    checksums: Sequence[int]
    """Of each band."""


def _write_draft(
    draft: Path,
    frame: Frame,
    strips: Iterator[Rows],
    tags: Callable[[], Mapping[str, str]],
) -> _Content:
    """Write all strips, then the tags."""
    height, width = frame.shape
    profile = {
        **WORKING,
        "height": height,
        "width": width,
        "count": len(frame.names),
        "dtype": "uint8",
        "nodata": frame.nodata,
    }
    if frame.georeference is not None:
        profile["crs"] = frame.georeference.crs
        profile["transform"] = rasterio.Affine(*frame.georeference.transform)
    sums, expected = [0] * len(frame.names), 0
    with rasterio.open(draft, "w", **profile) as file:
        for index, name in enumerate(frame.names, start=1):
            file.set_band_description(index, name)
        colours = {i: tuple(map(int, c)) for i, c in enumerate(frame.palette)}
        file.write_colormap(1, colours)
        for row, bands in strips:
            _expect_next(row, expected)
            rows = Window(0, row, width, len(bands[0]))
            for index, band in enumerate(bands):
                file.write(band, index + 1, window=rows)
                sums[index] = _checksum(band, sums[index])
            expected += len(bands[0])
        _expect_next(height, expected)
        # GDAL drops tags without a value.
        known = {key: value for key, value in tags().items() if value}
        file.update_tags(**{TAG_PREFIX + k.upper(): v for k, v in known.items()})
    return _Content(tuple(frame.names), known, sums)


def _expect_next(row: int, expected: int) -> None:
    if row != expected:
        raise ValueError(f"expected the strip from row {expected} on, got row {row}")


def _to_product(draft: Path, part: Path) -> None:
    try:
        copy(draft, part, **PRODUCT)
    except CPLE_BaseError as error:  # rasterio lets GDAL's own errors through here
        raise OSError(str(error)) from error
    draft.unlink()
    try:
        # GDAL calls the second band of an image with a palette its transparency.
        set_short(part, EXTRA_SAMPLES, 0)
    except struct.error as error:  # GDAL does not report what fails when it closes
        raise OSError("a file that ends before its directory does") from error


def _expect_written(part: Path, written: _Content) -> Facts:
    """Refuse a file that does not hold the names, tags and pixels written to it.

    Returns:
        What it says of itself.

    Raises:
        OSError: if it does not.
    """
    try:
        with opened(str(part)) as file:
            facts, tags = facts_of(file), tags_of(file)
            found = _Content(file.descriptions, tags, _sums_of(file))
    except InvalidScene as error:
        raise OSError(str(error)) from error
    if found != written:
        raise OSError("a file that does not hold what was written to it")
    return facts


def _sums_of(file: Any) -> list[int]:  # noqa: ANN401 - rasterio is untyped
    sums = [0] * file.count
    for row in range(0, file.height, BLOCK_PX):
        rows = Window(0, row, file.width, min(BLOCK_PX, file.height - row))
        for index, band in enumerate(file.read(window=rows)):
            sums[index] = _checksum(band, sums[index])
    return sums


def _checksum(rows: npt.NDArray[np.uint8], before: int) -> int:
    return zlib.crc32(np.ascontiguousarray(rows).data, before)
