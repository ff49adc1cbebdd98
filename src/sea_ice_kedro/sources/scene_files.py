"""One raster file as a scene: bands, scale, validity and georeference."""

import unicodedata
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path, PurePath
from typing import Any

import cv2
import numpy as np
from rasterio.enums import ColorInterp

from sea_ice_kedro.errors import InvalidScene
from sea_ice_kedro.imagery.arrays import RGB, Mask, Origin, Scene
from sea_ice_kedro.imagery.raw_scenes import saturated_band
from sea_ice_kedro.imagery.reflectance import (
    BrightnessOptions,
    Calibration,
    Calibrations,
    Rendering,
    to_rgb,
)
from sea_ice_kedro.rasters.files import checksum
from sea_ice_kedro.rasters.geotiff import opened
from sea_ice_kedro.rasters.header import georeference_of
from sea_ice_kedro.sources.options import RasterOptions
from sea_ice_kedro.sources.plausible import expect_place
from sea_ice_kedro.sources.raster_calibration import (
    calibration_notes,
    calibrations_said,
    level_notes,
    offset_notes,
    same_calibration,
)
from sea_ice_kedro.sources.raster_validity import (
    Bands,
    declared_in,
    expect_no_nan,
    fill_values,
    not_stored,
    valid_pixels,
)
from sea_ice_kedro.sources.raster_words import (
    band_notes,
    bands_said,
    is_lossy,
    name_notes,
    notes_of,
    time_tags,
)
from sea_ice_kedro.sources.scene_time import time_of_file

_DEFAULT = BrightnessOptions()

_LONGEST_SIDE = 100_000
"""Pixels: 1 x 150 million would pass for a granule, and take hours."""

_EIGHT_BYTES = ("int64", "uint64")


def read_scene_file(
    filepath: str,
    options: RasterOptions,
    beside: Sequence[str] = (),
    brightness: BrightnessOptions = _DEFAULT,
    acquired: datetime | None = None,
) -> Scene:
    """Read one raster file as a scene.

    Args:
        filepath: PNG, JPEG or GeoTIFF, or its URL; its stem is the scene's id.
        options: Bands, scale and what counts as observed.
        beside: URLs of world file, mask, ... of a scene in a bucket.
        brightness: Which reflectance is white; not for 8-bit files.
        acquired: Time of acquisition, UTC; None: that in the file's name or tags.

    Raises:
        InvalidScene: if the file is damaged, too large, or not what `options` say.
    """
    path = Path(filepath)
    with opened(filepath, beside, foreign=True) as file:
        _check_size(path.name, file, options)
        numbers, notes = _band_numbers(path.name, file, options)
        calibrations = _calibrations(path.name, file, numbers, options)
        _check_type(path.name, file.dtypes[0], calibrations, brightness)
        # Half the memory, and still 1e-7 of a reflectance.
        narrower = {"float64": "float32"}.get(file.dtypes[0], file.dtypes[0])
        stored = file.read(numbers, out_dtype=narrower)
        declared = declared_in(file, numbers, stored, options)
        holes = not_stored(file, numbers, stored)
        georeference = georeference_of(file)
        notes += notes_of(file)
        notes += calibration_notes(file, numbers, calibrations)
        notes += offset_notes(path.stem, file, calibrations)
        if acquired is None:
            acquired, said = time_of_file(stem_of(filepath), time_tags(file))
            notes += said
        lossy = is_lossy(file)
    expect_place(georeference, path.name, stored.shape[1:])
    expect_no_nan(path.name, stored, declared, options)
    rendering = Rendering(calibrations, brightness) if calibrations else None
    rgb = _as_rgb(stored, rendering)
    red = calibrations[0] if calibrations else None
    valid_mask = valid_pixels(rgb, stored, red, declared, options, lossy=lossy)
    if options.validity != "all":
        notes += _take_out(valid_mask, holes, fill_values(stored, calibrations))
    notes += level_notes(stored, calibrations, valid_mask)
    return Scene(
        scene_id=stem_of(filepath),
        rgb=rgb,
        valid_mask=valid_mask,
        georeference=georeference,
        acquired=acquired,
        origin=Origin("folder", path.name, checksum(filepath), "; ".join(notes)),
        rendering=rendering,
        extra_bands=saturated_band(stored, valid_mask) if rendering else {},
    )


def _take_out(valid_mask: Mask, holes: Mask | None, fill: Mask | None) -> Iterator[str]:
    """Take pixels out of a mask, in place, and say how many of which kind."""
    kinds = (
        (holes, "leaves out tiles, whose {:,} pixels count as not observed"),
        (
            fill,
            "has numbers that are no reflectance in {:,} pixels, which count as not "
            "observed (ingestion.raster.nodata names such a number)",
        ),
    )
    for absent, note in kinds:
        if absent is not None and (lost := int((valid_mask & absent).sum())):
            valid_mask &= ~absent
            yield note.format(lost)


def stem_of(path: str) -> str:
    """Return a file's name without its ending; macOS takes accents apart (NFD)."""
    return unicodedata.normalize("NFC", PurePath(path).stem)


