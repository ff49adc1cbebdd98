"""Light, shadows of clouds, haze and clouds over the ground."""

from dataclasses import dataclass

import cv2
import numpy as np

from benchmarks.labels.reporting import optics
from benchmarks.labels.reporting.fields import (
    Field,
    Shape,
    gaussian_field,
    level,
    log_uniform,
    ramp,
    smooth_step,
)
from sea_ice_kedro.imagery.arrays import Mask


@dataclass(frozen=True, eq=False)
class Sky:
    """What stands between ground and sensor; applied to any ground alike."""

    light: Field
    """Factor on the ground's reflectance from the sun's height, about 0.3..1.2."""

    dimming: optics.Colours
    """Factor of shadows on the ground's reflectance, 0..1."""

    path: optics.Colour
    """Reflectance of clear air, added."""

    opacity: Field
    """Share of the ground's light that haze and cloud hide, 0..1."""

    cloud: optics.Colours
    """Reflectance of haze and cloud."""

    def over(self, ground: optics.Colours) -> optics.Colours:
        """Return what the sensor sees of a ground's reflectance, (H, W, 3)."""
        lit = ground * self.dimming * self.light[..., None] + self.path
        return np.asarray(
            lit + (self.cloud - lit) * self.opacity[..., None], np.float32
        )

    def at(self, where: Mask) -> "Sky":
        """Return the sky over chosen pixels, (1, N), in row order."""
        return Sky(
            self.light[where][None],
            self.dimming[where][None],
            self.path,
            self.opacity[where][None],
            self.cloud[where][None],
        )


def _cover(
    rng: np.random.Generator, shape: Shape, share: float, sharpest: float = 0.08
) -> Field:
    """Draw where cloud is, 0..1: banks, streets, cirrus or scattered cumulus.

    About `share` of the scene is above 0.5; edges are sharp (`sharpest`, in
    standard deviations of the field) to soft.
    """
    size, angle = max(shape), rng.uniform(0, np.pi)
    form = rng.choice(["bank", "sheet", "streets", "cirrus", "cumulus"])
    rough = gaussian_field(rng, shape, 0.15 * size, slope=rng.uniform(1.5, 2.1))
    if form == "bank":
        field = ramp(shape, rng.uniform(0, 2 * np.pi)) * rng.uniform(2, 5) + 0.6 * rough
    elif form == "sheet":
        field = gaussian_field(rng, shape, rng.uniform(0.2, 0.6) * size) + 0.3 * rough
    elif form == "streets":
        field = 0.5 * rough + gaussian_field(
            rng, shape, rng.uniform(0.02, 0.06) * size, stretch=6, angle=angle
        )
    elif form == "cirrus":
        field = gaussian_field(
            rng, shape, 0.06 * size, stretch=4, angle=angle, slope=1.7
        )
    else:
        length = rng.uniform(0.03, 0.12) * size
        field = gaussian_field(rng, shape, length, slope=1.9) + 0.5 * rough
    width = log_uniform(rng, sharpest, 2.0)
    return smooth_step(field, level(field, share) - width / 2, width)


def _dimming(rng: np.random.Generator, shape: Shape, cover: Field) -> optics.Colours:
    """Draw the factor of shadows: what is left is skylight, neutral to blue.

    Under broken cloud little of the beam is lost, under thick cloud nearly all; sky
    gives 0.1..0.3 of the light and is bluer for a clear sky (Rayleigh).
    """
    depth = rng.uniform(0.15, 0.8)
    bluer = min(rng.uniform(0.02, 0.15), 0.88 - depth)
    loss = depth + bluer * np.array([1, rng.uniform(0.3, 0.6), 0])
    return np.asarray(1 - cover[..., None] * loss, np.float32)


def _haze_colour(rng: np.random.Generator) -> optics.Colour:
    """Draw haze: grey, bluish as thin smoke and ice fog are, or warm as dust."""
    tint = rng.choice([0.0, 1.0, -1.0], p=[0.5, 0.3, 0.2]) * rng.uniform(0.02, 0.1)
    return optics.as_colour(rng.uniform(0.6, 0.95) * np.array([1 - tint, 1, 1 + tint]))


