"""What lies between a world's surface and the camera: shadow, haze, opaque cloud.

What tells cloud from snow in a picture is its shape: it is smooth or streaked over many
pixels and ends softly, where ice is cut by cracks and leads as sharp as the camera. It
may be darker than the ice or, under a low sun, brighter by half.
"""

import math
from dataclasses import dataclass

import cv2
import numpy as np

from sea_ice_kedro.imagery.simulate.floes import border_distance, random_cells
from sea_ice_kedro.imagery.simulate.noise import (
    Field,
    Rng,
    as_field,
    coin,
    fractal,
    log_uniform,
    smoothstep,
    standardised,
    stirred,
    streaks,
    top_share_level,
)
from sea_ice_kedro.imagery.worlds.surface import Colour

Shape = tuple[int, int]
"""(H, W), pixels."""

OVER_ICE = {"sheet": 0.4, "bank": 0.2, "cells": 0.15, "heaps": 0.13, "wrinkled": 0.12}
OVER_SEA = {"sheet": 0.2, "bank": 0.1, "cells": 0.25, "heaps": 0.4, "wrinkled": 0.05}
"""Kinds of cloud, and their share of the cloudy worlds."""


def draw_cloud(
    shape: Shape, bright: float, rng: Rng, open_sea: bool
) -> tuple[Field, Colour]:
    """Draw opaque cloud.

    Args:
        shape: (H, W), pixels.
        bright: Reflectance of thick ice.
        rng: Source of randomness.
        open_sea: Draw what gathers over open water rather than over ice.

    Returns:
        Opacity, float32 (H, W), 0..1; and reflectance, float32 (H, W, 3).
    """
    chances = OVER_SEA if open_sea else OVER_ICE
    kind = str(rng.choice(list(chances), p=list(chances.values())))
    body, tone = _KINDS[kind](shape, rng)
    whole = rng.random() < (0.35 if kind in ("sheet", "wrinkled") else 0.1)
    opacity = np.ones(shape, np.float32)
    if not whole:
        level = top_share_level(body, rng.uniform(0.15, 0.85))
        softness = log_uniform(rng, 0.15, 0.7 if kind == "heaps" else 2.5)
        opacity = smoothstep(body, level - 0.1, level + softness)
    base = rng.uniform(0.8, 1.1) if rng.random() < 0.6 else rng.uniform(1.05, 1.6)
    tint = 1 + rng.uniform(-0.04, 0.04, 3)
    reflectance = bright * base * np.clip(tone, 0.45, 1.5)
    return opacity, as_field(reflectance[..., None] * tint)


def cloud_texture(shape: Shape, rng: Rng, size: float) -> Field:
    """Draw the shape of cloud: sheets, streets, cells or swirls."""
    kind = int(rng.integers(4))
    angle = rng.uniform(0, math.pi)
    if kind == 0:
        return streaks(shape, rng, angle, size * 1.5, max(size / 5, 4)) + 0.5 * fractal(
            shape, rng, size, 4, 0.5
        )
    if kind == 1:
        return stirred(shape, rng, max(size, 24))
    return fractal(shape, rng, size, 3 if kind == 2 else 12, rng.uniform(0.35, 0.6))


def _size(shape: Shape, rng: Rng, low: float, high: float) -> float:
    """Draw a size as a share of the scene's, pixels."""
    return min(shape) * log_uniform(rng, low, high)


def _sheet(shape: Shape, rng: Rng) -> tuple[Field, Field]:
    """Draw stratus and cirrus: smooth swells, streaked along the wind."""
    size, angle = _size(shape, rng, 0.25, 2.0), rng.uniform(0, math.pi)
    swell = fractal(shape, rng, size, max(size / 8, 12), 0.5)
    long = streaks(shape, rng, angle, size, max(size / rng.uniform(4, 10), 6))
    turned = angle + rng.normal(0, 0.15)
    fine = streaks(shape, rng, turned, max(size / 3, 20), max(size / 25, 3))
    body = standardised(
        as_field(swell + rng.uniform(0.2, 1.2) * long + rng.uniform(0, 0.5) * fine)
    )
    if coin(rng):
        body = as_field(body + 0.4 * stirred(shape, rng, max(size, 24)))
    smooth = cv2.GaussianBlur(body, (0, 0), log_uniform(rng, 0.8, 8.0))
    return body, as_field(1 + log_uniform(rng, 0.01, 0.16) * smooth)


