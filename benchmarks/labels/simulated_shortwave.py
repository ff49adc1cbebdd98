"""Short-wave infrared bands of a simulated scene: B10, B11, B12."""

from dataclasses import dataclass, replace

import cv2
import numpy as np

from sea_ice_kedro.imagery.arrays import Grey, Scene
from sea_ice_kedro.imagery.classes import SeaIceClass
from sea_ice_kedro.imagery.reflectance import Calibration, Rendering
from sea_ice_kedro.imagery.shortwave import B10, B11, B12, ShortwaveBand
from sea_ice_kedro.imagery.simulate.noise import Field, Rng, as_field, fractal
from sea_ice_kedro.imagery.simulate.scene import SimulatedScene

_SNOW_RANGE = (0.03, 0.22)
"""Reflectance at 1.6 um of coarse, melting to fine, fresh snow (Warren 1982)."""

_THIN_ICE, _WATER = 0.035, 0.012
"""Reflectance at 1.6 um of bare young ice and of water."""

_AT_2_2_UM = 0.7
"""Of the surface's reflectance at 1.6 um."""

_UNDER_VAPOUR = 0.002
"""Reflectance in B10 of what lies low: the air's water vapour hides it."""

_SKY_SHARE = 1.1
"""A shadow is deeper than in blue: the sky lights little in the infrared."""

_NOISE = 0.002
"""Of reflectance, standard deviation."""


@dataclass(frozen=True)
class CloudKind:
    """Reflectance of cloud that hides the surface."""

    b10: float
    b11: float
    b12: float


CLOUD_KINDS = {
    "low, of drops": CloudKind(_UNDER_VAPOUR, 0.55, 0.40),
    "high, of crystals": CloudKind(0.15, 0.30, 0.20),
}
"""Of the order of those of drops and crystals at 1.6 and 2.2 um in Nakajima & King
(1990) and King et al. (1997); cirrus in B10 after Gao & Goetz (1995)."""


def with_shortwave(made: SimulatedScene, kind: str, seed: int) -> Scene:
    """Add B10, B11 and B12 to a simulated scene, as coarse as they are.

    Args:
        made: A scene of 10 m pixels and of a linear stretch.
        kind: What its cloud is made of, of `CLOUD_KINDS`.
        seed: Of the grain of the snow and of the noise.

    Returns:
        The scene with the bands beside it.
    """
    cloud, rng = CLOUD_KINDS[kind], np.random.default_rng(seed)
    surface = _surface(made, rng)
    opaque = made.thin_cloud
    low = np.full(surface.shape, _UNDER_VAPOUR, np.float32)
    bands = {
        B10: low + opaque * (cloud.b10 - low),
        B11: surface + opaque * (cloud.b11 - surface),
        B12: _AT_2_2_UM * surface + opaque * (cloud.b12 - _AT_2_2_UM * surface),
    }
    rendering = Rendering((Calibration(1 / 255),) * 3)
    beside = {
        band.name: _sensed(band, as_field(seen), made, rng)
        for band, seen in bands.items()
    }
    return replace(made.scene, rendering=rendering, extra_bands=beside)


def _surface(made: SimulatedScene, rng: Rng) -> Field:
    """Light the surface at 1.6 um: float32 (H, W), reflectance."""
    codes = made.truth.codes
    shape = made.scene.shape
    grain = fractal(shape, rng, max(min(shape) / 6, 8), 4, 0.6)
    snow = np.clip(0.12 + 0.04 * grain, *_SNOW_RANGE)
    clear = np.where(codes == SeaIceClass.THICK_ICE, snow, np.float32(_THIN_ICE))
    clear = np.where(codes == SeaIceClass.OPEN_WATER, np.float32(_WATER), clear)
    return as_field(clear * (1 - np.minimum(_SKY_SHARE * made.shadow, 1)))


def _sensed(band: ShortwaveBand, seen: Field, made: SimulatedScene, rng: Rng) -> Grey:
    """Blur to the band's pixels, add noise and quantise, on the scene's grid."""
    height, width = seen.shape
    coarse = -(-width // band.factor), -(-height // band.factor)
    small = cv2.resize(seen, coarse, interpolation=cv2.INTER_AREA)
    small = small + np.float32(_NOISE) * rng.standard_normal(small.shape, np.float32)
    levels = band.levels(np.maximum(small, 0), Calibration(1.0))
    rows, columns = (np.arange(n) // band.factor for n in (height, width))
    return np.where(made.scene.valid_mask, levels[np.ix_(rows, columns)], np.uint8(0))