def clear_sky(rng: np.random.Generator, shape: Shape, light: float) -> Sky:
    """Draw a sky without cloud; its air is corrected for in full, in part or not."""
    slope = rng.uniform(0, 0.08) * ramp(shape, rng.uniform(0, 2 * np.pi))
    sun_cosine = np.clip(0.75 * light, 0.25, 0.85)
    left = rng.choice([0.0, 1.0, rng.uniform(0, 1)])
    none = np.zeros((*shape, 3), np.float32)
    return Sky(
        light=np.asarray(light * (1 + slope), np.float32),
        dimming=none + 1,
        path=left * optics.path_colour(float(sun_cosine)),
        opacity=none[..., 0],
        cloud=none,
    )


def with_shadow(rng: np.random.Generator, sky: Sky, share: float | None = None) -> Sky:
    """Return the sky with shadows of clouds outside the scene or high above it."""
    shape = (sky.light.shape[0], sky.light.shape[1])
    cover = _cover(rng, shape, rng.uniform(0.15, 1.0) if share is None else share)
    dimming = sky.dimming * _dimming(rng, shape, cover)
    return Sky(sky.light, dimming, sky.path, sky.opacity, sky.cloud)


def with_haze(rng: np.random.Generator, sky: Sky) -> Sky:
    """Return the sky under haze or thin cloud of opacity 0.05..0.55."""
    shape = (sky.light.shape[0], sky.light.shape[1])
    cover = _cover(rng, shape, rng.uniform(0.2, 1.0))
    top, floor = rng.uniform(0.15, 0.55), rng.uniform(0, 0.15)
    wisps = 1 + 0.12 * gaussian_field(rng, shape, 0.1 * max(shape), slope=1.8)
    opacity = np.clip((floor + (top - floor) * cover) * wisps, 0, 0.55)
    cloud = _haze_colour(rng) * sky.light[..., None]
    opacity = np.asarray(opacity, np.float32)
    return Sky(sky.light, sky.dimming, sky.path, opacity, cloud)


def with_cloud(rng: np.random.Generator, sky: Sky) -> Sky:
    """Return the sky partly under opaque, textured cloud, and often its shadow."""
    shape = (sky.light.shape[0], sky.light.shape[1])
    cover = _cover(rng, shape, rng.uniform(0.15, 0.6), 0.4)
    thick = gaussian_field(rng, shape, 0.08 * max(shape), slope=rng.uniform(1.8, 2.4))
    thick = cv2.GaussianBlur(thick, (0, 0), rng.uniform(0.7, 2))
    dy, dx = cv2.Sobel(thick, -1, 0, 1), cv2.Sobel(thick, -1, 1, 0)
    turn = rng.uniform(0, 2 * np.pi)
    lit = dx * np.float32(np.cos(turn)) + dy * np.float32(np.sin(turn))
    tone = (
        rng.uniform(0.55, 0.9) + 0.07 * thick + 0.05 * np.clip(lit / lit.std(), -2, 2)
    )
    tone = np.clip(tone * (0.85 + 0.15 * cover), 0.3, 1.05) * sky.light
    cloud = tone[..., None] * (1 + rng.uniform(-0.03, 0.03, 3))
    dimming = sky.dimming
    if rng.random() < 0.7:
        away = log_uniform(rng, 0.02, 0.25) * max(shape)
        moved = np.array([[1, 0, away * np.cos(turn)], [0, 1, away * np.sin(turn)]])
        size = (shape[1], shape[0])
        fallen = cv2.warpAffine(cover, moved, size, borderMode=cv2.BORDER_REPLICATE)
        dimming = dimming * _dimming(rng, shape, fallen)
    cloud = np.asarray(np.clip(cloud, 0, 1.2), np.float32)
    return Sky(sky.light, dimming, sky.path, cover * np.float32(0.99), cloud)
