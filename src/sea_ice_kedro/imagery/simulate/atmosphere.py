"""Thin cloud and its shadow: fields, their masks, and what they do to the light."""

import math
from dataclasses import dataclass

import cv2
import numpy as np

from sea_ice_kedro.imagery.arrays import Mask
from sea_ice_kedro.imagery.simulate.noise import (
    Field,
    Rng,
    as_field,
    fractal,
    smoothstep,
    standardised,
    streaks,
    top_share_level,
)
from sea_ice_kedro.imagery.simulate.options import SimulationOptions
from sea_ice_kedro.imagery.simulate.surface import Colour

CLOUD_TONES, CLOUD_TINTS = (205.0, 240.0), (-4.0, 9.0)
"""Reflectance x 255 of a cloud that hides the surface, and how much more of it is blue
than red; both are drawn for each scene."""

SHADOW_TINTS = (-0.02, 0.15)
"""How much deeper a shadow is in red than in blue, relative to its depth: neutral under
a bright overcast, blue where the clear sky lights it; drawn for each scene."""

_RIPPLED_SHARE = 0.5
"""Share of scenes whose cloud is rippled (altocumulus undulatus)."""

_SUN_ELEVATION_DEG = 32.0
"""Late morning at 74° S in mid-November."""


@dataclass(frozen=True, eq=False)
class Atmosphere:
    """The atmosphere between surface and sensor."""

    thin_cloud: Field
    """float32 (H, W): opacity t, 0..1."""

    shadow: Field
    """float32 (H, W): share of the light taken, 0..1."""

    thin_cloud_mask: Mask
    """bool (H, W): True under thin cloud that dims or brightens visibly."""

    shadow_mask: Mask
    """bool (H, W): True in cloud shadow."""

    cloud_colour: tuple[float, float, float]
    """Reflectance x 255 of the cloud where it hides the surface; R, G, B."""

    shadow_tint: tuple[float, float, float]
    """Depth of the shadow in R, G, B, relative to `shadow`."""


def form_atmosphere(
    options: SimulationOptions, valid_mask: Mask, rng: Rng
) -> Atmosphere:
    """Form thin cloud and shadow whose masks cover the wanted shares.

    The shadow is the cloud's own shape, displaced away from the sun by the cloud's
    height; where its wanted share differs it grows or shrinks.

    Args:
        options: What the scene should contain.
        valid_mask: bool (H, W); shares count observed pixels only.
        rng: Source of randomness.

    Returns:
        Fields and masks, zero and False where not valid.
    """
    drop, slide = _displacement(options, rng)
    rows, columns = options.shape
    shape = (rows + abs(drop), columns + abs(slide))
    thickness = _thickness(shape, options, rng)
    top, left = max(drop, 0), max(slide, 0)
    cloud = thickness[top : top + rows, left : left + columns]
    top, left = max(-drop, 0), max(-slide, 0)
    shade = thickness[top : top + rows, left : left + columns]
    cloud_mask = _covering(cloud, valid_mask, options.thin_cloud_fraction)
    shadow_mask = _covering(shade, valid_mask, options.shadow_fraction)
    return Atmosphere(
        _density(cloud, cloud_mask, options, options.cloud_opacity),
        _density(shade, shadow_mask, options, options.shadow_depth),
        cloud_mask,
        shadow_mask,
        draw_cloud_colour(rng),
        draw_shadow_tint(rng),
    )


def draw_cloud_colour(rng: Rng) -> tuple[float, float, float]:
    """Draw the reflectance x 255 of cloud; R, G, B."""
    tone, tint = rng.uniform(*CLOUD_TONES), rng.uniform(*CLOUD_TINTS)
    return tone - tint / 2, tone, tone + tint / 2


def draw_shadow_tint(rng: Rng) -> tuple[float, float, float]:
    """Draw the depth of a shadow in R, G and B, relative to that in G."""
    tint = rng.uniform(*SHADOW_TINTS)
    return 1 + tint / 2, 1.0, 1 - tint / 2


