"""Reflectance of a world's surface under a clear sky: linear red, green and blue.

Spectra after Grenfell & Maykut (1977), Perovich (1996) and Allison, Brandt & Warren
(1993): snow-covered ice 0.75 to 0.95, bare and wet ice 0.45 to 0.7, young ice 0.08
(dark nilas) to 0.5 (grey-white), melt ponds 0.1 to 0.5 and blue, open water 0.02 to
0.09. Waters after Pope & Fry (1997) and Lee et al. (2005): from black through blue and
green to the turquoise of glacial flour.
"""

import math
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from sea_ice_kedro.imagery.classes import SeaIceClass
from sea_ice_kedro.imagery.simulate.noise import (
    Field,
    Rng,
    as_field,
    coin,
    fractal,
    lattice,
    stirred,
    streaks,
)
from sea_ice_kedro.imagery.worlds.ground import Ground, seams

Colour = npt.NDArray[np.float32]
"""float32 (H, W, 3), reflectance 0..1 or above, channels R, G, B."""

Tint = npt.NDArray[np.float32]
"""float32 (3,), relative to the mean of its channels."""

WATERS = {
    "black": ((0.015, 0.018, 0.022), (0.035, 0.04, 0.045)),
    "navy": ((0.012, 0.02, 0.04), (0.04, 0.06, 0.11)),
    "green": ((0.015, 0.035, 0.025), (0.05, 0.11, 0.08)),
    "turquoise": ((0.02, 0.07, 0.07), (0.08, 0.24, 0.24)),
    "turbid": ((0.05, 0.05, 0.04), (0.15, 0.16, 0.12)),
    "violet": ((0.02, 0.012, 0.03), (0.06, 0.04, 0.09)),
}
"""Reflectance of open water as a camera above the air sees it: from, to."""

_WATER_CHANCES = (0.28, 0.23, 0.15, 0.14, 0.12, 0.08)

_DIRTY_SHARE = 0.06
"""Of the worlds have ice that took up sediment: shallow seas and river mouths."""

LANDS = {
    "rock": ((0.06, 0.06, 0.06), (0.28, 0.26, 0.25)),
    "tundra": ((0.08, 0.06, 0.04), (0.32, 0.26, 0.18)),
    "ochre": ((0.2, 0.13, 0.06), (0.5, 0.38, 0.22)),
    "forest": ((0.02, 0.04, 0.02), (0.08, 0.1, 0.06)),
    "snowy": ((0.55, 0.55, 0.56), (0.9, 0.9, 0.92)),
}
"""Reflectance of land."""


@dataclass(frozen=True)
class Palette:
    """Mean reflectance of a world's surfaces."""

    thick: Tint
    """float32 (3,), reflectance of thick ice."""

    water: Tint
    """float32 (3,), reflectance of open water."""

    thin_from: float
    thin_to: float
    """Reflectance of the youngest and of the oldest thin ice, mean of the channels."""

    thin_tint: Tint


def draw_palette(rng: Rng) -> Palette:
    """Draw the colours of one world: what it has of each class, and how far apart."""
    bright = rng.uniform(0.62, 0.96) if rng.random() < 0.85 else rng.uniform(0.45, 0.62)
    dirty = rng.uniform(0.1, 0.5) if rng.random() < _DIRTY_SHARE else 0.0
    thick = bright * _tint(rng, 0.02, rng.uniform(-0.03, 0.08) - dirty * rng.random())
    kind = str(rng.choice(list(WATERS), p=_WATER_CHANCES))
    low, high = (np.array(end) for end in WATERS[kind])
    water = low + rng.uniform(0, 1) ** 1.5 * (high - low)
    dark = float(water.mean())
    thin_from = max(dark + rng.uniform(0.02, 0.05), rng.uniform(0.05, 0.3) * bright)
    thin_to = max(rng.uniform(0.3, 0.72) * bright, thin_from + 0.05)
    tint = _tint(rng, 0.02, rng.uniform(-0.03, 0.12) - dirty)
    # Ice is no darker than the sea: what one sees through nilas is the sea itself.
    return Palette(
        as_field(thick), as_field(water), thin_from, min(thin_to, 0.8 * bright), tint
    )


def _tint(rng: Rng, green: float, blueness: float) -> Tint:
    """Draw a tint: blue above red by `blueness`, green between them give or take."""
    tint = np.array(
        [1 - blueness / 2, 1 + rng.uniform(-green, green), 1 + blueness / 2]
    )
    return as_field(tint / tint.mean())


