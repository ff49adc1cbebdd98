"""Sentinel-2's short-wave infrared bands, where ice is dark and cloud is not."""

from dataclasses import dataclass

import numpy as np

from sea_ice_kedro.imagery.arrays import Grey
from sea_ice_kedro.imagery.reflectance import Calibration, Numbers, band_levels

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
