"""A scene as its provider stores it, and which of its pixels were observed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from sea_ice_kedro.imagery.arrays import (
    Acquisition,
    Georeference,
    Grey,
    Mask,
    Origin,
    Scene,
)
from sea_ice_kedro.imagery.reflectance import (
    BrightnessOptions,
    Calibrations,
    Rendering,
    to_rgb,
)

SMALLEST_REGION_PX = 64
"""Smaller black regions at the border are dark water, not a swath edge."""

ALIKE = 0.12
"""Reflectance that the bands of one pixel differ by at most, for a number that also
means "not observed" to be a measurement in some of them. Water is darker than that in
all three (0.12 is the published limit of water: brightness 30 of 255); at the edge of a
swath bands end at different pixels, and ice stands beside nothing."""


def observed(
    absent: npt.NDArray[np.bool_],
    numbers: npt.NDArray[Any],
    scale: float,
    measurable: bool = True,
) -> Mask:
    """Tell which pixels were observed, by the numbers that mean "not observed".

    A pixel was not observed where all bands hold such a number. Where only some do,
    it is taken as measured if the bands are alike (`ALIKE`): dark water is 0 in red,
    bright ice is the highest number in one band.

    Args:
        absent: bool (3, H, W), True where a band holds a number that means "not
            observed".
        numbers: (3, H, W) as stored.
        scale: Reflectance a number; 1 / 255 of 8-bit brightness.
        measurable: Whether that number could be a measurement at all: 0 is none where
            it would be a negative reflectance.

    Returns:
        bool (H, W).
    """
    if not absent.any():
        return np.ones(absent.shape[1:], bool)
    red, green, blue = absent
    if not measurable:
        return np.asarray(~(red | green | blue))
    valid = ~(red & green & blue)
    partly = (red | green | blue) & valid
    if partly.any():
        values = numbers[:, partly].astype(np.float64) * scale
        # Reflectance to 7 decimals, as `reflectance.to_reflectance` has it.
        valid[partly] = np.round(np.ptp(values, axis=0), 7) <= ALIKE
    return np.asarray(valid)


_ROWS = 1024
"""That regions are counted in at a time."""

_BLOCK_PX = 16
"""Side of what JPEG compresses at once, with colours at half resolution."""

_FRINGE = 30
"""Brightness up to which a pixel beside a black border may be what compression made of
black and ice: the published limit of water, as which it would be labelled."""


def valid_by_border(
    rgb: npt.NDArray[Any],
    margin_px: int = 0,
    outside: Mask | None = None,
    fringe_of: npt.NDArray[np.uint8] | None = None,
) -> Mask:
    """Call regions of exact zero that touch the border no data.

    Black inside a scene can be water in deep shadow; a swath edge always reaches the
    border. Regions are 8-connected and have at least `SMALLEST_REGION_PX` pixels.

    Args:
        rgb: (H, W, C); zero in all channels is black.
        margin_px: Pixels this close to such a region are no data too: resampling
            mixes them with black, and they would be labelled water.
        outside: bool (H, W), True where the scene is known to have ended: the border
            of a region may be there, too.
        fringe_of: uint8 (H, W, 3) of lossy compression: dark pixels in the block
            beside such a region are no data too, as far as they hang together with it.

    Returns:
        bool (H, W), True where the scene was observed.
    """
    if outside is None and _border(rgb).any(axis=-1).all():
        return np.ones(rgb.shape[:2], bool)
    black = (rgb == 0).all(axis=-1)
    if outside is not None:
        black &= ~outside
    joined = black if outside is None else black | outside
    count, regions = cv2.connectedComponents(joined.astype(np.uint8), connectivity=8)
    at_border = np.zeros(count, bool)
    at_border[np.unique(_border(regions))] = True
    sizes = np.zeros(count, np.intp)
    for row in range(0, len(black), _ROWS):  # 12 bytes a pixel at once
        part = slice(row, row + _ROWS)
        sizes += np.bincount(regions[part][black[part]], minlength=count)
    absent = at_border & (sizes >= SMALLEST_REGION_PX)
    absent[0] = False  # region 0 is everything that is not black
    invalid = (absent[regions] & black).astype(np.uint8)
    if fringe_of is not None and invalid.any():
        invalid = _with_fringe(invalid, fringe_of)
    square = np.ones((2 * margin_px + 1, 2 * margin_px + 1), np.uint8)
    return np.asarray(cv2.dilate(invalid, square) == 0)


def _with_fringe(
    invalid: npt.NDArray[np.uint8], rgb: npt.NDArray[np.uint8]
) -> npt.NDArray[np.uint8]:
    """Add what blocks of compression have left dark beside a black border."""
    side = 2 * _BLOCK_PX + 1
    near = cv2.dilate(invalid, np.ones((side, side), np.uint8)) > 0
    dark = near & (rgb.max(axis=-1) <= _FRINGE)
    joined = (dark | (invalid > 0)).astype(np.uint8)
    count, regions = cv2.connectedComponents(joined, connectivity=8)
    touching = np.zeros(count, bool)
    touching[np.unique(regions[invalid > 0])] = True
    touching[0] = False
    return np.asarray(touching[regions], np.uint8)


def _border(raster: npt.NDArray[Any]) -> npt.NDArray[Any]:
    return np.concatenate([raster[0], raster[-1], raster[:, 0], raster[:, -1]])


# --- A scene as its provider stores it, before it becomes 8-bit brightness

DigitalNumbers = npt.NDArray[np.uint16]
"""uint16 (3, H, W): red, green, blue as stored."""

# Sentinel-2 writes 65535 for a saturated pixel; where a provider has taken the offset
# of 1000 out of the numbers, it may be 64535. No surface has a reflectance of 6.
SATURATED_FROM = 64_535

SATURATED = "saturated"
"""Name of the band beside a scene that is 1 where a detector was saturated."""


@dataclass(frozen=True, eq=False)
class RawScene:
    """Digital numbers of one scene, and all that is known of them."""

    scene_id: str
    numbers: DigitalNumbers
    valid_mask: Mask
    calibrations: Calibrations
    origin: Origin
    acquisition: Acquisition
    georeference: Georeference | None = None
    acquired: datetime | None = None
    """Time of acquisition, UTC."""

    extra_bands: Mapping[str, Grey] = field(default_factory=dict)
    """Further bands by name, uint8 (H, W): cloud probability, ..."""


def render(raw: RawScene, brightness: BrightnessOptions) -> Scene:
    """Make the 8-bit scene of digital numbers.

    Saturated pixels become white and are flagged in a band of their own beside the
    scene; pixels that were not observed become black.

    Args:
        raw: The scene as stored.
        brightness: Which reflectance is white.
    """
    rendering = Rendering(raw.calibrations, brightness)
    rgb = to_rgb(list(raw.numbers), rendering)
    rgb[~raw.valid_mask] = 0
    return Scene(
        scene_id=raw.scene_id,
        rgb=rgb,
        valid_mask=raw.valid_mask,
        georeference=raw.georeference,
        acquired=raw.acquired,
        origin=raw.origin,
        acquisition=raw.acquisition,
        rendering=rendering,
        extra_bands={**raw.extra_bands, **saturated_band(raw.numbers, raw.valid_mask)},
    )


def observed_numbers(numbers: DigitalNumbers, calibrations: Calibrations) -> Mask:
    """Tell which pixels of Sentinel-2 were observed: "DN 0 = NODATA".

    Without an offset 0 is also how dark water is stored, in some of the bands; see
    `validity.observed`.

    Args:
        numbers: Red, green and blue as stored.
        calibrations: Of the three.

    Returns:
        bool (H, W).
    """
    red = calibrations[0]
    measurable = all(calibration.offset >= 0 for calibration in calibrations)
    return observed(numbers == 0, numbers, red.scale, measurable)


def saturated_band(numbers: npt.NDArray[Any], valid_mask: Mask) -> dict[str, Grey]:
    """Flag pixels that a detector could not measure.

    Args:
        numbers: (3, H, W) as stored; only uint16 reaches so far.
        valid_mask: bool (H, W).

    Returns:
        The band by its name, uint8 (H, W), 1 where saturated; nothing where none is.
    """
    if numbers.dtype != np.uint16:
        return {}
    saturated = (numbers >= SATURATED_FROM).any(axis=0) & valid_mask
    return {SATURATED: saturated.astype(np.uint8)} if saturated.any() else {}
