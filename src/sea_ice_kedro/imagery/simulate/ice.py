"""Geometry of the ice: what class every pixel is, before any brightness."""

import math
from dataclasses import dataclass

import numpy as np

from sea_ice_kedro.imagery.arrays import Codes, Grey, Mask
from sea_ice_kedro.imagery.classes import SeaIceClass
from sea_ice_kedro.imagery.simulate.cells import nearest_floes
from sea_ice_kedro.imagery.simulate.floes import FloeField, Labels, place_floes
from sea_ice_kedro.imagery.simulate.gaps import Gaps, Ground, open_gaps
from sea_ice_kedro.imagery.simulate.leads import WATER_LEVEL, draw_leads
from sea_ice_kedro.imagery.simulate.noise import (
    Field,
    Rng,
    as_field,
    coin,
    fractal,
    smoothstep,
    stirred,
    top_share_level,
)
from sea_ice_kedro.imagery.simulate.options import SimulationOptions

_CLOSEST_PACKING = 0.72
"""Largest share of a scene that separate floes can cover."""

_WIDE_LEAD_PX = 170.0
"""Narrowest wide lead: wider than the 155-pixel window of Iqrah et al. (2024)."""


_AFLOAT_PX = 9.0
_AFLOAT_SHARE = 0.3
"""Largest radius and share of the floes that drift into leads."""


@dataclass(frozen=True, eq=False)
class IceGeometry:
    """Where thick ice, thin ice and open water lie, and how they came there."""

    codes: Codes
    """uint8 (H, W) of SeaIceClass codes."""

    floes: FloeField
    """Separate floes; all between them is consolidated ice or gap."""

    owners: Labels
    """int32 (H, W): the nearest floe of every pixel, 0 where there are none."""

    room: Field
    """float32 (H, W): distance to that floe, pixels; 0 on floes."""

    lead_levels: Grey
    """uint8 (H, W) of `leads.draw_leads`: 0 where no lead cuts the ice."""

    band_age: Field
    """float32 (H, W): 0 (youngest) .. 1 across wide leads, negative outside."""


def form_ice(options: SimulationOptions, rng: Rng) -> IceGeometry:
    """Form the ice of one scene: floes, wide leads, cracks, gaps.

    Args:
        options: What the scene should contain.
        rng: Source of randomness.

    Returns:
        The geometry; shares of open water and thin ice as wanted in `options`.
    """
    floe_rng, band_rng, lead_rng, gap_rng = rng.spawn(4)
    band_age = _wide_leads(options, band_rng)
    leads = draw_leads(
        options.shape, lead_rng, options.pixel_size_m, options.lead_density
    )
    floes = _floes(options, floe_rng, band_age)
    leads = np.where(_afloat(floes, floe_rng), 0, leads)
    owners, room = nearest_floes(floes.labels)
    band_mask = (band_age >= 0) & (floes.labels == 0)
    matrix_mask = (floes.labels == 0) & ~band_mask & (leads != WATER_LEVEL)
    ground = Ground(matrix_mask, floes, owners, room, leads, band_mask)
    gaps = open_gaps(options, gap_rng, ground)
    # A gap that opened took the refrozen leads in it along.
    leads = np.where(gaps.gap_mask, 0, leads)
    return IceGeometry(_classes(ground, gaps), floes, owners, room, leads, band_age)


def _afloat(floes: FloeField, rng: Rng) -> Mask:
    """Mark small floes that float in leads instead of being cut by them."""
    small = floes.radii_px < _AFLOAT_PX
    keeps = small & (rng.random(len(small)) < _AFLOAT_SHARE)
    return np.concatenate([[False], keeps])[floes.labels]


def _classes(ground: Ground, gaps: Gaps) -> Codes:
    """Join leads, wide leads and gaps to classes; what is left is thick ice."""
    thin = gaps.gap_mask | ground.band_mask | (ground.lead_levels > WATER_LEVEL)
    water = gaps.water_mask | (ground.lead_levels == WATER_LEVEL)
    codes = np.where(thin, SeaIceClass.THIN_ICE, SeaIceClass.THICK_ICE)
    return np.where(water, SeaIceClass.OPEN_WATER, codes).astype(np.uint8)


def _wide_leads(options: SimulationOptions, rng: Rng) -> Field:
    """Lay winding bands across the scene: their age 0..1 across, -1 outside."""
    age = np.full(options.shape, -1, np.float32)
    short = min(options.shape)
    for number in range(options.wide_leads):
        width = max(_WIDE_LEAD_PX, 0.1 * short) * rng.uniform(1.1, 2.0)
        width = min(width, 0.45 * short)
        middle = (number + rng.uniform(0.3, 0.7)) / options.wide_leads - 0.5
        across = _across(options, rng, width)
        across += np.float32(0.5 - middle * short * 0.8 / width)
        if coin(rng):
            across = 1 - across
        inside = (across >= 0) & (across <= 1) & (age < 0)
        age = as_field(np.where(inside, across, age))
    return age


def _across(options: SimulationOptions, rng: Rng, width_px: float) -> Field:
    """Measure the way across a winding band in widths, 0 on the scene's middle."""
    rows, columns = options.shape
    angle = rng.uniform(0, math.pi)
    y = (np.arange(rows) - rows / 2) * (math.sin(angle) / width_px)
    x = (np.arange(columns) - columns / 2) * (math.cos(angle) / width_px)
    plane = as_field(y)[:, None] + as_field(x)[None, :]
    short = min(options.shape)
    bend = fractal(options.shape, rng, 0.8 * short, 6, 0.42)
    return as_field(plane + np.float32(0.15 + 0.06 * short / width_px) * bend)


def _floes(options: SimulationOptions, rng: Rng, band_age: Field) -> FloeField:
    """Pack the floes; few of them in wide leads, more where the ice converges."""
    ice = 1 - options.open_water_fraction - options.thin_ice_fraction
    if options.wide_leads:
        ice = max(ice, 1 - options.open_water_fraction - float((band_age >= 0).mean()))
    smallest = max(options.pixels(options.floe_min_m) / 2, 2.0)
    largest = min(options.pixels(options.floe_max_m) / 2, 0.35 * min(options.shape))
    # In close pack most of the thick ice has frozen together between its floes.
    looseness = min(options.open_water_fraction / 0.4, 1.0)
    cover = min(ice * (0.5 + 0.42 * looseness), _CLOSEST_PACKING)
    # No single floe has more than half of the floe area.
    half = math.sqrt(cover * options.height * options.width / 2 / math.pi)
    largest = max(min(largest, half), smallest * 1.5)
    convergence = stirred(options.shape, rng, max(min(options.shape) / 3, 16))
    level = top_share_level(convergence, min(1.0, 1.9 * ice + 0.1))
    density = (
        np.ones(options.shape, np.float32)
        if level == -math.inf
        else smoothstep(convergence, level - 0.6, level + 0.6)
    )
    density = np.where(band_age >= 0, np.float32(0.002), density)
    return place_floes(density, rng, (smallest, largest), options.floe_exponent, cover)
