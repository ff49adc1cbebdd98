"""Numbers of metadata that decide every pixel: refused where they cannot be right."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from pyproj import CRS, Geod, Transformer
from pyproj.exceptions import CRSError

from sea_ice_kedro.errors import InvalidScene
from sea_ice_kedro.imagery.arrays import Georeference, Mask
from sea_ice_kedro.imagery.raw_scenes import RawScene, valid_by_border
from sea_ice_kedro.imagery.reflectance import Calibration
from sea_ice_kedro.rasters.footprint import places

SCALES = (1e-6, 1.0)
"""From finer than any provider counts reflectance, to reflectance itself."""

LARGEST_OFFSET = 1.0
"""Of reflectance; ESA's is -0.1, that of Landsat's surface reflectance -0.2."""

BRIGHTEST = 2.0
"""Reflectance; that of snow in full sun is near 1."""

_LEAST, _MOST = -1.0, 1e4
"""Reflectance that nothing has, whatever went wrong before."""

_HIGHEST = 65_535
"""Of 16 bits: a fill value of some producers, saturated of others."""

_SIDES_M = (0.01, 100e3)
_SIDES_DEG = (1e-7, 1.0)
"""Of a pixel: from a picture of a lens cap to a map of the hemisphere."""

_LARGEST_SIDE = 20_000
"""Pixels; a granule of Sentinel-2 has 10 980."""

Floats = npt.NDArray[np.float64]

_EARTH = Geod(ellps="WGS84")

_FARTHEST_DEG = 540.0
"""Longitudes may be counted on across the antimeridian, from either side."""

_DRAWN_OUT = 50.0
"""A side of a pixel on the ground against the map: Mercator's at 88 degrees is 29."""

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


_LOOKED_AT = 100_000
"""Pixels, about, that tell what most of a scene is like."""


