"""How floes and what lies between them are arranged in a scene."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import cv2
import numpy as np

from benchmarks.labels.reporting import floes as shapes
from benchmarks.labels.reporting.fields import (
    Shape,
    above,
    carried,
    eddies,
    gaussian_field,
    log_uniform,
    ramp,
    smooth_step,
)
from benchmarks.labels.reporting.floes import Plan


@dataclass(frozen=True)
class Recipe:
    """What is decided before anything is drawn."""

    arrangement: str
    """A key of `ARRANGEMENTS`."""

    scale: float
    """Size of a small floe in pixels of the fine grid."""

    relief: float
    """Standard deviation of the shading of snow and ridges, of 1."""

    thin_share: float
    """Share of what lies between floes that is frozen, 0..1."""

    wind: float
    """Direction, radians from the column axis."""

    coloured_water: bool = False
    ponds: float = 0.0
    """Share of floes that lies under melt water."""

    young_floes: float = 0.0
    """Share of floes that are thin ice."""

    land: bool = False
    bergs: bool = False


def draw_recipe(rng: np.random.Generator, arrangement: str, fine: int) -> Recipe:
    """Draw a recipe of an arrangement; a pixel has `fine` by `fine` fine ones."""
    return Recipe(
        arrangement=arrangement,
        scale=fine * log_uniform(rng, 5, 30),
        relief=log_uniform(rng, 0.008, 0.035),
        thin_share=float(
            rng.choice([0.0, 1.0, rng.uniform(0.2, 0.8)], p=[0.2, 0.2, 0.6])
        ),
        wind=rng.uniform(0, np.pi),
        young_floes=max(0.0, rng.uniform(-0.3, 0.25)),
    )


def _pack(rng: np.random.Generator, shape: Shape, recipe: Recipe) -> Plan:
    return shapes.fractured(rng, shape, recipe.scale, log_uniform(rng, 0.3, 1.5))


def _floes(rng: np.random.Generator, shape: Shape, recipe: Recipe) -> Plan:
    """Draw floes with brash between some of them."""
    plan = shapes.packed(rng, shape, recipe.scale, log_uniform(rng, 0.3, 2.0))
    if rng.random() < 0.4:
        cracks = shapes.fractured(rng, shape, 2 * recipe.scale, rng.uniform(0.1, 0.5))
        plan = replace(plan, floes=plan.floes & cracks.floes)
    if recipe.scale > 15 and rng.random() < 0.5:
        small = shapes.packed(rng, shape, recipe.scale / 3, log_uniform(rng, 0.5, 2))
        apart = cv2.distanceTransform((~plan.floes).view(np.uint8), cv2.DIST_L2, 5)
        where = above(gaussian_field(rng, shape, 6 * recipe.scale), rng.uniform(0.3, 1))
        between = small.floes & (apart > rng.uniform(1, 4)) & where
        floe = np.where(between, small.floe, plan.floe)
        plan = replace(plan, floes=plan.floes | between, floe=floe)
    if rng.random() < 0.6:
        cover = gaussian_field(rng, shape, 5 * recipe.scale, slope=1.8)
        cover = smooth_step(cover, rng.uniform(0, 1.2), 1.5) * rng.uniform(0.4, 0.9)
        pieces = shapes.brash(rng, cover, log_uniform(rng, 1.2, recipe.scale / 3))
        return replace(plan, floes=plan.floes | pieces)
    return plan


def _leads(rng: np.random.Generator, shape: Shape, recipe: Recipe) -> Plan:
    return shapes.sheet_with_leads(rng, shape, recipe.scale, log_uniform(rng, 0.4, 2))


def _margin(rng: np.random.Generator, shape: Shape, recipe: Recipe) -> Plan:
    """Draw a marginal ice zone: bands, filaments and eddies of floes and brash."""
    across = ramp(shape, rng.uniform(0, 2 * np.pi)) * rng.uniform(0.5, 2.5)
    bands = gaussian_field(
        rng, shape, 0.05 * max(shape), stretch=4, angle=recipe.wind, slope=1.7
    )
    flow = eddies(rng, shape, 0.1 * max(shape), rng.uniform(0.05, 0.35) * max(shape))
    dense = carried(across + 0.6 * bands, flow)
    dense = smooth_step(dense, rng.uniform(-0.4, 0.4), rng.uniform(0.5, 1.5))
    small = log_uniform(rng, 1.2, 4)
    plan = shapes.packed(rng, shape, max(recipe.scale * 0.5, 5), rng.uniform(0.3, 1.2))
    room = dense > rng.uniform(0.4, 0.8)
    whole = above(gaussian_field(rng, shape, 6 * recipe.scale), rng.uniform(0.2, 1))
    floes = plan.floes & room & whole
    pieces = shapes.brash(rng, 0.97 * dense**1.5, small)
    return replace(plan, floes=floes | pieces)


def _polynya(rng: np.random.Generator, shape: Shape, recipe: Recipe) -> Plan:
    """Draw pack or fast ice beside a wide opening."""
    outline = ramp(shape, rng.uniform(0, 2 * np.pi)) * rng.uniform(0.6, 2)
    outline += 0.5 * gaussian_field(rng, shape, 0.2 * max(shape), slope=2.0)
    fast = rng.random() < 0.5
    plan = (_leads if fast else _floes)(rng, shape, recipe)
    inside = above(np.asarray(outline, np.float32), rng.uniform(0.3, 0.7))
    loose = ~inside & (plan.floe > rng.uniform(0.85, 1.2)) & (not fast)
    return replace(plan, floes=plan.floes & (inside | loose))


def _none(rng: np.random.Generator, shape: Shape, recipe: Recipe) -> Plan:
    opening = shapes.patches(rng, shape, 12 * recipe.scale)
    return Plan(np.zeros(shape, bool), opening, opening)


def _whole(rng: np.random.Generator, shape: Shape, recipe: Recipe) -> Plan:
    plan = shapes.fractured(rng, shape, 2 * recipe.scale, 0)
    return replace(plan, floes=np.ones(shape, bool))


def _young(rng: np.random.Generator, shape: Shape, recipe: Recipe) -> Plan:
    """Draw sheets of young ice with leads and few old floes."""
    sheet = shapes.fractured(rng, shape, 2 * recipe.scale, log_uniform(rng, 0.4, 1.2))
    old = shapes.packed(rng, shape, recipe.scale, 1.0)
    kept = old.floes & (old.floe < rng.uniform(0.15, 0.45))
    kept &= above(gaussian_field(rng, shape, 8 * recipe.scale), rng.uniform(0.5, 1))
    # sheets are frozen whatever `thin_share` says: their numbers lie below it
    frozen = (
        min(recipe.thin_share, 0.8) * 0.999 * shapes.one_each(rng, sheet.floe * 997)
    )
    opening = np.where(sheet.floes, frozen, sheet.opening)
    return Plan(kept, old.floe, np.asarray(opening, np.float32))


ARRANGEMENTS: dict[str, Callable[[np.random.Generator, Shape, Recipe], Plan]] = {
    "pack": _pack,
    "floes": _floes,
    "leads": _leads,
    "margin": _margin,
    "polynya": _polynya,
    "young": _young,
    "water": _none,
    "sheet": _whole,
}
"""How ice lies; the last two are of one class."""