def light_ground(ground: Ground, palette: Palette, rng: Rng) -> Colour:
    """Assign every pixel its reflectance under a clear sky.

    Args:
        ground: What lies where.
        palette: Colours of this world.
        rng: Source of randomness.

    Returns:
        float32 (H, W, 3), linear reflectance.
    """
    colour = _thick(ground, palette, rng)
    thin_mask = ground.codes == SeaIceClass.THIN_ICE
    if thin_mask.any():
        colour = np.where(thin_mask[..., None], _thin(ground, palette, rng), colour)
    water_mask = ground.codes == SeaIceClass.OPEN_WATER
    if water_mask.any():
        water = _water(ground, palette, rng)
        colour = np.where(water_mask[..., None], water, colour)
    if ground.pond_mask.any():
        ponds = _ponds(ground, palette, rng)
        colour = np.where(ground.pond_mask[..., None], ponds, colour)
    if ground.land_mask.any():
        land = _land(ground, palette, rng)
        colour = np.where(ground.land_mask[..., None], land, colour)
    return as_field(colour)


def _relief(shape: tuple[int, int], rng: Rng, size: float, rough: float) -> Field:
    """Shade hills by a low sun: about 0, darker than -1 in the deepest shade."""
    height = fractal(shape, rng, size, 2, rough)
    angle = rng.uniform(0, 2 * math.pi)
    across = cv2.Sobel(height, cv2.CV_32F, 1, 0) * math.cos(angle)
    slope = across + cv2.Sobel(height, cv2.CV_32F, 0, 1) * math.sin(angle)
    return as_field(slope / max(float(slope.std()), 1e-6))


def _thick(ground: Ground, palette: Palette, rng: Rng) -> Colour:
    """Light thick ice: a tone per plate, snow, dunes, ridges, dirt."""
    shape, scale = ground.shape, ground.pixel_scale
    tones = rng.normal(0, rng.uniform(0, 0.06), int(ground.plates.max()) + 1)
    tone = 1 + tones.astype(np.float32)[ground.plates]
    tone = tone + rng.uniform(0, 0.05) * fractal(shape, rng, min(shape) / 2, 3, 0.6)
    tone = tone + rng.uniform(0, 0.025) * fractal(shape, rng, 12 * scale, 2, 0.7)
    if coin(rng):
        dunes = streaks(shape, rng, rng.uniform(0, math.pi), 40 * scale, 5 * scale)
        tone = tone + rng.uniform(0, 0.03) * dunes
    if rng.random() < 0.75:
        depth = rng.uniform(-0.3, 0.12)
        along = fractal(shape, rng, 60 * scale, 4, 0.6) > rng.uniform(-1, 1.2)
        tone = tone + np.where(seams(ground.plates) & along, np.float32(depth), 0)
    if rng.random() < 0.15:
        tone = tone + rng.uniform(0, 0.05) * _relief(
            shape, rng, rng.uniform(12, 40) * scale, 0.6
        )
    if rng.random() < 0.15:
        grains = rng.standard_normal(shape, np.float32)
        tone = tone + rng.uniform(0, 0.08) * cv2.GaussianBlur(grains, (0, 0), 0.8)
    colour = np.clip(tone, 0.35, 1.3)[..., None] * palette.thick
    if rng.random() < 0.2:
        dirt = np.clip(
            fractal(shape, rng, 80 * scale, 4, 0.6) - rng.uniform(0, 2), 0, 1
        )
        colour = colour * (1 - rng.uniform(0.05, 0.3) * dirt)[..., None]
    return as_field(colour)


def _thin(ground: Ground, palette: Palette, rng: Rng) -> Colour:
    """Light thin ice by its age, with rafts, wind streaks and frost."""
    shape, scale = ground.shape, ground.pixel_scale
    tone = palette.thin_from + ground.age * (palette.thin_to - palette.thin_from)
    relative = np.ones(shape, np.float32)
    if rng.random() < 0.35:
        angle = rng.uniform(0, math.pi)
        fingers = lattice(shape, rng, angle, 40 * scale, max(4 * scale, 2))
        where = fractal(shape, rng, 150 * scale, 12, 0.5) > rng.uniform(-0.5, 1)
        relative += np.where(where, rng.uniform(0, 0.12) * fingers, np.float32(0))
    if coin(rng):
        wind = streaks(shape, rng, rng.uniform(0, math.pi), 80 * scale, 4 * scale)
        relative += rng.uniform(0, 0.1) * wind
    relative += rng.uniform(0, 0.08) * fractal(shape, rng, 30 * scale, 2, 0.6)
    tone = tone * np.clip(relative, 0.6, 1.5)
    lowest = float(palette.water.mean()) + 0.015
    tone = np.clip(tone, lowest, 0.85 * float(palette.thick.mean()))
    # Through young ice one sees the sea: its tint goes over into that of ice.
    through = np.clip((palette.thin_to - tone) / palette.thin_to, 0, 1)[..., None]
    sea = palette.water / float(palette.water.mean())
    share = through * rng.uniform(0, 0.7)
    return as_field(tone[..., None] * (share * sea + (1 - share) * palette.thin_tint))


