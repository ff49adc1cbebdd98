"""From stored numbers to reflectance to the 8-bit scene: used by every source."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from sea_ice_kedro.errors import InvalidOption

Numbers = npt.NDArray[Any]
"""(H, W) as a provider stores a band: digital numbers, or reflectance."""

# The same reflectance must give the same level however it was stored: 0.1 is
# (2000 - 1000) / 10 000, and 2000 * 0.0001 - 0.1 plus what floating point adds; 25.5 of
# 255 rounds up or down by that. Sentinel-2 counts reflectance in steps of 1e-4.
_DECIMALS = 7

_ROWS = 256
"""Rows of a band of floats that are worked on at a time."""


@dataclass(frozen=True)
class Calibration:
    """Conversion of stored numbers into reflectance: number * scale + offset."""

    scale: float
    offset: float = 0.0


Calibrations = tuple[Calibration, Calibration, Calibration]
"""Those of red, green and blue."""


@dataclass(frozen=True)
class BrightnessOptions:
    """How reflectance becomes the brightness of the 8-bit scene, for every source."""

    white_reflectance: float = 1.0
    """Reflectance that becomes brightness 255."""

    gamma: float = 1.0
    """Brightness is proportional to reflectance ** (1 / gamma)."""

    def __post_init__(self) -> None:
        """Refuse a white or a gamma that nothing can be divided by."""
        for name in ("white_reflectance", "gamma"):
            value = getattr(self, name)
            number = isinstance(value, int | float) and not isinstance(value, bool)
            if not (number and math.isfinite(value) and value > 0):
                raise InvalidOption(
                    f"expected ingestion.brightness.{name} > 0, got {value!r}"
                )


@dataclass(frozen=True)
class Rendering:
    """How a scene's stored numbers became brightness; goes into its tags."""

    calibrations: Calibrations
    brightness: BrightnessOptions = field(default_factory=BrightnessOptions)

    def tags(self) -> dict[str, str]:
        """Describe it for tags; values of red, green, blue where they differ."""
        return {
            **calibration_tags(self.calibrations),
            "white_reflectance": _word(self.brightness.white_reflectance),
            "gamma": _word(self.brightness.gamma),
        }


def rendering_of(tags: Mapping[str, str]) -> Rendering | None:
    """Read back what `Rendering.tags` says; None where there is nothing."""
    if "white_reflectance" not in tags:
        return None
    white, gamma = float(tags["white_reflectance"]), float(tags["gamma"])
    return Rendering(calibrations_of(tags), BrightnessOptions(white, gamma))


def calibration_tags(calibrations: Calibrations) -> dict[str, str]:
    """Describe for tags what turns numbers into reflectance."""
    return {
        "scale": _joined([c.scale for c in calibrations]),
        "offset": _joined([c.offset for c in calibrations]),
    }


def calibrations_of(tags: Mapping[str, str]) -> Calibrations:
    """Read back what `calibration_tags` says."""
    red, green, blue = zip(_three(tags["scale"]), _three(tags["offset"]), strict=True)
    return Calibration(*red), Calibration(*green), Calibration(*blue)


def to_rgb(bands: Sequence[Numbers], rendering: Rendering) -> npt.NDArray[np.uint8]:
    """Turn stored numbers into the 8-bit scene.

    Args:
        bands: Red, green and blue, (H, W) each, of one dtype.
        rendering: What the numbers mean, and which reflectance is white.

    Returns:
        uint8 (H, W, 3), 0..255, channels R, G, B.
    """
    channels = [
        _channel(band, calibration, rendering.brightness)
        for band, calibration in zip(bands, rendering.calibrations, strict=True)
    ]
    return np.asarray(cv2.merge(channels), np.uint8)


def to_reflectance(
    numbers: Numbers, calibration: Calibration
) -> npt.NDArray[np.float64]:
    """Turn stored numbers of any shape into reflectance, to 7 decimals."""
    exact = numbers.astype(np.float64) * calibration.scale + calibration.offset
    return np.round(exact, _DECIMALS)


def to_eight_bit(
    reflectance: npt.NDArray[np.floating[Any]], white_reflectance: float, gamma: float
) -> npt.NDArray[np.uint8]:
    """Scale reflectance to brightness.

    The published limits (thick ice from 205, water up to 30) fit top-of-atmosphere
    reflectance with white = 1.0 and no gamma: 205 / 255 = 0.80, 30 / 255 = 0.12.

    Args:
        reflectance: Any shape, 0..1 and beyond; NaN becomes 0.
        white_reflectance: Reflectance that becomes 255; brighter pixels saturate.
        gamma: Brightness is proportional to reflectance ** (1 / gamma).

    Returns:
        uint8, the same shape, rounded to the nearest level.
    """
    share = np.clip(np.nan_to_num(reflectance) / white_reflectance, 0.0, 1.0)
    if gamma != 1.0:
        share = share ** (1.0 / gamma)
    return np.asarray(np.rint(share * 255.0), np.uint8)


def reflectance_of_levels(brightness: BrightnessOptions) -> npt.NDArray[np.float64]:
    """Return the reflectance that each brightness stands for: float64 (256,)."""
    share = np.arange(256) / 255.0
    return np.asarray(brightness.white_reflectance * share**brightness.gamma)


def band_levels(
    band: Numbers, calibration: Calibration, white_reflectance: float
) -> npt.NDArray[np.uint8]:
    """Turn a single band's stored numbers into levels, without gamma.

    Args:
        band: (H, W), as stored.
        calibration: What the numbers mean.
        white_reflectance: Reflectance that becomes 255; brighter pixels saturate.

    Returns:
        uint8 (H, W), 0..255.
    """
    return _channel(band, calibration, BrightnessOptions(white_reflectance))


def _channel(
    band: Numbers, calibration: Calibration, brightness: BrightnessOptions
) -> npt.NDArray[np.uint8]:
    if band.dtype in (np.uint8, np.uint16):
        every_number = np.arange(np.iinfo(band.dtype).max + 1)
        return _rendered(every_number, calibration, brightness)[band]
    channel = np.empty(band.shape, np.uint8)
    for row in range(0, band.shape[0], _ROWS):
        rows = slice(row, row + _ROWS)
        channel[rows] = _rendered(band[rows], calibration, brightness)
    return channel


def _rendered(
    numbers: Numbers, calibration: Calibration, brightness: BrightnessOptions
) -> npt.NDArray[np.uint8]:
    reflectance = to_reflectance(numbers, calibration)
    return to_eight_bit(reflectance, brightness.white_reflectance, brightness.gamma)


def _joined(values: Sequence[float]) -> str:
    words = [_word(value) for value in values]
    return words[0] if len(set(words)) == 1 else "/".join(words)


def _word(value: float) -> str:
    """Write a number so that it can be read back exactly: "0.0001", "1"."""
    return repr(float(value)).removesuffix(".0")


def _three(words: str) -> tuple[float, ...]:
    values = tuple(float(word) for word in words.split("/"))
    return values * 3 if len(values) == 1 else values
