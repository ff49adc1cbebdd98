"""Single bands of a product: JP2 or GeoTIFF, in a folder, a zip or on the web."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import rasterio
from rasterio.crs import CRS
from rasterio.enums import Resampling
from rasterio.errors import RasterioError
from rasterio.io import DatasetReader
from rasterio.vrt import WarpedVRT
from rasterio.warp import calculate_default_transform
from rasterio.windows import Window

from sea_ice_kedro.addresses import without_keys
from sea_ice_kedro.errors import InvalidScene
from sea_ice_kedro.imagery.arrays import Georeference

# No drivers that would follow what a file says to other files, or URLs.
_READABLE = ["JP2OpenJPEG", "GTiff"]

_STORED = ("uint16", "int16")
"""How providers store digital numbers; signed where an offset has been taken out."""

_LOWEST = -2000
"""A signed number below it is a fill value: no reflectance is below -0.2."""

_ALONE = {
    # What lies beside a band is not looked for.
    "GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR",
    # GDAL remembers what failed; who tries again wants to know anew.
    "CPL_VSIL_CURL_NON_CACHED": "/vsicurl/:/vsis3/:/vsigs/",
}

_UNSIGNED = {
    "AWS_NO_SIGN_REQUEST": "YES",
    "GS_NO_SIGN_REQUEST": "YES",
    "GDAL_HTTP_NETRC": "NO",
    # Nothing is sent before it is asked for.
    "GDAL_HTTP_AUTH": "ANYSAFE",
    # An empty value hides that of the environment.
    **dict.fromkeys(
        (
            "GDAL_HTTP_USERPWD",
            "GDAL_HTTP_BEARER",
            "GDAL_HTTP_HEADERS",
            "GDAL_HTTP_HEADER_FILE",
            "GDAL_HTTP_COOKIE",
            "GDAL_HTTP_COOKIEFILE",
        ),
        "",
    ),
}
"""GDAL settings that keep it from sending credentials of this machine."""


@dataclass(frozen=True)
class Target:
    """A grid that bands are brought to before a window is read."""

    georeference: Georeference
    shape: tuple[int, int]
    """(H, W)."""


def in_zip(archive: Path, name: str) -> str:
    """Name a file in a zip for GDAL, which reads it in place."""
    return f"/vsizip/{{{archive.absolute()}}}/{name}"


def on_the_web(href: str) -> str:
    """Name a file of the web or of a bucket for GDAL, which reads parts of it.

    Args:
        href: A URL (http, https, s3, gs), or a path.

    Raises:
        InvalidScene: if GDAL would not look for that path on the disk.
    """
    scheme, _, rest = href.partition("://")
    if scheme in ("http", "https"):
        return f"/vsicurl/{href}"
    if scheme in ("s3", "gs"):
        return f"/vsi{scheme}/{rest}"
    path = Path(rest if scheme == "file" else href).absolute()
    # "/vsicurl?header_file=..." would send a file of this machine to anybody.
    if str(path).lower().startswith("/vsi"):
        raise InvalidScene(
            "expected a URL (http, https, s3, gs) or the path of a file, got "
            f"{without_keys(href)[:200]!r}, which GDAL takes for something else"
        )
    return str(path)


def read_window(  # noqa: PLR0913 - what is read, and what it must be
    path: str,
    shape: tuple[int, int],
    window: tuple[int, int, int, int],
    target: Target | None = None,
    timeout_s: float = 60.0,
    place: Georeference | None = None,
    *,
    signed: bool = True,
    planetary: bool = False,
    nodata: float | None = None,
    negative_is_dark: bool = True,
    meaning: tuple[float | None, ...] = (None, None),
) -> npt.NDArray[np.uint16]:
    """Read a window of a band of digital numbers.

    What stands for "not observed" becomes 0, a negative number 1: so ESA stores them.

    Args:
        path: A path, or what `in_zip` gives.
        shape: (H, W) that the band must have.
        window: First row and column, height and width; on `target` where there is one.
        target: Bring the band there first, by nearest neighbour; 0 where it is not.
        timeout_s: Without an answer a server counts as gone.
        place: Where the band must lie, if it says where.
        signed: Whether a server gets the credentials that the environment has for GDAL.
        planetary: Whether GDAL has the address signed by Planetary Computer.
        nodata: Number of "not observed" beside 0, for a band that does not say it.
        negative_is_dark: Whether a number below 0 is no reflectance above 0.
        meaning: Scale and offset of the metadata, which a band may not contradict;
            None: it may.

    Returns:
        uint16 (height, width).

    Raises:
        InvalidScene: if the band is damaged, missing or not what the metadata say; if
            it has numbers below 0 that are not dark.
    """
    part = Window(window[1], window[0], window[3], window[2])
    with opened_band(path, timeout_s, signed=signed, planetary=planetary) as file:
        _expect_band(path, file, shape)
        _expect_place(path, file, place)
        _expect_meaning(path, file, meaning)
        nodata = nodata if file.nodata is None else file.nodata
        if target is None:
            numbers = file.read(1, window=part)
            return _as_esa_stores(path, numbers, nodata, negative_is_dark)
        with WarpedVRT(
            file,
            crs=target.georeference.crs,
            transform=rasterio.Affine(*target.georeference.transform),
            height=target.shape[0],
            width=target.shape[1],
            resampling=Resampling.nearest,
            src_nodata=0,
            nodata=0,
        ) as warped:
            numbers = warped.read(1, window=part)
    return _as_esa_stores(path, numbers, nodata, negative_is_dark)


def _as_esa_stores(
    path: str,
    numbers: npt.NDArray[Any],
    nodata: float | None,
    negative_is_dark: bool,
) -> npt.NDArray[np.uint16]:
    """Have 0 mean "not observed", and 1 be the darkest: uint16 of the same shape."""
    absent = np.zeros(numbers.shape, bool) if nodata is None else numbers == nodata
    if numbers.dtype == np.int16:
        absent |= numbers < _LOWEST
        dark = (numbers < 0) & ~absent
        if dark.any() and not negative_is_dark:
            raise InvalidScene(
                f"{_name(path)}: expected numbers of at least 0 where an offset is "
                f"added to them, got {numbers[dark].min()}; read its bands as a "
                "GeoTIFF (ingestion.source=folder)"
            )
        numbers[dark] = 1
    numbers[absent] = 0
    return np.asarray(numbers, np.uint16)


@contextmanager
def opened_band(
    path: str,
    timeout_s: float = 60.0,
    *,
    signed: bool = True,
    planetary: bool = False,
) -> Iterator[Any]:
    """Open one band for reading, as a rasterio dataset; see `read_window`.

    Raises:
        InvalidScene: if it is missing, no raster, or a damaged one, or its server sends
            other parts of it than those that it is asked for.
    """
    # Unsigned, Planetary Computer's servers give nothing that could be looked at.
    if path.startswith("/vsicurl/") and not planetary:
        # what it needs is not installed without a source on the web
        from sea_ice_kedro.bounded_web import expect_ranges  # noqa: PLC0415

        expect_ranges(path.removeprefix("/vsicurl/"), timeout_s)
    timeouts = {"GDAL_HTTP_TIMEOUT": timeout_s, "GDAL_HTTP_CONNECTTIMEOUT": timeout_s}
    try:
        with (
            rasterio.Env(
                VSICURL_PC_URL_SIGNING=planetary,
                **_ALONE,
                **timeouts,
                **({} if signed else _UNSIGNED),
            ),
            DatasetReader(path, driver=_READABLE) as file,
        ):
            yield file
    except RasterioError as error:
        # A signed URL must not be told: what follows "?" is a key.
        said = without_keys(str(error.__cause__ or error))
        raise InvalidScene(
            f"{_name(path)}: expected a whole band (JP2 or GeoTIFF), got an error from "
            f"GDAL: {said}. Download the product again"
        ) from None


def _expect_band(path: str, file: Any, shape: tuple[int, int]) -> None:  # noqa: ANN401
    found = file.count, file.dtypes[0] in _STORED, (file.height, file.width)
    if found != (1, True, shape):
        raise InvalidScene(
            f"{_name(path)}: expected one band of {' or '.join(_STORED)}, {shape[1]} x "
            f"{shape[0]}, as the metadata say, got {file.count} of {file.dtypes[0]}, "
            f"{file.width} x "
            f"{file.height}; download the product again, or, where its provider keeps "
            "it so, read its bands as a GeoTIFF (ingestion.source=folder)"
        )


def _expect_place(path: str, file: Any, place: Georeference | None) -> None:  # noqa: ANN401
    """Hold a band's own place against that of the metadata, to a tenth of a pixel."""
    if place is None or file.crs is None or file.transform.is_identity:
        return
    said = rasterio.Affine(*place.transform)
    corners = np.array([[0, file.width], [0, file.height], [1, 1]])
    xs, ys = np.reshape(np.subtract(said[:6], file.transform[:6]), (2, 3)) @ corners
    elsewhere = np.hypot(xs, ys).max() > 0.1 * math.hypot(said.a, said.d)
    if elsewhere or file.crs != CRS.from_user_input(place.crs):
        raise InvalidScene(
            f"{_name(path)}: expected a band at {list(said)[:6]} of {place.crs}, as "
            f"the metadata say, got {list(file.transform)[:6]} of {file.crs}; one of "
            "the two is wrong, and the map would be: leave this product out, and tell "
            "its provider"
        )