def _check_size(name: str, file: Any, options: RasterOptions) -> None:  # noqa: ANN401
    if file.dtypes[0].startswith("complex"):
        raise InvalidScene(
            f"{name}: expected real numbers, got {file.dtypes[0]}, as radar has them; "
            "export brightness or reflectance of an optical sensor"
        )
    if file.width * file.height > options.max_pixels:
        raise InvalidScene(
            f"{name}: expected at most {options.max_pixels:,} pixels, got "
            f"{file.width} x {file.height} = {file.width * file.height:,}; if it is "
            "no decompression bomb, raise ingestion.raster.max_pixels"
        )
    wide = file.dtypes[0] in _EIGHT_BYTES
    if wide and file.width * file.height > options.max_pixels // 2:
        raise InvalidScene(
            f"{name}: expected at most {options.max_pixels // 2:,} pixels of "
            f"{file.dtypes[0]}, half of ingestion.raster.max_pixels, got "
            f"{file.width * file.height:,}; store it in fewer bytes "
            "(gdal_translate -ot UInt16), or raise that setting"
        )
    if max(file.width, file.height) > _LONGEST_SIDE:
        raise InvalidScene(
            f"{name}: expected at most {_LONGEST_SIDE:,} rows and columns, got "
            f"{file.height:,} and {file.width:,}; no scene is such a strip. Cut it"
        )


def _band_numbers(
    name: str,
    file: Any,  # noqa: ANN401
    options: RasterOptions,
) -> tuple[list[int], list[str]]:
    """Find red, green and blue, and what is to be said of them."""
    said = bands_said(name, file) if options.bands is None else None
    if options.bands is not None:
        if max(options.bands) > file.count:
            raise InvalidScene(
                f"{name}: expected bands {list(options.bands)} "
                f"(ingestion.raster.bands), got a raster of {file.count} band(s)"
            )
        return list(options.bands), band_notes(file, options.bands)
    if said is not None:
        return said, name_notes(file, said)
    has_alpha = file.colorinterp[-1] == ColorInterp.alpha
    if file.count - has_alpha == 3 and not band_notes(file, (1, 2, 3)):  # noqa: PLR2004
        return [1, 2, 3], name_notes(file, (1, 2, 3))
    way_out = (
        "say which are red, green and blue, as in --params ingestion.raster.bands=3-2-1"
        if file.count - has_alpha >= 3  # noqa: PLR2004 - red, green, blue
        else "export the scene with red, green and blue"
    )
    words = zip(file.descriptions, file.colorinterp, strict=True)
    named = [description or colour.name for description, colour in words]
    raise InvalidScene(
        f"{name}: expected three bands R, G, B (and maybe alpha), got {file.count} "
        f"band(s) {named}; {way_out}"
    )


def _calibrations(
    name: str,
    file: Any,  # noqa: ANN401
    numbers: list[int],
    options: RasterOptions,
) -> Calibrations | None:
    """Find what the numbers mean: as set, else as the file says; None: brightness."""
    said = calibrations_said(name, file, numbers, is_set=options.scale is not None)
    if options.scale is None:
        return said
    given = Calibration(options.scale, options.offset)
    if said is not None and any(not same_calibration(given, one) for one in said):
        raise InvalidScene(
            f"{name}: expected ingestion.raster.scale and offset as the file has them, "
            f"{said[0].scale:g} and {said[0].offset:g}, got {given.scale:g} and "
            f"{given.offset:g}: water would look like ice, or ice like water, with the "
            "wrong ones. Leave both out to take the file's; if they are wrong, take "
            "them out of it (gdal_edit.py -scale 1 -offset 0)"
        )
    return (given,) * 3


def _check_type(
    name: str,
    dtype: str,
    calibrations: Calibrations | None,
    brightness: BrightnessOptions,
) -> None:
    if calibrations is not None and dtype == "uint8":
        brightest = 255 * calibrations[0].scale + calibrations[0].offset
        if brightest < brightness.white_reflectance / 4:
            raise InvalidScene(
                f"{name}: expected numbers that a scale and offset turn into "
                f"reflectance, got an 8-bit file, whose 255 would be {brightest:g}"
                "; leave the scale out for 8-bit brightness"
            )
    if calibrations is None and "_TCI" in name.upper():
        raise InvalidScene(
            f"{name}: expected brightness with white at a reflectance near 1, got a "
            "true-colour image (TCI), whose 255 is 0.36 (L1C) or 0.2 (L2A), so that "
            "ice is saturated; use bands B04, B03, B02, or, if it is none, rename it"
        )
    if calibrations is None and dtype != "uint8":
        raise InvalidScene(
            f"{name}: expected 8-bit brightness, got {dtype} without a scale; say how "
            "numbers become reflectance, as in --params ingestion.raster.scale=0.0001,"
            "ingestion.raster.offset=-0.1 (Sentinel-2 digital numbers from processing "
            "baseline 04.00 on; offset 0 before)"
        )


def _as_rgb(stored: Bands, rendering: Rendering | None) -> RGB:
    """Turn stored numbers into brightness, uint8 (H, W, 3)."""
    if rendering is None:
        return np.asarray(cv2.merge(list(stored)), np.uint8)
    return to_rgb(list(stored), rendering)
