"""What lies between a world's surface and the camera: shadow, haze, opaque cloud."""

import math
from dataclasses import dataclass

import cv2
import numpy as np

from sea_ice_kedro.imagery.simulate.noise import (
    Field,
    Rng,
    as_field,
    coin,
    smoothstep,
    streaks,
    top_share_level,
)
from sea_ice_kedro.imagery.worlds.clouds import cloud_texture, draw_cloud
from sea_ice_kedro.imagery.worlds.surface import Colour

SKIES = {
    "clear": 0.36,
    "shadow": 0.18,
    "haze": 0.13,
    "haze and shadow": 0.1,
    "cloud": 0.23,
}
"""Kinds of sky, and their share of the worlds."""

EXTRA_LOSS_OF_RED = (-0.02, 0.15)
"""A shadow takes so much more of the light in red than in blue, as shares of the light:
none where thick cloud lights it, much where the blue sky alone does."""


@dataclass(frozen=True, eq=False)
class Sky:
    """Sky of one world, for every pixel."""

    kind: str
    """One of `SKIES`."""

    shadow: Colour
    """float32 (H, W, 3): share of the light that is taken, 0..1."""

    haze: Field
    """float32 (H, W): opacity of thin cloud, 0..1."""

    haze_colour: Colour
    """float32 (3,): reflectance of haze that hides the surface."""

    cloud: Field
    """float32 (H, W): opacity of thick cloud, 0..1."""

    cloud_colour: Colour
    """float32 (H, W, 3): reflectance of the cloud, its own shading in it."""

    air: Colour
    """float32 (3,): what clear air adds, most in blue and most under a low sun."""


def draw_sky(
    shape: tuple[int, int], bright: float, rng: Rng, open_sea: bool = False
) -> Sky:
    """Draw the sky of one world.

    Args:
        shape: (H, W), pixels.
        bright: Reflectance of thick ice: cloud is about as bright.
        rng: Source of randomness.
        open_sea: Clouds gather over open water: it is cloudy more often than not.
    """
    kind = str(rng.choice(list(SKIES), p=list(SKIES.values())))
    if open_sea and coin(rng):
        kind = "cloud"
    elif open_sea and kind == "clear" and coin(rng):
        kind = "haze"
    none = np.zeros(shape, np.float32)
    shadow, haze, cloud = none, none, none
    shading = np.ones((*shape, 3), np.float32)
    if kind == "cloud":
        cloud, shading = draw_cloud(shape, bright, rng, open_sea)
    depth = rng.uniform(0.15, 0.5) if rng.random() < 0.75 else rng.uniform(0.5, 0.7)
    if kind == "cloud" and rng.random() < 0.75:
        shadow = depth * _cast(cloud, rng)
    elif "shadow" in kind:
        shadow = depth * _patches(shape, rng, 0.08)
        if rng.random() < 0.3:
            ripple = streaks(
                shape, rng, rng.uniform(0, math.pi), 90, rng.uniform(8, 30)
            )
            shadow = shadow * np.clip(1 + 0.3 * ripple, 0, 1.3)
    if "haze" in kind or (kind == "cloud" and rng.random() < 0.4):
        # Thin cloud has the shapes of cloud: a flat veil with an edge would be nilas.
        wisps = cloud_texture(shape, rng, min(shape) * rng.uniform(0.1, 0.8))
        veil = _patches(shape, rng, 0.6) * np.clip(1 + 0.3 * wisps, 0.1, 2)
        haze = rng.uniform(0.08, 0.45) * veil
    tint = rng.uniform(*EXTRA_LOSS_OF_RED) * np.array([0.5, 0.0, -0.5])
    lost = shadow[..., None] * (1 + tint / 0.5)
    colour = bright * rng.uniform(0.7, 1.1) * (1 + rng.uniform(-0.06, 0.06, 3))
    return Sky(
        kind,
        as_field(np.clip(lost, 0, 0.9)),
        as_field(np.clip(haze, 0, 0.6)),
        as_field(colour),
        cloud,
        shading,
        _air(bright, rng),
    )


def _air(bright: float, rng: Rng) -> Colour:
    """Draw what clear air adds: none in surface reflectance, else blue to violet."""
    kind = rng.random()
    if kind < 0.6:
        return np.zeros(3, np.float32)
    added = rng.uniform(0.02, 0.1) if kind < 0.85 else rng.uniform(0.1, 0.4)
    colour = np.array([rng.uniform(0.5, 1.0), 0.8, rng.uniform(1.0, 1.5)])
    return as_field(bright * added * colour)


def _cast(cloud: Field, rng: Rng) -> Field:
    """Cast the shadow of a cloud beside it, blurred by the width of the sun: 0..1."""
    away = rng.uniform(0.01, 0.2) * min(cloud.shape)
    angle = rng.uniform(0, 2 * math.pi)
    shift = np.array(
        [[1, 0, away * math.cos(angle)], [0, 1, away * math.sin(angle)]], np.float32
    )
    size = (cloud.shape[1], cloud.shape[0])
    moved = cv2.warpAffine(cloud, shift, size, borderMode=cv2.BORDER_REFLECT)
    return as_field(cv2.GaussianBlur(moved, (0, 0), 1 + rng.uniform(0, 0.1) * away))


def _patches(shape: tuple[int, int], rng: Rng, sharpest: float) -> Field:
    """Draw a field 0..1 of patches: any size, sharp to soft; or a smooth gradient."""
    size = min(shape) * float(np.exp(rng.uniform(math.log(0.12), math.log(2.5))))
    field = cloud_texture(shape, rng, size)
    share = rng.uniform(0.15, 0.9)
    level = top_share_level(field, share)
    soft = float(np.exp(rng.uniform(math.log(sharpest), math.log(1.8))))
    return smoothstep(field, level - soft / 2, level + soft / 2)


def look_through(surface: Colour, sky: Sky) -> Colour:
    """Dim a surface by shadow, veil it with haze, hide it under cloud.

    Args:
        surface: float32 (H, W, 3), linear reflectance.
        sky: What lies above it.

    Returns:
        float32 (H, W, 3), linear reflectance at the top of the atmosphere.
    """
    haze, cloud = sky.haze[..., None], sky.cloud[..., None]
    seen = (1 - haze) * (1 - sky.shadow) * surface + haze * sky.haze_colour
    return as_field((1 - cloud) * seen + cloud * sky.cloud_colour + sky.air)
