"""What a raster file says about its numbers: scale, offset, no data."""

import math
from collections.abc import Sequence
from dataclasses import astuple
from typing import Any

import numpy as np
import numpy.typing as npt

from sea_ice_kedro.errors import InvalidScene
from sea_ice_kedro.imagery.arrays import Mask
from sea_ice_kedro.imagery.reflectance import Calibration, Calibrations
from sea_ice_kedro.sources.acquisitions import baseline_in
from sea_ice_kedro.sources.plausible import expect_calibration

_UNSAID = Calibration(1.0, 0.0)
"""GDAL's words for "not said"."""

_DARKEST, _BRIGHTEST = 0.01, 2.0
_LOOKED_AT = 1_000_000
"""Pixels."""

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
    step = max(1, math.isqrt(valid_mask.size // _LOOKED_AT))
    seen = valid_mask[::step, ::step]
    if not calibrations or not seen.any():
        return []
    numbers = stored[1, ::step, ::step][seen].astype(np.float64)
    green = numbers * calibrations[1].scale + calibrations[1].offset
    middle, highest = np.quantile(green, (0.5, 0.999))
    if middle > _BRIGHTEST:
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
