"""Which pixels of a raster file were observed."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from rasterio.enums import MaskFlags

from sea_ice_kedro.errors import InvalidScene
from sea_ice_kedro.imagery.arrays import RGB, Mask
from sea_ice_kedro.imagery.reflectance import Calibration
from sea_ice_kedro.imagery.validity import observed, valid_by_border
from sea_ice_kedro.sources.options import RasterOptions
from sea_ice_kedro.sources.raster_calibration import fill_said

Bands = npt.NDArray[Any]
"""(3, H, W) of the file's dtype: red, green, blue."""

_BRIGHTNESS = Calibration(1 / 255)
"""Calibration of 8-bit brightness whose white is a reflectance near 1."""


@dataclass(frozen=True)
class Declared:
    """Pixels that a file itself marks as not observed."""

    absent: npt.NDArray[np.bool_]
    """bool (3, H, W), of each band."""

    number: float | None
    """Its nodata value; None: a mask or alpha, which is the same for all bands."""


def declared_in(
    file: Any,  # noqa: ANN401 - rasterio
    numbers: Sequence[int],
    stored: Bands,
    options: RasterOptions,
) -> Declared | None:
    """Read what a file itself says of validity; None when it says nothing.

    Mask, alpha and GDAL's nodata value count before what tags call no data.
    """
    if options.validity not in ("auto", "file"):
        return None
    if all(file.mask_flag_enums[n - 1] == [MaskFlags.all_valid] for n in numbers):
        fills = [fill_said(file, n) for n in numbers]
        known = [n for n in fills if n is not None]
        absent = [
            np.zeros(band.shape, bool) if fill is None else band == fill
            for band, fill in zip(stored, fills, strict=True)
        ]
        return Declared(np.array(absent), known[0]) if known else None
    by_number = MaskFlags.nodata in file.mask_flag_enums[numbers[0] - 1]
    number = file.nodatavals[numbers[0] - 1] if by_number else None
    return Declared(file.read_masks(list(numbers)) == 0, number)


def not_stored(
    file: Any,  # noqa: ANN401 - rasterio
    numbers: Sequence[int],
    stored: Bands,
) -> Mask | None:
    """Find the blocks that a GeoTIFF leaves out, which GDAL reads as zeros.

    Args:
        file: The open raster.
        numbers: 1-based, of red, green and blue.
        stored: What was read of them.

    Returns:
        bool (H, W), True where one of the bands is not in the file; None: nowhere.
    """
    if file.driver != "GTiff":
        return None
    absent: Mask | None = None
    for number, band in zip(numbers, stored, strict=True):
        height, width = file.block_shapes[number - 1]
        for row, column in np.argwhere(band[::height, ::width] == 0).tolist():
            offset = f"BLOCK_OFFSET_{column}_{row}"
            if file.get_tag_item(offset, "TIFF", bidx=number) is None:
                if absent is None:
                    absent = np.zeros(band.shape, bool)
                top, left = row * height, column * width
                absent[top : top + height, left : left + width] = True
    return absent


_LEAST, _MOST = -1.0, 1e4
"""Reflectance that nothing has, whatever went wrong before."""


def fill_values(
    stored: Bands, calibrations: Sequence[Calibration] | None
) -> Mask | None:
    """Find fill values that a file does not declare: -9999, -32768, 1e30.

    Args:
        stored: Red, green and blue as stored.
        calibrations: What their numbers mean; None: brightness.

    Returns:
        bool (H, W), True where one of the bands has no reflectance; None: nowhere.
    """
    if calibrations is None or np.issubdtype(stored.dtype, np.unsignedinteger):
        return None
    absent = np.zeros(stored.shape[1:], bool)
    for band, one in zip(stored, calibrations, strict=True):
        absent |= band < (_LEAST - one.offset) / one.scale
        absent |= band > (_MOST - one.offset) / one.scale
    return absent if absent.any() else None


def expect_no_nan(
    name: str, stored: Bands, declared: Declared | None, options: RasterOptions
) -> None:
    """Refuse NaN unless it is said to mean "not observed".

    Raises:
        InvalidScene: if nothing explains some.
    """
    if not np.issubdtype(stored.dtype, np.floating):
        return
    unexplained = ~np.isfinite(stored)
    if declared is not None:
        unexplained &= ~declared.absent
    if options.nodata is not None:
        unexplained &= ~_equal(stored, options.nodata)
    if unexplained.any():
        raise InvalidScene(
            f"{name}: expected numbers, got NaN or infinity in "
            f"{int(unexplained.any(axis=0).sum()):,} pixels that the file does not "
            "mark as no data; if they are, add --params ingestion.raster.nodata=.nan"
        )


def _equal(stored: Bands, number: float) -> npt.NDArray[np.bool_]:
    """Find a number; NaN stands for all that is none."""
    return ~np.isfinite(stored) if math.isnan(number) else stored == number


def valid_pixels(  # noqa: PLR0913 - all that decides on it
    rgb: RGB,
    stored: Bands,
    calibration: Calibration | None,
    declared: Declared | None,
    options: RasterOptions,
    *,
    lossy: bool = False,
) -> Mask:
    """Combine the file's word, numbers that mean "not observed", and black borders.

    Args:
        rgb: The brightness that `stored` became.
        stored: Red, green and blue as stored.
        calibration: What the numbers mean; None: 8-bit brightness.
        declared: What the file says, where that counts.
        options: How to tell.
        lossy: Whether compression has changed pixels: black is not exact there.

    Returns:
        bool (H, W).
    """
    auto, whole = options.validity == "auto", np.issubdtype(stored.dtype, np.integer)
    nodata = options.nodata
    if nodata is None and auto and declared is None and whole and calibration:
        nodata = 0  # Sentinel-2: "DN 0 = NODATA" in L1C and L2A
    absent, said = (declared.absent, declared.number) if declared else (None, None)
    if nodata is not None:
        here = _equal(stored, nodata)
        absent = here if absent is None else absent | here
    meaning = [n for n in (said, nodata) if n is not None]
    valid = np.ones(rgb.shape[:2], bool)
    if absent is not None:
        meant = calibration or _BRIGHTNESS
        measurable = all(
            math.isfinite(n) and n * meant.scale + meant.offset >= 0 for n in meaning
        )
        valid = observed(absent, stored, meant.scale, measurable)
    # Who warps bands that have no nodata value gives the frame one; the edge of the
    # swath inside it stays 0.
    silent = absent is None or any(n != 0 for n in meaning)
    if options.validity == "border" or (auto and silent):
        black = rgb if calibration is None else (stored != 0).any(axis=0)[..., None]
        outside = None if absent is None else ~valid
        valid &= valid_by_border(
            black, options.border_margin_px, outside, rgb if lossy else None
        )
    return valid
