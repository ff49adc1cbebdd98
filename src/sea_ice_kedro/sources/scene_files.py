"""One raster file as a scene: bands, scale, validity, georeference and time."""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
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
from sea_ice_kedro.rasters.geotiff import georeference_of, opened
from sea_ice_kedro.sources.options import RasterOptions
from sea_ice_kedro.sources.plausible import beyond_swath, expect_place, fill_values
from sea_ice_kedro.sources.raster_metadata import (
    band_notes,
    bands_said,
    is_lossy,
    name_notes,
    notes_of,
    time_tags,
)
from sea_ice_kedro.sources.raster_values import (
    Bands,
    calibration_notes,
    calibrations_said,
    declared_in,
    expect_no_nan,
    level_notes,
    not_stored,
    offset_notes,
    partly_transparent,
    same_calibration,
    valid_pixels,
)

_OLD_ESA = re.compile(r"_(?:OPER|USER)_")
_SENSED = re.compile(r"_V(\d{8}T\d{6})_")
"""In ESA's names of before December 2016, after the time of creation."""

_FIRST_IS_SENSED = re.compile(
    r"(?<![A-Z0-9])(?:(?:S[1-6][A-D]|L[CEMOT]\d{2})_|A\d{7}\.)"  # Landsat, MODIS, ...
)
"""In their names times of the end and of processing follow that of sensing."""

_CALENDAR = re.compile(
    r"(?<!\d)(\d{4})([-_:]?)(\d{2})\2(\d{2})"  # 20191103, 2019-11-03, 2019_11_03
    r"(?:[T_ -]?(\d{2})[-_:.h]?(\d{2})[-_:.m]?(\d{2}))?"  # T190921, _19-09-21
    r"(?!\d)"
)
_DAY_OF_YEAR = re.compile(
    r"(?<![A-Z0-9])(?:A(\d{7})(?!\d)(?:\.(\d{4})(?=\.))?|(\d{7})T(\d{6})(?!\d))"
)
"""As in names of MODIS and VIIRS (MOD09GA.A2019307.h17v17, VNP02MOD.A2019307.1910.001)
and of HLS (HLS.S30.T01CCV.2019307T190919.v2.0)."""

_FIRST_YEAR = 1972
"""Landsat 1. Other numbers of eight digits are seldom a day since then."""

_TAGS = (
    "ACQUISITIONDATETIME",
    "ACQUISITION_DATETIME",
    "ACQUISITION_DATE",
    "ACQUIRED",
    "SENSING_TIME",
    "DATATAKE_1_DATATAKE_SENSING_START",
    "PRODUCT_START_TIME",
    "DATE_ACQUIRED",
)
"""Of GDAL's IMAGERY domain, and of products that were converted."""

_WRITTEN = "TIFFTAG_DATETIME"

_PROCESSED = (
    "has no time of sensing in its name, only that of processing: its day is not "
    "known; put the day before it (20160117_...)"
)
_SEVERAL = (
    "has several days in its name, of which none is taken: leave only that of the "
    "acquisition"
)


def time_of_file(
    stem: str, tags: Mapping[str, str]
) -> tuple[datetime | None, list[str]]:
    """Find when a scene was taken: in its name, else in its tags.

    A name of several days is that of a product, whose convention says which day is
    that of sensing, or has no day at all. A name with a day only is midnight of it.

    Args:
        stem: Name of the file, without ending.
        tags: Of the file.

    Returns:
        The time, UTC, or None; and what the run is to say of it.
    """
    found, said = _in_name(stem)
    if found is not None:
        return found, []
    by_name = {name.upper(): str(value) for name, value in tags.items()}
    for name in _TAGS:
        for time in _times_in(by_name.get(name, "")):
            return time, []
    if said:
        return None, [said]
    for time in _times_in(by_name.get(_WRITTEN, "")):
        return time, [
            f"has no day in its name, and so that of its {_WRITTEN}, where many "
            "programs write when the file was made: look whether it is right; a day in "
            "the name comes first"
        ]
    return None, []