def sample_step(size: int) -> int:
    """Return how many rows and columns lie between those pixels.

    Args:
        size: Pixels of the scene.
    """
    return max(1, math.isqrt(size // _LOOKED_AT))


def expect_light(raw: RawScene, what: str) -> None:
    """Refuse numbers that their scale makes brighter than any snow.

    Args:
        raw: The scene as stored.
        what: Whose it is, for the message.

    Raises:
        InvalidScene: if half of what was observed reflects more than twice the light.
    """
    step = sample_step(raw.valid_mask.size)
    seen = raw.numbers[1][::step, ::step][raw.valid_mask[::step, ::step]]
    if not seen.size:
        return
    green = raw.calibrations[1]
    middle = float(np.median(seen)) * green.scale + green.offset
    if middle > BRIGHTEST:
        raise InvalidScene(
            f"{what}: expected reflectance by a scale of {green.scale:g} and an offset "
            f"of {green.offset:g}, got {middle:.3g} in the middle of its green band, "
            "more than snow in full sun: all of it would be called thick ice. Fetch "
            "the product again, or correct its metadata"
        )


def expect_place(
    place: Georeference | None, what: str, shape: tuple[int, int] = (1, 1)
) -> None:
    """Refuse a place that no scene can have; None is no place, and right.

    Args:
        place: CRS and transform.
        what: Whose it is, for the message.
        shape: (H, W) of the raster.

    Raises:
        InvalidScene: if the CRS is unknown or not of the Earth, pixels have no size or
            an absurd one, or some lie nowhere on Earth.
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
    _expect_on_earth(place, what, shape)


def _expect_on_earth(place: Georeference, what: str, shape: tuple[int, int]) -> None:
    """Refuse corners without longitude and latitude, and pixels drawn out of shape.

    Raises:
        InvalidScene: if there are some.
    """
    a, _, _, d, _, _ = place.transform
    height, width = shape
    # Half a pixel inside, and a pixel on, as far as a map's edge allows.
    columns = np.array([0.5, width - 0.5, 0.5, width - 0.5, width / 2])
    rows = np.array([0.5, 0.5, height - 0.5, height - 0.5, height / 2])
    x, y = places(place, columns, rows)
    to_degrees = Transformer.from_crs(place.crs, "EPSG:4326", always_xy=True)
    longitudes, latitudes = to_degrees.transform(x, y)
    crs = CRS.from_user_input(place.crs)
    on_earth = bool(np.isfinite([longitudes, latitudes]).all())
    if crs.is_geographic:
        within = np.abs(latitudes) <= 90, np.abs(longitudes) <= _FARTHEST_DEG  # noqa: PLR2004
        on_earth = on_earth and bool(np.all(within))
    elif on_earth:
        back = to_degrees.transform(longitudes, latitudes, direction="INVERSE")
        off = np.hypot(back[0] - x, back[1] - y)
        on_earth = bool((off <= math.hypot(a, d)).all())
        on_earth = on_earth and _drawn_out(to_degrees, place, x, y) <= _DRAWN_OUT
    if not on_earth:
        raise InvalidScene(
            f"{what}: expected a scene that lies on Earth where {place.crs[:40]} shows "
            f"it, got the transform {list(place.transform)} for {width} x {height} "
            "pixels, some of which lie nowhere or out of all proportion; areas would "
            "be wrong. Export it with the right one, or without any"
        )


def _drawn_out(
    to_degrees: Transformer, place: Georeference, x: Floats, y: Floats
) -> float:
    """Tell how many times longer or shorter a pixel's side is on the ground."""
    a, _, _, d, _, _ = place.transform
    side = math.hypot(a, d) * (
        CRS.from_user_input(place.crs).axis_info[0].unit_conversion_factor
    )
    start = to_degrees.transform(x, y)
    end = to_degrees.transform(x + a, y + d)
    _, _, ground = _EARTH.inv(*start, *end)
    ratio = np.maximum(np.asarray(ground), 1e-12) / side
    return float(np.maximum(ratio, 1 / ratio).max())


def percentage(number: float | None) -> float | None:
    """Return a share in percent; None if it is not a valid share."""
    return number if number is not None and 0 <= number <= 100 else None  # noqa: PLR2004


def elevation(degrees: float | None) -> float | None:
    """Return the sun's elevation; None where it cannot be one."""
    return degrees if degrees is not None and abs(degrees) <= 90 else None  # noqa: PLR2004


def expect_shape(shape: Sequence[float], what: str) -> None:
    """Refuse a raster without pixels, with parts of some, or with more than any has.

    Args:
        shape: (H, W).
        what: Whose it is, for the message.

    Raises:
        InvalidScene: if a side is out of range, or no whole number.
    """
    if not all(1 <= side <= _LARGEST_SIDE and side == int(side) for side in shape):
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


def fill_values(
    stored: npt.NDArray[Any], calibrations: Sequence[Calibration] | None
) -> Mask | None:
    """Find fill values that a file does not declare: -9999, -32768, 1e30.

    Args:
        stored: (3, H, W), red, green and blue as stored.
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


def beyond_swath(
    stored: npt.NDArray[Any], calibrations: Sequence[Calibration] | None
) -> Mask | None:
    """Find 65535 from the border on, in a file that declares no fill value.

    Inside a scene it is a saturated pixel. Bands of a push-broom scanner end in
    different places, so that one of them is enough beside where all have ended.

    Args:
        stored: (3, H, W), red, green and blue as stored.
        calibrations: What their numbers mean; None: brightness.

    Returns:
        bool (H, W), True where the swath has ended; None: nowhere.
    """
    if calibrations is None or np.can_cast(stored.dtype, np.int16):  # too small
        return None
    if any(_HIGHEST * one.scale + one.offset <= BRIGHTEST for one in calibrations):
        return None
    edges = stored[:, 0], stored[:, -1], stored[:, :, 0], stored[:, :, -1]
    if not any((edge == _HIGHEST).all(axis=0).any() for edge in edges):
        return None
    absent = ~valid_by_border(~(stored == _HIGHEST).any(axis=0)[..., None])
    return absent if absent.any() else None