def _expect_meaning(
    path: str,
    file: Any,  # noqa: ANN401
    meaning: tuple[float | None, ...],
) -> None:
    """Hold a band's own scale and offset, if it has any, against the metadata's."""
    own = file.scales[0], file.offsets[0]
    if own == (1.0, 0.0):
        return
    for name, found, said in zip(("scale", "offset"), own, meaning, strict=True):
        if said is not None and not np.isclose(found, said, 1e-6):
            raise InvalidScene(
                f"{_name(path)}: expected the {name} {said:g}, as the metadata say, "
                f"got {found:g} in the file: with the wrong one water looks like "
                "ice, or ice like water; set "
                f"--params ingestion.stac.{name} (an offset counts from "
                "baseline 04.00 on), or leave the item out"
            )


def _name(path: str) -> str:
    return path.partition("?")[0].rpartition("/")[2]


def grid_in(
    crs: str, georeference: Georeference, shape: tuple[int, int], pixel_m: float
) -> Target:
    """Lay a grid of another CRS over a raster.

    Its corner lies on a multiple of the pixel size, so that neighbours share one grid.

    Args:
        crs: Authority code, "EPSG:3031".
        georeference: Of the raster.
        shape: (H, W) of the raster.
        pixel_m: Side of the new pixels, in m of the CRS.
    """
    transform = rasterio.Affine(*georeference.transform)
    height, width = shape
    bounds = rasterio.transform.array_bounds(height, width, transform)
    found, columns, rows = calculate_default_transform(
        georeference.crs, crs, width, height, *bounds, resolution=pixel_m
    )
    left = float(np.floor(found.c / pixel_m) * pixel_m)
    top = float(np.ceil(found.f / pixel_m) * pixel_m)
    # One more: the corner has moved by up to a pixel.
    return Target(
        Georeference(crs, (pixel_m, 0.0, left, 0.0, -pixel_m, top)),
        (rows + 1, columns + 1),
    )
