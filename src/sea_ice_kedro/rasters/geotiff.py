"""Reading and writing rasters: grid, validity, palette and provenance survive."""

import io
import logging
import re
import shutil
import threading
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import rasterio
from rasterio.enums import ColorInterp
from rasterio.errors import CRSError, NotGeoreferencedWarning, RasterioError
from rasterio.io import DatasetReader, MemoryFile

from sea_ice_kedro.errors import CannotWrite, InvalidScene
from sea_ice_kedro.imagery.arrays import Georeference, Mask
from sea_ice_kedro.rasters.files import (
    expect_no_lead_inside,
    expect_no_leads,
    reading,
    writing,
)
from sea_ice_kedro.rasters.remote import in_ranges, is_on_disk, locate
from sea_ice_kedro.rasters.tiff_tags import expect_blocks_apart

_GDAL = logging.getLogger("rasterio._err")
"""Where rasterio tells GDAL's warnings."""

# libjpeg's words, by way of libtiff; the setting that makes errors of them
# (`GDAL_ERROR_ON_LIBJPEG_WARNING`) counts for files that are JPEG as a whole.
_LOST = re.compile(r"Corrupt JPEG data: .+|Premature end of JPEG file")


class _Listener(logging.Handler):
    """Keeps what is said of lost pixels in the thread that made it."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.said: list[str] = []
        self._thread = threading.get_ident()

    def emit(self, record: logging.LogRecord) -> None:
        found = _LOST.search(record.getMessage())
        if found and record.thread == self._thread:
            self.said.append(found[0])


@contextmanager
def none_lost(name: str) -> Iterator[None]:
    """Refuse a raster of which pixels were lost while this context read them.

    Args:
        name: Of the file, for the message.

    Raises:
        InvalidScene: with the decoder's words.
    """
    listener = _Listener()
    _GDAL.addHandler(listener)
    try:
        yield
    finally:
        _GDAL.removeHandler(listener)
    if listener.said:
        raise InvalidScene(
            f"{name}: expected whole pixels, got a warning of their decoder: "
            f"{listener.said[0]}. The file is damaged: fetch or export it again"
        )


# --- What an open raster says of itself: tags, place and size, without its pixels

TAG_PREFIX = "SEA_ICE_"
"""Prefix of every tag that this package writes."""

Facts = Mapping[str, Any]
"""Tags by name (lower case, no prefix), numbers as numbers; `height`,
`width`, `crs` and `transform`, "" and None of a raster that lies nowhere."""

_WHOLE = re.compile(r"(valid_|saturated_)?pixels(_\w+)?|(thin|thick)_ice_min")
_REAL = {
    *("pixel_area_m2", "pixel_size_m", "mean_confidence", "sun_elevation_deg"),
    *("cloud_percentage", "white_reflectance", "gamma"),
    *("concentration_lower", "concentration_upper"),
}


def georeference_of(file: Any) -> Georeference | None:  # noqa: ANN401
    """Read where an open raster lies; None when it does not say so."""
    if file.crs is None or file.transform.is_identity:
        return None
    authority = file.crs.to_authority(confidence_threshold=100)
    crs = ":".join(authority) if authority else file.crs.to_wkt()
    return Georeference(crs, tuple(file.transform)[:6])


def tags_of(file: Any) -> dict[str, str]:  # noqa: ANN401
    """Read our tags of an open raster, lower case, without the prefix."""
    return {
        key.removeprefix(TAG_PREFIX).lower(): value
        for key, value in file.tags().items()
        if key.startswith(TAG_PREFIX)
    }


def facts_of(file: Any) -> dict[str, Any]:  # noqa: ANN401
    """Read `Facts` of an open raster.

    Raises:
        InvalidScene: if there is a word where a number belongs.
    """
    georeference = georeference_of(file)
    try:
        typed = {name: _typed(name, word) for name, word in tags_of(file).items()}
    except ValueError as error:
        raise InvalidScene(
            f"{Path(file.name).name}: expected numbers in those of its tags that this "
            f"project writes numbers to ({TAG_PREFIX}PIXELS, ...), got another word "
            f"({error}). Remove the file, and run the pipeline again that makes it"
        ) from error
    return {
        **typed,
        "height": file.height,
        "width": file.width,
        "crs": "" if georeference is None else georeference.crs,
        "transform": None if georeference is None else georeference.transform,
    }


def _typed(name: str, word: str) -> str | int | float:
    if _WHOLE.fullmatch(name):
        return int(word)
    return float(word) if name in _REAL else word


# --- Reading and writing rasters: grid, validity, palette and provenance survive

BLOCK_PX = 256

# zstd: 3 times faster than deflate to write and 2.5 times to read, and smaller.
WORKING = {
    "driver": "GTiff",
    "tiled": True,
    "blockxsize": BLOCK_PX,
    "blockysize": BLOCK_PX,
    "compress": "zstd",
    "zstd_level": 1,
    "predictor": 2,
    "interleave": "band",
    "bigtiff": "if_safer",
}
"""Creation options of rasters between pipelines."""

# deflate: the one compression that every reader of TIFF has.
PRODUCT = {
    "driver": "COG",
    "blocksize": BLOCK_PX,
    "compress": "deflate",
    "level": 1,
    "overview_resampling": "nearest",
    "bigtiff": "if_safer",
}
"""Creation options of rasters for other people's tools."""