def _water(ground: Ground, palette: Palette, rng: Rng) -> Colour:
    """Light the sea: plumes, swell, glint, slicks, whitecaps, streaks of frazil."""
    shape, scale = ground.shape, ground.pixel_scale
    plume = stirred(shape, rng, min(shape) / rng.uniform(1, 4))
    tone = 1 + rng.uniform(0, 0.2) * plume + 0.04 * fractal(shape, rng, 60 * scale, 4)
    if coin(rng):
        swell = streaks(shape, rng, rng.uniform(0, math.pi), 50 * scale, 6 * scale)
        tone = tone + rng.uniform(0, 0.15) * swell
    colour = np.clip(tone, 0.4, 1.8)[..., None] * palette.water
    thick, dark = float(palette.thick.mean()), float(palette.water.mean())
    open_sea = ground.style == "all water"
    if rng.random() < (0.45 if open_sea else 0.25):
        # Glint is white light off the waves, broad and smooth. Amid ice the sea is calm
        # and cold: what is as bright there is young ice.
        sheen = np.clip(fractal(shape, rng, min(shape), 60, 0.4), 0, 2)
        grain = 1 + rng.uniform(0, 0.3) * rng.standard_normal(shape, np.float32)
        most = max((0.45 if open_sea else 0.18) * thick - dark, 0.01)
        colour = colour + (rng.uniform(0, most) / 2 * sheen * grain)[..., None]
    if rng.random() < 0.15:
        caps = rng.random(shape) < rng.uniform(0.0005, 0.01)
        colour = colour + (caps * rng.uniform(0.05, 0.3) * thick)[..., None]
    if rng.random() < 0.2:
        frazil = streaks(shape, rng, rng.uniform(0, math.pi), 90 * scale, 2.5 * scale)
        thread = np.clip(frazil - rng.uniform(1.2, 2.2), 0, 1)
        colour = colour + (thread * rng.uniform(0.02, 0.08) * thick)[..., None]
    return as_field(np.maximum(colour, 0.002))


def _ponds(ground: Ground, palette: Palette, rng: Rng) -> Colour:
    """Light melt ponds: from pale to dark, mostly blue (Perovich 1996)."""
    bright = rng.uniform(0.12, 0.6) * float(palette.thick.mean())
    tint = _tint(rng, 0.05, rng.uniform(0, 0.7))
    tone = 1 + 0.15 * fractal(ground.shape, rng, 40, 4, 0.5)
    return as_field(np.clip(tone, 0.5, 1.5)[..., None] * bright * tint)


def _land(ground: Ground, palette: Palette, rng: Rng) -> Colour:
    """Light land: rock, tundra, snow; hills in a low sun, snow in patches, rivers."""
    shape = ground.shape
    kind = str(rng.choice(list(LANDS), p=(0.32, 0.25, 0.16, 0.1, 0.17)))
    if ground.snowy_land:
        kind = "snowy"
    low, high = (np.array(end) for end in LANDS[kind])
    share = np.clip(0.5 + 0.3 * fractal(shape, rng, min(shape) / 3, 2, 0.65), 0, 1)
    colour = low + (share[..., None] ** 1.2) * (high - low)
    snow_share = rng.choice([0.0, rng.uniform(0, 0.6)]) if kind != "snowy" else 0.0
    if snow_share > 0:
        depth = fractal(shape, rng, min(shape) / 4, 2, 0.6)
        snow_mask = depth > np.quantile(depth[::4, ::4], 1 - snow_share)
        colour = np.where(snow_mask[..., None], palette.thick, colour)
    strength = rng.uniform(0.15, 0.5) if kind == "snowy" else rng.uniform(0.1, 0.4)
    hills = _relief(shape, rng, min(shape) / rng.uniform(2, 10), rng.uniform(0.5, 0.68))
    return as_field(colour * np.clip(1 + strength * hills, 0.12, 1.8)[..., None])
