"""One raster file as a scene: bands, scale, validity and georeference."""

import re
from collections.abc import Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from rasterio.enums import ColorInterp, MaskFlags

from sea_ice_kedro.errors import InvalidScene
from sea_ice_kedro.imagery.arrays import RGB, Mask, Origin, Scene
from sea_ice_kedro.imagery.reflectance import (
    BrightnessOptions,
    Calibration,
    Rendering,
    to_rgb,
)
from sea_ice_kedro.imagery.validity import valid_by_border
from sea_ice_kedro.rasters.files import checksum
from sea_ice_kedro.rasters.geotiff import georeference_of, opened
from sea_ice_kedro.sources.options import RasterOptions

Bands = npt.NDArray[Any]
"""(3, H, W) of the file's dtype: red, green, blue."""

_DEFAULT = BrightnessOptions()

_TIME = re.compile(r"(?<!\d)(\d{8}T\d{6})(?!\d)")


def read_scene_file(
    filepath: str,
    options: RasterOptions,
    beside: Sequence[str] = (),
    brightness: BrightnessOptions = _DEFAULT,
) -> Scene:
    """Read one raster file as a scene.

    Args:
        filepath: PNG, JPEG or GeoTIFF, or its URL; its stem is the scene's id.
        options: Bands, scale and what counts as observed.
        beside: URLs of world file, mask, ... of a scene in a bucket.
        brightness: Which reflectance is white; not for 8-bit files.

    Raises:
        InvalidScene: if the file is damaged, too large, or not what `options` say.
    """
    path = Path(filepath)
    with opened(filepath, beside) as file:
        _check_size(path.name, file, options)
        numbers = _band_numbers(path.name, file, options)
        _check_type(path.name, file, options, brightness)
        stored = file.read(numbers)
        declared = _declared_valid(file, numbers, options)
        georeference = georeference_of(file)
    declared = _without_nan(path.name, stored, declared, options)
    rendering = _rendering(options, brightness)
    rgb = _as_rgb(stored, rendering)
    return Scene(
        scene_id=path.stem,
        rgb=rgb,
        valid_mask=_valid(rgb, stored, declared, options),
        georeference=georeference,
        acquired=_time_in(path.stem),
        origin=Origin("folder", path.name, checksum(filepath)),
        rendering=rendering,
    )


def _check_size(name: str, file: Any, options: RasterOptions) -> None:  # noqa: ANN401
    if file.width * file.height > options.max_pixels:
        raise InvalidScene(
            f"{name}: expected at most {options.max_pixels:,} pixels, got "
            f"{file.width} x {file.height} = {file.width * file.height:,}; if it is "
            "no decompression bomb, raise ingestion.raster.max_pixels"
        )


def _band_numbers(name: str, file: Any, options: RasterOptions) -> list[int]:  # noqa: ANN401
    if options.bands is not None:
        if max(options.bands) > file.count:
            raise InvalidScene(
                f"{name}: expected bands {list(options.bands)} "
                f"(ingestion.raster.bands), got a raster of {file.count} band(s)"
            )
        return list(options.bands)
    has_alpha = file.colorinterp[-1] == ColorInterp.alpha
    if file.count - has_alpha == 3:  # noqa: PLR2004 - red, green, blue
        return [1, 2, 3]
    way_out = (
        "say which are red, green and blue, as in --params ingestion.raster.bands=3-2-1"
        if file.count - has_alpha > 3  # noqa: PLR2004
        else "export the scene with red, green and blue"
    )
    raise InvalidScene(
        f"{name}: expected three bands R, G, B (and maybe alpha), got {file.count} "
        f"band(s) {[c.name for c in file.colorinterp]}; {way_out}"
    )