def time_given(text: str) -> datetime | None:
    """Read a time or a day that somebody has written, UTC; None where it is none.

    Args:
        text: `2019-11-03`, `2019-11-03T19:09:21Z`, `20191103`, ...; seconds may lack.
    """
    plain = text.strip().removesuffix("Z")
    found = _CALENDAR.fullmatch(plain) or _CALENDAR.fullmatch(f"{plain}:00")
    if found is None:
        return None
    parts = [int(part) for n, part in enumerate(found.groups()) if n != 1 and part]
    with suppress(ValueError):
        moment = datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type, misc]
        return moment if _is_likely(moment) else None
    return None


def _in_name(stem: str) -> tuple[datetime | None, str]:
    """Find the time in a name; else say why none of those in it was taken."""
    sensed = _SENSED.search(stem)
    old = _OLD_ESA.search(stem)
    if sensed and old is not None:
        return next(_times_in(sensed.group(1)), None), ""
    # What stands before ESA's own name was put there by somebody who knows.
    times = list(_times_in(stem[: old.start()] if old else stem))
    if old is not None and not times:
        return None, _PROCESSED
    several = len({time.date() for time in times}) > 1
    if several and not _FIRST_IS_SENSED.search(stem):
        return None, _SEVERAL
    return next(iter(times), None), ""


def _times_in(text: str) -> Iterator[datetime]:
    """Return each time or day in a text that can be a scene's, by day of year first."""
    for found in _DAY_OF_YEAR.finditer(text):
        with suppress(ValueError):
            digits = "".join(part or "" for part in found.groups())
            moment = datetime.strptime(digits[:7], "%Y%j").replace(tzinfo=UTC)
            with suppress(ValueError):  # a number that is no time is none of its day
                told = datetime.strptime(digits[7:].ljust(6, "0"), "%H%M%S")  # noqa: DTZ007
                moment = datetime.combine(moment, told.time(), UTC)
            if _is_likely(moment):
                yield moment
    for found in _CALENDAR.finditer(text):
        year, _, month, day, *clock = found.groups()
        date = [int(year), int(month), int(day)]
        time = [int(part) for part in clock if part]
        for parts in (date + time, date):  # a number after a day may be no time
            with suppress(ValueError):
                moment = datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type, misc]
                if _is_likely(moment):
                    yield moment
                break


def _is_likely(moment: datetime) -> bool:
    latest = datetime.now(UTC) + timedelta(days=1)
    return _FIRST_YEAR <= moment.year and moment <= latest


# --- One raster file as a scene: bands, scale, validity and georeference

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
        mixed = partly_transparent(file)
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
        silent = declared is None and options.nodata is None
        fills = _undeclared(stored, calibrations, silent)
        notes += _take_out(valid_mask, holes, mixed, *fills)
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


def _undeclared(
    stored: Bands, calibrations: Sequence[Calibration] | None, silent: bool
) -> tuple[Mask | None, Mask | None]:
    """Find numbers that are no reflectance, and where a swath has ended.

    The latter in a file that is silent about its fill value.
    """
    ended = beyond_swath(stored, calibrations) if silent else None
    return fill_values(stored, calibrations), ended


def _take_out(
    valid_mask: Mask,
    holes: Mask | None,
    mixed: Mask | None,
    fill: Mask | None,
    ended: Mask | None,
) -> Iterator[str]:
    """Take pixels out of a mask, in place, and say how many of which kind."""
    kinds = (
        (holes, "leaves out tiles, whose {:,} pixels count as not observed"),
        (mixed, "has {:,} partly transparent pixels, which count as not observed"),
        (
            fill,
            "has numbers that are no reflectance in {:,} pixels, which count as not "
            "observed (ingestion.raster.nodata names such a number)",
        ),
        (
            ended,
            "has 65535 from its edge on in {:,} pixels, which count as not observed; "
            "if they are saturated snow, set ingestion.raster.validity=all",
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
