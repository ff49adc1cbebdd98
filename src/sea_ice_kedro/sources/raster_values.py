"""Numbers of a raster file: scale, offset, no data, and which pixels were observed."""

import math
from collections.abc import Sequence
from dataclasses import astuple, dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from rasterio.enums import MaskFlags

from sea_ice_kedro.errors import InvalidScene
from sea_ice_kedro.imagery.arrays import RGB, Mask
from sea_ice_kedro.imagery.raw_scenes import observed, valid_by_border
from sea_ice_kedro.imagery.reflectance import Calibration, Calibrations
from sea_ice_kedro.sources.acquisitions import baseline_in
from sea_ice_kedro.sources.options import RasterOptions
from sea_ice_kedro.sources.plausible import (
    BRIGHTEST,
    expect_calibration,
    sample_step,
)
from sea_ice_kedro.sources.raster_metadata import alpha_of

_UNSAID = Calibration(1.0, 0.0)
"""GDAL's words for "not said"."""

_DARKEST, _LIT = 0.01, 0.25
_BYTE = 255
_FILL = ("_fillvalue", "missing_value")


def calibrations_said(
    name: str,
    file: Any,  # noqa: ANN401 - rasterio
    numbers: Sequence[int],
    *,
    is_set: bool,
) -> Calibrations | None:
    """Return the scale and offset that a file gives to bands; None: none.

    They are GDAL's own, or `scale_factor` and `add_offset` in the tags of the bands or
    of the file: so the CF conventions (8.1, packed data) name them, and a GeoTIFF that
    was made of NetCDF may have them there only.

    Args:
        name: Of the file, for messages.
        file: The open raster.
        numbers: 1-based, of red, green and blue.
        is_set: Whether a setting gives them: what tags say otherwise is noted by
            `calibration_notes`.

    Raises:
        InvalidScene: if they cannot be those of reflectance, or the file contradicts
            itself.
    """
    red, green, blue = (_calibration_of(name, file, n, is_set) for n in numbers)
    if {red, green, blue} == {_UNSAID}:
        return None
    if _UNSAID in (red, green, blue):
        said = next(one for one in (red, green, blue) if one != _UNSAID)
        if not is_set:
            raise InvalidScene(
                f"{name}: expected a scale and an offset of red, green and blue, or of "
                f"none, got {said.scale:g} and {said.offset:g} of some only; give them "
                "to all three (gdal_edit.py -scale -offset), or say what is right by "
                f"--params ingestion.raster.scale={said.scale:g},"
                f"ingestion.raster.offset={said.offset:g}"
            )
        red, green, blue = (said if c == _UNSAID else c for c in (red, green, blue))
    for calibration in (red, green, blue):
        expect_calibration(calibration, f"{name}: SCALE and OFFSET in the file")
    return red, green, blue


def _calibration_of(name: str, file: Any, number: int, is_set: bool) -> Calibration:  # noqa: ANN401
    own = Calibration(file.scales[number - 1], file.offsets[number - 1])
    tagged, dtype = _in_tags(file, number), file.dtypes[number - 1]
    if is_set or tagged == _UNSAID or same_calibration(own, tagged):
        return own
    if own == _UNSAID and np.issubdtype(dtype, np.integer):
        return tagged
    if own == _UNSAID:
        got = f"{dtype}, which packed numbers become when they are unpacked"
        ways = [tagged, own]
    else:
        got = f"{own.scale:g} and {own.offset:g} in its header"
        ways = [own]
    raise InvalidScene(
        f"{name}: expected numbers that scale_factor and add_offset in the file's tags "
        f"turn into reflectance, {tagged.scale:g} and {tagged.offset:g}, got {got}: "
        "water would look like ice, or ice like water, with the wrong ones. Say what "
        "is right: --params "
        + " or ".join(
            f"ingestion.raster.scale={one.scale:g},ingestion.raster.offset="
            f"{one.offset:g}"
            for one in ways
        )
    )


def _in_tags(file: Any, number: int) -> Calibration:  # noqa: ANN401
    scale, offset = (_tagged(file, number, k) for k in ("scale_factor", "add_offset"))
    return Calibration(_number(scale, 1.0), _number(offset, 0.0))


def _tagged(file: Any, number: int, key: str) -> str | None:  # noqa: ANN401
    """Return a tag of a band, or of the file: "scale_factor", "B4#scale_factor"."""
    of_band = {tag.lower(): said for tag, said in file.tags(number).items()}
    of_file = {tag.lower(): said for tag, said in file.tags().items()}
    band = (file.descriptions[number - 1] or "").lower()
    names = (f"{band}#{key}", f"band{number}#{key}", key)
    return of_band.get(key, next((of_file[n] for n in names if n in of_file), None))


def _number(text: str | None, otherwise: float) -> float:
    """Read a number of a tag; NaN where it is none, which is no calibration."""
    try:
        return otherwise if text is None else float(text)
    except ValueError:
        return math.nan


def same_calibration(one: Calibration, other: Calibration) -> bool:
    """Compare as 32-bit numbers: that is how some tools write them."""
    return bool(np.allclose(astuple(one), astuple(other), 1e-6))