def _displacement(options: SimulationOptions, rng: Rng) -> tuple[int, int]:
    """Return how far the shadow falls, (rows, columns), at most 0.4 of the scene."""
    ground_m = options.cloud_height_m / math.tan(math.radians(_SUN_ELEVATION_DEG))
    distance = min(options.pixels(ground_m), 0.4 * min(options.shape))
    # Any direction: other orbits and projections have their sun elsewhere.
    azimuth = rng.uniform(0, 2 * math.pi)
    return round(distance * math.sin(azimuth)), round(distance * math.cos(azimuth))


def _thickness(shape: tuple[int, int], options: SimulationOptions, rng: Rng) -> Field:
    """Draw the thickness of a cloud field: sheets, fibres and sometimes ripples."""
    short = min(shape)
    wind = rng.uniform(0, math.pi)
    sheets = fractal(shape, rng, max(short / 1.6, 16), 4, 0.52)
    fibres = streaks(shape, rng, wind, max(short / 4, 8), max(short / 70, 3))
    field = sheets + np.float32(0.12) * fibres
    if rng.random() < _RIPPLED_SHARE:
        field = field + _ripples(shape, options, rng, wind)
    return standardised(field)


def _ripples(
    shape: tuple[int, int], options: SimulationOptions, rng: Rng, wind: float
) -> Field:
    """Draw patches of cloud waves across the wind, 250 to 500 m from crest to crest."""
    wave = 2 * math.pi / max(options.pixels(rng.uniform(250, 500)), 6)
    y = np.arange(shape[0], dtype=np.float32) * np.float32(wave * math.sin(wind))
    x = np.arange(shape[1], dtype=np.float32) * np.float32(wave * math.cos(wind))
    bend = fractal(shape, rng, max(min(shape) / 3, 16), 12, 0.45)
    broken = fractal(shape, rng, max(options.pixels(500), 8), 4, 0.6)
    where = smoothstep(fractal(shape, rng, max(min(shape) / 2, 16), 16, 0.4), 0.2, 1.2)
    crests = np.sin(y[:, None] + x[None, :] + np.float32(2.2) * bend)
    return as_field(np.float32(0.45) * where * (crests + np.float32(0.7) * broken))


def _covering(field: Field, valid_mask: Mask, share: float) -> Mask:
    """Mark the highest part of a field so that it covers a share of valid pixels."""
    if share <= 0 or not valid_mask.any():
        return np.zeros(field.shape, bool)
    level = top_share_level(field[valid_mask][:, None], share)
    return (field > level) & valid_mask


def _density(
    field: Field, covered_mask: Mask, options: SimulationOptions, most: float
) -> Field:
    """Grow opacity from the edge of the cover inwards, up to `most`."""
    if not covered_mask.any():
        return np.zeros(field.shape, np.float32)
    edge = float(field[covered_mask].min())
    width = 0.06 + 1.4 * options.cloud_softness
    rise = np.float32(0.7) * smoothstep(field, edge - 0.25 * width, edge + 0.75 * width)
    rise += np.float32(0.3) * smoothstep(field, edge, edge + 2.5)
    return as_field(np.where(covered_mask | (field < edge), most * rise, 0))


def look_through(surface: Colour, atmosphere: Atmosphere) -> Colour:
    """Darken a surface by shadow, then veil it with thin cloud.

    rho = (1 - t) · rho_surface · (1 - s) + t · rho_cloud: single scattering above a
    dark or bright surface, so haze lifts water and hardly touches snow.

    Args:
        surface: float32 (H, W, 3), reflectance x 255.
        atmosphere: Opacity t and shadow s.

    Returns:
        float32 (H, W, 3), reflectance x 255.
    """
    clear = 1 - atmosphere.thin_cloud
    seen = [
        (1 - depth * atmosphere.shadow) * clear * surface[..., channel]
        + cloud * atmosphere.thin_cloud
        for channel, (cloud, depth) in enumerate(
            zip(atmosphere.cloud_colour, atmosphere.shadow_tint, strict=True)
        )
    ]
    return as_field(cv2.merge(seen))