_STRICT = {
    # libjpeg only warns of a truncated file, and fills it up with grey.
    "GDAL_ERROR_ON_LIBJPEG_WARNING": True,
    # GDAL's faster way to read a PNG gives random pixels where a file is truncated,
    # and no error (GDAL 3.10).
    "GDAL_PNG_WHOLE_IMAGE_OPTIM": "NO",
}

# Of all that GDAL reads: a VRT by any name could fetch other files, or URLs.
_READABLE = ["GTiff", "PNG", "JPEG"]

_NAMELESS = "/raster"
"""Of a file that GDAL reads through Python: any name of a scene could mean a URL."""


@dataclass(frozen=True)
class Layers:
    """Contents of a raster file."""

    bands: Sequence[npt.NDArray[np.uint8] | npt.NDArray[np.uint16]]
    """(H, W) each, all uint8 or all uint16."""

    names: Sequence[str]
    """Meaning of each band."""

    georeference: Georeference | None = None
    valid_mask: Mask | None = None
    """Written as the file's internal mask."""

    nodata: int | None = None
    palette: npt.NDArray[np.uint8] | None = None
    """uint8 (256, 3): the colour of each value of the only band."""

    tags: Mapping[str, str] = field(default_factory=dict)
    """Without `TAG_PREFIX`, which is added."""


def write_raster(filepath: str, layers: Layers, options: Mapping[str, Any]) -> Facts:
    """Write a raster file, whole or not at all.

    Args:
        filepath: A path or a URL that fsspec knows.
        layers: Bands of one shape, and what is known about them.
        options: `WORKING` or `PRODUCT`.

    Returns:
        What the finished file says of itself.

    Raises:
        CannotWrite: if the file cannot be written (no room, no permission).
    """
    height, width = layers.bands[0].shape
    profile = {
        **options,
        "height": height,
        "width": width,
        "count": len(layers.bands),
        "dtype": layers.bands[0].dtype.name,
        "nodata": layers.nodata,
    }
    if layers.georeference is not None:
        profile["crs"] = layers.georeference.crs
        profile["transform"] = rasterio.Affine(*layers.georeference.transform)
    with write_errors(filepath), writing(filepath) as part, _no_grid_is_fine():
        # In memory first: what goes wrong when GDAL closes a file on a full disk goes
        # unreported, and the file may look finished and not be. Python reports all.
        with MemoryFile() as memory:
            with (
                rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True),
                memory.open(**profile) as file,
            ):
                _fill(file, layers)
            with memory.open() as file:
                facts = facts_of(file)
            part.write_bytes(memory.getbuffer())
    return facts


def _fill(file: Any, layers: Layers) -> None:  # noqa: ANN401 - rasterio is untyped
    for index, (band, name) in enumerate(
        zip(layers.bands, layers.names, strict=True), start=1
    ):
        file.write(band, index)
        file.set_band_description(index, name)
    if layers.palette is not None:
        file.write_colormap(
            1, {i: tuple(map(int, c)) for i, c in enumerate(layers.palette)}
        )
    elif len(layers.bands) >= 3:  # noqa: PLR2004 - red, green, blue
        rest = [ColorInterp.undefined] * (len(layers.bands) - 3)
        file.colorinterp = [ColorInterp.red, ColorInterp.green, ColorInterp.blue, *rest]
    if layers.valid_mask is not None:
        file.write_mask(layers.valid_mask)
    file.update_tags(**{TAG_PREFIX + k.upper(): v for k, v in layers.tags.items()})