def fill_said(file: Any, number: int) -> float | None:  # noqa: ANN401 - rasterio
    """Return what a band's tags call no data (CF: `_FillValue`); None: nothing.

    Args:
        file: The open raster.
        number: 1-based, of the band.
    """
    for key in _FILL:
        fill = _number(_tagged(file, number, key), math.nan)
        if not math.isnan(fill):
            return fill
    return None


def calibration_notes(
    file: Any,  # noqa: ANN401 - rasterio
    numbers: Sequence[int],
    calibrations: Sequence[Calibration] | None,
) -> list[str]:
    """Return what a file's tags say against the scale and offset it is read with.

    Args:
        file: The open raster.
        numbers: 1-based, of red, green and blue.
        calibrations: What their numbers are read with.
    """
    for number, used in zip(numbers, calibrations or (), strict=False):
        tagged = _in_tags(file, number)
        if tagged != _UNSAID and not same_calibration(tagged, used):
            return [
                f"is read with scale {used.scale:g} and offset {used.offset:g}, "
                f"against scale_factor {tagged.scale:g} and add_offset "
                f"{tagged.offset:g} in its tags"
            ]
    offsets = [used.offset for used in calibrations or ()]
    if any(offsets) and not all(offsets):
        return [
            "is read with an offset in some bands and none in others "
            f"({', '.join(f'{offset:g}' for offset in offsets)}): is that right?"
        ]
    return []


def offset_notes(
    stem: str,
    file: Any,  # noqa: ANN401
    calibrations: Sequence[Calibration] | None,
) -> list[str]:
    """Return what a file's name and tags say against numbers without an offset.

    From processing baseline 04.00 on ESA's numbers have one; many exports take it out
    and keep the name.

    Args:
        stem: The file's name without its ending.
        file: The open raster.
        calibrations: What its numbers are read with.
    """
    tags = file.tags()
    said = baseline_in(tags.get("PROCESSING_BASELINE"), tags.get("PRODUCT_URI"), stem)
    if not calibrations or any(one.offset for one in calibrations) or said < "N0400":
        return []
    return [
        f"is of processing baseline {said}, whose numbers have an offset of -0.1 "
        "unless somebody has taken it out, and is read without one: water would "
        "look like ice"
    ]


def level_notes(
    stored: npt.NDArray[Any],
    calibrations: Sequence[Calibration] | None,
    valid_mask: Mask,
) -> list[str]:
    """Say of a scene that no sea reflects like it: its scale is another.

    Args:
        stored: Red, green and blue as stored.
        calibrations: What their numbers are read with; None: brightness.
        valid_mask: bool (H, W), True where observed.
    """
    step = sample_step(valid_mask.size)
    seen = valid_mask[::step, ::step]
    if not calibrations or not seen.any():
        return []
    numbers = stored[1, ::step, ::step][seen].astype(np.float64)
    green = numbers * calibrations[1].scale + calibrations[1].offset
    middle, highest = np.quantile(green, (0.5, 0.999))
    whole = np.issubdtype(stored.dtype, np.integer) and stored.dtype.itemsize > 1
    if whole and numbers.max() <= _BYTE and green.max() < _LIT:
        return [
            f"has no number above {numbers.max():g} in green, as brightness of 8 bits "
            f"has none: by its scale a reflectance of {green.max():.3g}; check it"
        ]
    if middle > BRIGHTEST:
        return [
            f"has a reflectance of {middle:.3g} in the middle of its green band, more "
            "than snow in full sun: is its scale right?"
        ]
    if highest < _DARKEST:
        return [
            f"has no reflectance above {highest:.3g} in its green band, less than open "
            "water: is its scale right?"
        ]
    return []


# --- Which pixels of a raster file were observed

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
    declared = _declared_by_gdal(file, numbers, stored)
    alpha = alpha_of(file)
    if alpha is None or MaskFlags.alpha in file.mask_flag_enums[0]:
        return declared
    absent = np.broadcast_to(file.read(alpha) == 0, stored.shape)
    if declared is None:
        return Declared(absent, None)
    return replace(declared, absent=declared.absent | absent)


def _declared_by_gdal(
    file: Any,  # noqa: ANN401 - rasterio
    numbers: Sequence[int],
    stored: Bands,
) -> Declared | None:
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


def partly_transparent(file: Any) -> Mask | None:  # noqa: ANN401 - rasterio
    """Find the pixels that are mixed with what lies behind them.

    Args:
        file: The open raster.

    Returns:
        bool (H, W), True where alpha is neither 0 nor that of most other pixels (a
        layer's opacity) nor higher; None: nowhere, or the band is no alpha, having no
        such number.
    """
    number = alpha_of(file)
    if number is None:
        return None
    alpha = file.read(number)
    step = sample_step(alpha.size)
    seen = alpha[::step, ::step]
    levels, counts = np.unique(seen[seen > 0], return_counts=True)
    if not len(levels) or 2 * counts.max() < counts.sum():
        return None
    mixed: Mask = (alpha > 0) & (alpha < levels[counts.argmax()])
    return mixed if mixed.any() else None


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