def _bank(shape: Shape, rng: Rng) -> tuple[Field, Field]:
    """Draw a front: a wide band, brightest in its middle, streaked along it."""
    angle = rng.uniform(0, math.pi)
    y, x = np.mgrid[: shape[0], : shape[1]].astype(np.float32)
    across = (y - shape[0] / 2) * math.cos(angle) - (x - shape[1] / 2) * math.sin(angle)
    bend = fractal(shape, rng, min(shape) * rng.uniform(0.7, 2), 30, 0.4)
    across = across + rng.uniform(0, 0.15) * min(shape) * bend
    across = across + rng.uniform(-0.35, 0.35) * min(shape)
    width = _size(shape, rng, 0.1, 0.5)
    profile = np.exp(-((across / width) ** 2))
    along = streaks(shape, rng, angle, _size(shape, rng, 0.3, 1.5), width / 6 + 3)
    torn = fractal(shape, rng, width, 3, rng.uniform(0.4, 0.65))
    body = 4 * profile - 2 + rng.uniform(0.1, 0.5) * along
    body = body + rng.choice([0.0, rng.uniform(0.1, 0.7)]) * torn
    tone = 0.8 + rng.uniform(0, 0.5) * profile + rng.uniform(0, 0.05) * along
    return as_field(body), as_field(tone)


def _cells(shape: Shape, rng: Rng) -> tuple[Field, Field]:
    """Draw stratocumulus: cells or ripples of one size, brighter in their middles."""
    size = log_uniform(rng, 8, 60)
    if rng.random() < 0.6:
        cells = random_cells(shape, rng, size)
        rounded = cv2.GaussianBlur(
            as_field(border_distance(cells)), (0, 0), max(0.2 * size, 1.0)
        )
        heap = standardised(as_field(rounded))
    else:
        heap = streaks(shape, rng, rng.uniform(0, math.pi), 4 * size, max(size / 2, 4))
    wide = fractal(shape, rng, _size(shape, rng, 0.3, 1.5), 8, 0.55)
    body = as_field(wide + rng.uniform(0.2, 0.7) * heap)
    return body, as_field(0.9 + rng.uniform(0.02, 0.12) * heap + 0.04 * wide)


def _heaps(shape: Shape, rng: Rng) -> tuple[Field, Field]:
    """Draw cumulus: torn heaps of all sizes, brighter where they are thicker."""
    size = _size(shape, rng, 0.05, 0.8)
    body = cloud_texture(shape, rng, size)
    fine = fractal(shape, rng, rng.uniform(12, 60), 2, rng.uniform(0.5, 0.7))
    body = standardised(as_field(body + rng.uniform(0.3, 0.9) * fine))
    tone = rng.uniform(0.75, 1.0) + rng.uniform(0.03, 0.15) * np.clip(body, -1, 2)
    return body, as_field(tone)


def _wrinkled(shape: Shape, rng: Rng) -> tuple[Field, Field]:
    """Draw a deck whose top is lit from a side."""
    size = _size(shape, rng, 0.05, 1.5)
    body = cloud_texture(shape, rng, size)
    relief = body + 0.3 * fractal(shape, rng, max(size / 4, 12), 4, 0.5)
    smooth = cv2.GaussianBlur(as_field(relief), (0, 0), rng.uniform(2.0, 12.0))
    angle = rng.uniform(0, 2 * math.pi)
    slope = cv2.Sobel(smooth, cv2.CV_32F, 1, 0) * math.cos(angle)
    slope = slope + cv2.Sobel(smooth, cv2.CV_32F, 0, 1) * math.sin(angle)
    slope = slope / max(float(slope.std()), 1e-6)
    tone = rng.uniform(0.8, 1.0) + 0.05 * body + rng.uniform(0.005, 0.06) * slope
    return body, as_field(tone)


_KINDS = {
    "sheet": _sheet,
    "bank": _bank,
    "cells": _cells,
    "heaps": _heaps,
    "wrinkled": _wrinkled,
}


# --- What lies between a world's surface and the camera: shadow, haze, opaque cloud

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
    size = min(shape) * log_uniform(rng, 0.12, 2.5)
    field = cloud_texture(shape, rng, size)
    share = rng.uniform(0.15, 0.9)
    level = top_share_level(field, share)
    soft = log_uniform(rng, sharpest, 1.8)
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
