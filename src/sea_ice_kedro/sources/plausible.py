"""Numbers of metadata that decide every pixel: refused where they cannot be right."""

import math

from pyproj import CRS
from pyproj.exceptions import CRSError

from sea_ice_kedro.errors import InvalidScene
from sea_ice_kedro.imagery.arrays import Georeference
from sea_ice_kedro.imagery.reflectance import Calibration

SCALES = (1e-6, 1.0)
"""From finer than any provider counts reflectance, to reflectance itself."""

LARGEST_OFFSET = 1.0
"""Of reflectance; ESA's is -0.1, that of Landsat's surface reflectance -0.2."""

_SIDES_M = (0.01, 100e3)
_SIDES_DEG = (1e-7, 1.0)
"""Of a pixel: from a picture of a lens cap to a map of the hemisphere."""

_LARGEST_SIDE = 20_000
"""Pixels; a granule of Sentinel-2 has 10 980."""

_FARTHEST = 1e9
"""Units of a CRS; no projection of the Earth reaches farther."""


def expect_calibration(calibration: Calibration, what: str) -> None:
    """Refuse a scale or an offset that no reflectance is stored with.

    Args:
        calibration: Scale and offset.
        what: Whose they are, for the message: "a.tif: SCALE and OFFSET".

    Raises:
        InvalidScene: if one is not finite, or out of range.
    """
    scale, offset = calibration.scale, calibration.offset
    if not (SCALES[0] <= scale <= SCALES[1] and abs(offset) <= LARGEST_OFFSET):
        raise InvalidScene(
            f"{what}: expected a scale of {SCALES[0]:g} to {SCALES[1]:g} and an offset "
            f"of -{LARGEST_OFFSET:g} to {LARGEST_OFFSET:g} of reflectance, got "
            f"{scale:g} and {offset:g}; no sea ice could be told by them. Fetch the "
            "product again, or correct its metadata"
        )


def expect_place(place: Georeference | None, what: str) -> None:
    """Refuse a place that no scene can have; None is no place, and right.

    Args:
        place: CRS and transform.
        what: Whose it is, for the message.

    Raises:
        InvalidScene: if the CRS is unknown or not of the Earth, or pixels have no size
            or an absurd one.
    """
    if place is None:
        return
    try:
        crs = CRS.from_user_input(place.crs)
    except CRSError as error:
        raise _unusable(what, place, str(error).splitlines()[0]) from None
    if not (crs.is_geographic or crs.is_projected):
        raise _unusable(what, place, "neither in degrees nor projected")
    a, b, c, d, e, f = place.transform
    least, most = _SIDES_DEG if crs.is_geographic else _SIDES_M
    sides = math.hypot(a, d), math.hypot(b, e)
    sound = all(least <= side <= most for side in sides)
    # Rows and columns that run the same way, or nearly, span no area.
    sound = sound and abs(a * e - b * d) > 1e-3 * sides[0] * sides[1]
    if not (sound and abs(c) <= _FARTHEST and abs(f) <= _FARTHEST):
        raise InvalidScene(
            f"{what}: expected pixels with sides of {least:g} to {most:g} units of "
            f"{place.crs[:40]}, got the transform {list(place.transform)}; areas would "
            "be wrong. Export it with the right one, or without any"
        )


def expect_shape(shape: tuple[int, int], what: str) -> None:
    """Refuse a raster without pixels, or with more than any granule has.

    Args:
        shape: (H, W).
        what: Whose it is, for the message.

    Raises:
        InvalidScene: if a side is out of range.
    """
    if not all(1 <= side <= _LARGEST_SIDE for side in shape):
        raise InvalidScene(
            f"{what}: expected 1 to {_LARGEST_SIDE:,} rows and columns, got "
            f"{shape[0]} and {shape[1]}; fetch the product again"
        )


def _unusable(what: str, place: Georeference, reason: str) -> InvalidScene:
    return InvalidScene(
        f"{what}: expected a CRS that leads to longitude and latitude, got "
        f"{place.crs[:80]!r} ({reason}); give it the right one "
        "(gdal_translate -a_srs EPSG:3031), or none"
    )