@contextmanager
def opened(
    filepath: str, beside: Sequence[str] = (), *, foreign: bool = False
) -> Iterator[Any]:
    """Open a raster for reading, as a rasterio dataset.

    Args:
        filepath: A path or a URL that fsspec knows.
        beside: Remote files that belong to it (world file, mask, ...). On a disk, GDAL
            finds them itself.
        foreign: Whether it may come from anybody: nothing in it or beside it may lead
            GDAL elsewhere.

    Raises:
        FileNotFoundError: if there is no such file.
        InvalidScene: if it is no raster, or a damaged one.
        CannotRead: if it is in a bucket and cannot be had.
    """
    with reading(filepath, beside) as path:
        if not path.exists():
            raise FileNotFoundError(f"no such file: {filepath}")
        if foreign:
            expect_no_leads(path)
        with (
            _read_errors(filepath),
            rasterio.Env(**_STRICT),
            DatasetReader(path, driver=_READABLE) as file,
        ):
            if not foreign:
                yield file
                return
            expect_no_lead_inside(path, file)
            if file.driver == "GTiff":
                expect_blocks_apart(path)
            with none_lost(path.name):
                yield file


@contextmanager
def opened_header(filepath: str) -> Iterator[Any]:
    """Open a GeoTIFF for all but its pixels: size, place, tags.

    Of a file in a bucket only those parts are fetched.

    Raises:
        FileNotFoundError: if there is no such file.
        InvalidScene: if it is no raster, or a damaged one.
        CannotRead: if it is in a bucket and cannot be had.
    """
    if is_on_disk(locate(filepath)[0]):
        with opened(filepath) as file:
            yield file
        return
    with in_ranges(filepath) as ranges:

        def opener(path: str, mode: str = "rb") -> io.RawIOBase:
            if path != _NAMELESS:  # GDAL looks for files beside it
                raise FileNotFoundError(f"{path} ({mode})")
            return ranges.file()

        with (
            _read_errors(filepath),
            rasterio.Env(**_STRICT),
            rasterio.open(_NAMELESS, driver=_READABLE[0], opener=opener) as file,
        ):
            yield file


@contextmanager
def _no_grid_is_fine() -> Iterator[None]:
    with warnings.catch_warnings():
        # A PNG has no georeference; that is known and shown in the index.
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        yield


@contextmanager
def _read_errors(filepath: str) -> Iterator[None]:
    try:
        with _no_grid_is_fine():
            yield
    except RasterioError as error:
        raise InvalidScene(
            f"{Path(filepath).name}: expected a whole, readable raster (GeoTIFF, PNG "
            f"or JPEG), got an error from GDAL: {error.__cause__ or error}. Is the "
            "file complete and of the type its name says? Fetch or export it again"
        ) from error
    except CRSError as error:
        raise InvalidScene(
            f"{Path(filepath).name}: expected a CRS that GDAL can read, got an error: "
            f"{error}; give it the right one (gdal_translate -a_srs EPSG:3031), or none"
        ) from error


@contextmanager
def write_errors(filepath: str) -> Iterator[None]:
    """Turn what goes wrong while writing into one error that names the place.

    Raises:
        CannotWrite: with the cause and the room left on the disk.
    """
    try:
        yield
    except (RasterioError, OSError) as error:
        folder, way_out = _place(filepath)
        # GDAL's own words are in the cause.
        said = isinstance(error, RasterioError) and error.__cause__
        raise CannotWrite(
            f"{Path(filepath).name}: expected to write it to {folder}, got "
            f"{said or error}. {way_out}, and run again: what is done stays done"
        ) from error


def _place(filepath: str) -> tuple[str, str]:
    """Name a file's folder, and what helps when it cannot be written there."""
    filesystem, path = locate(filepath)
    if not is_on_disk(filesystem):
        folder = filepath.rpartition("/")[0]
        return folder, "See that the bucket exists and this account may write to it"
    folder = str(Path(path).parent)
    with suppress(OSError):
        folder += f" ({shutil.disk_usage(folder).free / 1e6:.0f} MB free)"
    way_out = "Free some room, or set SEA_ICE_DATA to a folder you may write to"
    return folder, way_out


def files_of(filepath: str) -> list[str]:
    """List the files that make up a raster: itself, and world file, mask, ... beside.

    Raises:
        FileNotFoundError: if there is no such file.
        InvalidScene: if it is no raster, or a damaged one.
    """
    with opened(filepath, foreign=True) as file:
        return sorted({filepath, *file.files})
