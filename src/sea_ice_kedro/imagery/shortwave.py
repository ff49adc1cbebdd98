"""Sentinel-2's short-wave infrared bands, and the opaque cloud that they show.

Ice and snow absorb at 1.6 and 2.2 um, clouds of small drops and crystals do not: the
normalised difference snow index (B03 - B11) / (B03 + B11) is high over snow, ice and
water, low over cloud (Hall, Riggs & Salomonson 1995). At 1375 nm the air's water vapour
hides what is low, so that only high cloud is bright (Gao & Goetz 1995).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np

from sea_ice_kedro.errors import expect_number, expect_odd
from sea_ice_kedro.imagery.arrays import RGB, Grey, Mask, Quality, Scene
from sea_ice_kedro.imagery.classes import QualityFlag
from sea_ice_kedro.imagery.reflectance import (
    BrightnessOptions,
    Calibration,
    Numbers,
    band_levels,
    reflectance_of_levels,
)

SCENE_PIXEL_M = 10
"""Of B02, B03 and B04."""


@dataclass(frozen=True)
class ShortwaveBand:
    """One band, and how it is kept beside a scene."""

    name: str
    """Of the band beside the scene: "b11"."""

    esa_name: str
    """"B11"."""

    pixel_m: int
    """Side of its own pixels."""

    white_reflectance: float
    """Reflectance that becomes 255, whatever `ingestion.brightness` says."""

    @property
    def factor(self) -> int:
        """Pixels of a scene along a side of one of its pixels."""
        return self.pixel_m // SCENE_PIXEL_M

    def levels(self, numbers: Numbers, calibration: Calibration) -> Grey:
        """Turn stored numbers into the levels kept beside a scene, uint8 (H, W)."""
        return band_levels(numbers, calibration, self.white_reflectance)

    def level_of(self, reflectance: float) -> int:
        """Return the first level that is at least as bright, 0..255."""
        level = np.ceil(np.round(reflectance / self.white_reflectance * 255, 6))
        return int(np.clip(level, 0, 255))


# 1375, 1610 and 2190 nm. Cirrus is told in steps of 0.01 (Sen2Cor): finer levels.
B10 = ShortwaveBand("b10", "B10", 60, 0.1)
B11 = ShortwaveBand("b11", "B11", 20, 1.0)
B12 = ShortwaveBand("b12", "B12", 20, 1.0)

SHORTWAVE = (B10, B11, B12)
"""All that there are; L2A products have no B10."""


# --- Opaque cloud, told from ice and snow by short-wave infrared bands

_B12_MIN = 0.12
"""Reflectance in B12 below which nothing is cloud (Sen2Cor 2.11, T2_B12)."""

_WHERE = "filtering.opaque_cloud."


@dataclass(frozen=True)
class OpaqueCloud:
    """Criteria for opaque cloud where a scene has short-wave infrared bands."""

    ndsi_max: float = 0.4
    """Normalised difference snow index from which on a pixel is snow, ice or water
    (Hall et al. 1995; Sen2Cor 2.11 grows sure of snow from 0.35 to 0.50)."""

    swir_min: float = 0.25
    """Reflectance in B11 that cloud has at least: Hollstein et al. (2016, Fig. 8) part
    opaque cloud from cirrus at 0.255. Thin cloud is darker; the filter restores it."""

    cirrus_min: float = 0.035
    """Reflectance in B10 from which on high cloud hides the surface (Sen2Cor 2.11,
    T2_B10)."""

    window_px: int = 13
    """Odd; a pixel is under cloud where most of this neighbourhood is. Bands see a
    cloud from angles of their own, and specks of noise are no clouds."""

    def __post_init__(self) -> None:
        """Refuse limits that no reflectance has."""
        expect_number(f"{_WHERE}ndsi_max", self.ndsi_max, -1, 0.99)
        expect_number(f"{_WHERE}swir_min", self.swir_min, 0.01, 1)
        expect_number(f"{_WHERE}cirrus_min", self.cirrus_min, 0.001, 0.1)
        expect_odd(f"{_WHERE}window_px", self.window_px, 1, 255)


def find_opaque_cloud(scene: Scene, options: OpaqueCloud) -> Mask | None:
    """Find opaque cloud by the short-wave infrared bands beside a scene.

    Args:
        scene: With "b10", "b11", "b12" alongside, or some of them.
        options: Limits of reflectance.

    Returns:
        bool (H, W), False where the scene was not observed; None where the scene has
        neither B10 nor B11, or no reflectance.
    """
    beside = scene.extra_bands
    if scene.rendering is None or not {B10.name, B11.name} & set(beside):
        return None
    found = np.zeros(scene.shape, np.uint8)
    if B11.name in beside:
        green = np.ascontiguousarray(scene.rgb[..., 1])
        found |= _bright(green, beside, scene.rendering.brightness, options)
    if B10.name in beside:
        found |= beside[B10.name] >= B10.level_of(options.cirrus_min)
    found *= scene.valid_mask
    size = options.window_px, options.window_px
    most = cv2.blur(found * np.uint8(255), size, borderType=cv2.BORDER_REPLICATE)
    return np.asarray((most > 127) & scene.valid_mask)  # noqa: PLR2004 - half of 255


def _bright(
    green: Grey,
    beside: Mapping[str, Grey],
    brightness: BrightnessOptions,
    options: OpaqueCloud,
) -> Mask:
    """Mark what is too bright in B11, for its green, to be snow, ice or water."""
    # NDSI < n is B11 > green * (1 - n) / (1 + n).
    share = (1 - options.ndsi_max) / (1 + options.ndsi_max)
    least = np.maximum(reflectance_of_levels(brightness) * share, options.swir_min)
    table = np.array([B11.level_of(value) for value in least], np.uint8)
    bright = beside[B11.name] >= cv2.LUT(green, table)
    if B12.name in beside:
        bright &= beside[B12.name] >= B12.level_of(_B12_MIN)
    return np.asarray(bright)


def leave_under_cloud(
    scene: Scene, rgb: RGB, quality: Quality, cloud_mask: Mask
) -> tuple[RGB, Quality]:
    """Leave what lies under opaque cloud as observed, and flag it as untrustworthy.

    Args:
        scene: As ingested.
        rgb: uint8 (H, W, 3), the restored scene.
        quality: uint8 (H, W), its quality band.
        cloud_mask: bool (H, W), True under opaque cloud.

    Returns:
        uint8 (H, W, 3) and uint8 (H, W), new arrays.
    """
    # Indexed, not np.where: a granule has 120 million pixels, little of them cloud.
    seen = scene.rgb[cloud_mask]
    flags = np.full(len(seen), QualityFlag.UNTRUSTWORTHY, np.uint8)
    flags[seen.max(axis=-1) == 255] |= np.uint8(QualityFlag.SATURATED)  # noqa: PLR2004
    left, flagged = rgb.copy(), quality.copy()
    left[cloud_mask], flagged[cloud_mask] = seen, flags
    return left, flagged