def _check_type(
    name: str,
    file: Any,  # noqa: ANN401
    options: RasterOptions,
    brightness: BrightnessOptions,
) -> None:
    dtype = file.dtypes[0]
    if options.scale is not None and dtype == "uint8":
        brightest = 255 * options.scale + options.offset
        if brightest < brightness.white_reflectance / 4:
            raise InvalidScene(
                f"{name}: expected numbers that ingestion.raster.scale and offset turn "
                f"into reflectance, got an 8-bit file, whose 255 would be {brightest:g}"
                "; leave the scale out for 8-bit brightness"
            )
    if options.scale is None and "_TCI" in name.upper():
        raise InvalidScene(
            f"{name}: expected brightness with white at a reflectance near 1, got a "
            "true-colour image (TCI), whose 255 is 0.36 (L1C) or 0.2 (L2A), so that "
            "ice is saturated; use bands B04, B03, B02, or, if it is none, rename it"
        )
    if options.scale is None and dtype != "uint8":
        raise InvalidScene(
            f"{name}: expected 8-bit brightness, got {dtype} without a scale; say how "
            "numbers become reflectance, as in --params ingestion.raster.scale=0.0001,"
            "ingestion.raster.offset=-0.1 (Sentinel-2 digital numbers from processing "
            "baseline 04.00 on; offset 0 before)"
        )


def _declared_valid(
    file: Any,  # noqa: ANN401
    numbers: list[int],
    options: RasterOptions,
) -> Mask | None:
    """Read what the file itself says of validity; None when it says nothing."""
    if options.validity not in ("auto", "file"):
        return None
    if all(file.mask_flag_enums[n - 1] == [MaskFlags.all_valid] for n in numbers):
        return None
    masks = file.read_masks(numbers)
    return np.asarray((masks > 0).all(axis=0))


def _without_nan(
    name: str, stored: Bands, declared: Mask | None, options: RasterOptions
) -> Mask | None:
    """Refuse NaN unless it is said to mean "not observed"."""
    if not np.issubdtype(stored.dtype, np.floating):
        return declared
    missing = ~np.isfinite(stored).all(axis=0)
    meant = options.nodata is not None and np.isnan(options.nodata)
    unexplained = missing if declared is None else missing & declared
    if unexplained.any() and not meant:
        raise InvalidScene(
            f"{name}: expected numbers, got NaN or infinity in "
            f"{int(unexplained.sum()):,} pixels that the file does not mark as no "
            "data; if they are, add --params ingestion.raster.nodata=.nan"
        )
    return declared


def _rendering(
    options: RasterOptions, brightness: BrightnessOptions
) -> Rendering | None:
    if options.scale is None:
        return None
    return Rendering((Calibration(options.scale, options.offset),) * 3, brightness)


def _as_rgb(stored: Bands, rendering: Rendering | None) -> RGB:
    """Turn stored numbers into brightness, uint8 (H, W, 3)."""
    if rendering is None:
        return np.asarray(cv2.merge(list(stored)), np.uint8)
    return to_rgb(list(stored), rendering)


def _valid(
    rgb: RGB, stored: Bands, declared: Mask | None, options: RasterOptions
) -> Mask:
    """Combine the file's word, the numbers that mean no data, and black borders."""
    valid = np.ones(rgb.shape[:2], bool) if declared is None else declared
    silent = options.validity == "auto" and declared is None
    nodata = options.nodata
    if nodata is None and silent and _is_digital_number(stored, options):
        nodata = 0  # Sentinel-2: "DN 0 = NODATA" in L1C and L2A
    if nodata is not None:
        absent = ~np.isfinite(stored) if np.isnan(nodata) else stored == nodata
        valid = valid & ~absent.any(axis=0)
    if options.validity == "border" or (silent and nodata is None):
        black = rgb if options.scale is None else (stored != 0).any(axis=0)[..., None]
        valid = valid & valid_by_border(black, options.border_margin_px)
    return np.asarray(valid)


def _is_digital_number(stored: Bands, options: RasterOptions) -> bool:
    whole = np.issubdtype(stored.dtype, np.integer)
    return whole and options.scale is not None


def _time_in(stem: str) -> datetime | None:
    """Find a Sentinel-2 style time, 20191103T190921, in a file name."""
    found = _TIME.search(stem)
    if found is None:
        return None
    try:
        time = datetime.strptime(found.group(1), "%Y%m%dT%H%M%S")  # noqa: DTZ007
    except ValueError:
        return None
    return time.replace(tzinfo=timezone.utc)
