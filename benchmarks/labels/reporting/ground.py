"""The surface without sky, on a grid finer than the picture's.

Each part (sea, thin ice, thick ice, land) is drawn whole and shown where it lies.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from benchmarks.labels.reporting import floes as shapes
from benchmarks.labels.reporting import optics
from benchmarks.labels.reporting.arrangements import ARRANGEMENTS, Recipe
from benchmarks.labels.reporting.fields import (
    Field,
    Shape,
    above,
    carried,
    eddies,
    gaussian_field,
    log_uniform,
    smooth_step,
)
from sea_ice_kedro.imagery.arrays import Codes, Mask
from sea_ice_kedro.imagery.classes import SeaIceClass

NO_CLASS = 3
"""Where a map must give no class: opaque cloud, land, icebergs and ice shelves."""

NOT_SCORED = 255
"""Nothing is asked here: no data, mixed pixels, melt ponds, what cannot be told."""


@dataclass(frozen=True, eq=False)
class Ground:
    """Reflectance and class of every pixel of the fine grid."""

    colours: optics.Colours
    codes: Codes

    def shown(self, where: Mask, colours: optics.Colours, code: int) -> "Ground":
        """Return the ground with another part laid over it."""
        covered = cv2.copyTo(colours, where.view(np.uint8), self.colours.copy())
        return Ground(covered, np.where(where, np.uint8(code), self.codes))


def _water(rng: np.random.Generator, shape: Shape, recipe: Recipe) -> optics.Colours:
    """Draw open water: its colour, plumes in it, glitter, swell, whitecaps."""
    if recipe.coloured_water:
        kinds = [(0.02, 0.5, 0.3), (0.05, 1, 1.0), (0.4, 2, 0.6), (0.1, 8, 0.05)]
    else:
        kinds = [(0.005, 0.1, 0.0005), (0.02, 0.1, 0.001), (0.05, 1.0, 0.003)]
    ends = []
    for chosen in rng.choice(len(kinds), 2):
        cdom, chlorophyll, particles = kinds[chosen]
        spread = rng.lognormal(0, 0.5, 3)
        ends.append(
            optics.water_colour(
                cdom * spread[0], particles * spread[1], chlorophyll * spread[2]
            )
        )
    plume = gaussian_field(rng, shape, 0.15 * max(shape), slope=1.9)
    plume = carried(plume, eddies(rng, shape, 0.12 * max(shape), 0.15 * max(shape)))
    plume = smooth_step(plume, rng.uniform(-1.5, 0.5), rng.uniform(0.5, 2.5))[..., None]
    bright = optics.glint(rng, shape)
    length = log_uniform(rng, 1.5, 7)
    waves = gaussian_field(rng, shape, length, stretch=5, angle=recipe.wind + 1.5708)
    bright = bright * (1 + rng.uniform(0, 0.15) * waves) + rng.uniform(0, 0.001) * waves
    if rng.random() < 0.3:
        # cover by Monahan & O'Muircheartaigh 1980 at 9..15 m/s; Koepke 1984: 0.22
        cover = 3.84e-6 * rng.uniform(9, 15) ** 3.41
        foam = gaussian_field(rng, shape, 0.7, stretch=2, angle=recipe.wind)
        bright += 0.22 * above(foam, cover)
    colour = ends[0] * (1 - plume) + ends[1] * plume
    return np.asarray(colour + bright[..., None], np.float32)


def _thin(
    rng: np.random.Generator, shape: Shape, recipe: Recipe, opening: Field
) -> optics.Colours:
    """Draw thin ice: nilas 0.09 to grey-white 0.42 (Allison, Brandt & Warren 1993).

    Age differs by sheet (`opening`), a little within one; rafted sheets are brighter;
    frost flowers and wind-blown snow brighten streaks.
    """
    low = rng.uniform(0.09, 0.26)
    high = low + rng.uniform(0.02, 0.18)
    tone = low + (high - low) * np.mod(opening * 37.7, 1)
    tone += 0.02 * gaussian_field(rng, shape, 6 * recipe.scale, slope=1.8)
    fingers = shapes.rafted_fingers(rng, shape, recipe.scale)
    tone += rng.uniform(0.03, 0.09) * fingers
    if rng.random() < 0.5:
        snow = gaussian_field(
            rng, shape, recipe.scale, stretch=5, angle=recipe.wind, slope=1.5
        )
        tone += rng.uniform(0.01, 0.05) * np.clip(snow, -0.5, 2)
    fine = gaussian_field(rng, shape, 2.5)
    return optics.thin_ice(np.clip(tone * (1 + 0.012 * fine), 0.085, 0.44))


def _height(rng: np.random.Generator, shape: Shape, recipe: Recipe) -> Field:
    """Draw the height of snow: sastrugi along the wind, ridges, rubble."""
    dunes = gaussian_field(
        rng, shape, log_uniform(rng, 2, 8), stretch=4, angle=recipe.wind, slope=1.6
    )
    height = rng.uniform(0.2, 1) * dunes
    for _ in range(rng.integers(0, 3)):
        line = gaussian_field(rng, shape, recipe.scale * rng.uniform(2, 6), slope=2.4)
        where = gaussian_field(rng, shape, 4 * recipe.scale)
        ridge = np.exp(-np.abs(line) / rng.uniform(0.03, 0.08))
        height += rng.uniform(1, 4) * ridge * smooth_step(where, -0.3, 1.2)
    rubble = gaussian_field(rng, shape, 1.5)
    patch = smooth_step(gaussian_field(rng, shape, 3 * recipe.scale), 0.3, 1.0)
    return height + rng.uniform(0, 1.0) * rubble * patch


def shaded(height: Field, sun: float, amount: float) -> Field:
    """Return the factor by which slopes to and from the sun are lit, about 1."""
    dy, dx = cv2.Sobel(height, -1, 0, 1), cv2.Sobel(height, -1, 1, 0)
    slope = dx * np.float32(np.cos(sun)) + dy * np.float32(np.sin(sun))
    lit = slope * np.float32(amount / (slope.std() + 1e-6))
    return np.asarray(1 + np.clip(lit, -4 * amount, 2.5 * amount), np.float32)


def _thick(
    rng: np.random.Generator, shape: Shape, recipe: Recipe, floe: Field
) -> optics.Colours:
    """Draw thick ice: snow 0.78..0.92, bare or melting down to 0.6.

    Wiscombe & Warren 1980 for snow, Perovich 1996 for bare first-year ice.
    """
    snow, bare_ice = rng.uniform(0.78, 0.92), rng.uniform(0.6, 0.75)
    melt = rng.uniform(-2.5, 0.8)
    blown = gaussian_field(
        rng, shape, 4 * recipe.scale, stretch=3, angle=recipe.wind, slope=1.7
    )
    by_floe = rng.uniform(0.3, 1.5) * (floe * 3 - 1.5)
    bare = smooth_step(blown + by_floe, -melt, rng.uniform(1.5, 4))
    tone = snow + (bare_ice - snow) * bare + rng.uniform(0, 0.07) * (floe - 0.5)
    sun = rng.uniform(0, 2 * np.pi)
    tone = tone * shaded(_height(rng, shape, recipe), sun, recipe.relief)
    dirt = np.zeros(shape, np.float32)
    if rng.random() < 0.2:
        dirty = gaussian_field(rng, shape, 4 * recipe.scale, slope=1.7)
        dirt = smooth_step(dirty, rng.uniform(-0.5, 1.5), 1.5) * rng.uniform(0.3, 1)
    return optics.thick_ice(np.clip(tone * (1 - 0.15 * dirt), 0.4, 0.97), bare, dirt)


def _frazil(
    rng: np.random.Generator, shape: Shape, recipe: Recipe, ground: Ground
) -> Ground:
    """Lay streaks of frazil and grease ice along the wind on open water.

    Langmuir circulation gathers it (Martin & Kauffman 1981); wet, it is dark.
    """
    streaks = gaussian_field(
        rng, shape, log_uniform(rng, 2, 5), stretch=25, angle=recipe.wind, slope=1.7
    )
    near = gaussian_field(rng, shape, 10 * recipe.scale) - 0.5
    where = above(streaks + near, rng.uniform(0.05, 0.35))
    where &= ground.codes == SeaIceClass.OPEN_WATER
    tone = rng.uniform(0.1, 0.2) + 0.015 * streaks
    ice = optics.thin_ice(np.clip(tone, 0.085, 0.25))
    return ground.shown(where, ice, SeaIceClass.THIN_ICE)


def draw_ground(rng: np.random.Generator, shape: Shape, recipe: Recipe) -> Ground:
    """Draw the surface of a recipe, (H, W) fine pixels."""
    # water has no outlines: half the resolution shows all of it
    half = (-(-shape[0] // 2), -(-shape[1] // 2))
    water = cv2.resize(_water(rng, half, recipe), shape[::-1])
    codes = np.full(shape, SeaIceClass.OPEN_WATER, np.uint8)
    ground = Ground(water, codes)
    plan = ARRANGEMENTS[recipe.arrangement](rng, shape, recipe)
    young = plan.floes & (plan.floe < recipe.young_floes)
    opening = np.where(young, plan.floe, plan.opening)
    frozen = (plan.opening < recipe.thin_share) | young
    if frozen.any():
        thin = _thin(rng, shape, recipe, np.asarray(opening, np.float32))
        ground = ground.shown(frozen, thin, SeaIceClass.THIN_ICE)
    if recipe.thin_share > 0 and rng.random() < 0.3:
        ground = _frazil(rng, shape, recipe, ground)
    floes = plan.floes & ~young
    if floes.any():
        thick = _thick(rng, shape, recipe, plan.floe)
        ground = ground.shown(floes, thick, SeaIceClass.THICK_ICE)
    if recipe.ponds:
        ground = _ponds(rng, shape, recipe, ground)
    return ground


def _ponds(
    rng: np.random.Generator, shape: Shape, recipe: Recipe, ground: Ground
) -> Ground:
    """Lay melt ponds on floes, away from their edges; they are not scored."""
    inside = cv2.distanceTransform(
        (ground.codes == SeaIceClass.THICK_ICE).view(np.uint8), cv2.DIST_L2, 5
    )
    length = log_uniform(rng, 2.5, recipe.scale / 2)
    field = gaussian_field(rng, shape, length)
    field += 0.7 * gaussian_field(rng, shape, 4 * recipe.scale, slope=1.8)
    where = above(field, recipe.ponds) & (inside > 2)
    colour = optics.pond_colour(rng)
    varied = 1 + 0.12 * gaussian_field(rng, shape, recipe.scale)
    return ground.shown(where, varied[..., None] * colour, NOT_SCORED)
