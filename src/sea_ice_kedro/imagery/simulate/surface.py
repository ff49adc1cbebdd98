"""The surface: what class every pixel is, and how bright ice and sea are."""

import math
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from sea_ice_kedro.imagery.arrays import Codes, Grey, Mask
from sea_ice_kedro.imagery.classes import SeaIceClass
from sea_ice_kedro.imagery.simulate.floes import (
    FloeField,
    Labels,
    borders,
    nearest_floes,
    place_floes,
    plates,
    random_cells,
)
from sea_ice_kedro.imagery.simulate.leads import (
    WATER_LEVEL,
    Gaps,
    Ground,
    draw_leads,
    open_gaps,
)
from sea_ice_kedro.imagery.simulate.noise import (
    Field,
    Rng,
    as_field,
    coin,
    fractal,
    lattice,
    smoothstep,
    stirred,
    streaks,
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


# --- Brightness of the surface: classes become the red, green and blue of ice and sea

Colour = npt.NDArray[np.float32]
"""float32 (H, W, 3), reflectance times 255, channels R, G, B."""

_BLUE = (0, 12, 30, 43, 75, 120, 175, 220, 240, 255)
_RED = (0, 5, 18, 31, 65, 112, 168, 213.5, 232.5, 248)
_GREEN = (0, 8, 22, 35, 69, 115, 170, 214, 233, 249)
"""Red and green that go with a blue brightness: means over a Ross Sea scene."""

_RAFTED_FROM = 0.8
"""Standard normal level above which thin ice shows finger rafts (21 % of it)."""

_TABLE_STEPS = 8
"""Table entries per unit of brightness."""


def light_surface(
    geometry: IceGeometry, options: SimulationOptions, rng: Rng
) -> Colour:
    """Assign every pixel its brightness and colour under a clear sky.

    Args:
        geometry: The ice.
        options: What the scene should contain.
        rng: Source of randomness.

    Returns:
        float32 (H, W, 3): TOA reflectance x 255 (white = 1.0), before sun level,
        sensor and cloud.
    """
    thick_rng, thin_rng, water_rng, tint_rng = rng.spawn(4)
    tone = _thick(geometry, options, thick_rng)
    thin = geometry.codes == SeaIceClass.THIN_ICE
    if thin.any():
        tone = np.where(thin, _thin(geometry, options, thin_rng), tone)
    water = geometry.codes == SeaIceClass.OPEN_WATER
    if water.any():
        tone = np.where(water, _water(options, water_rng), tone)
    return _coloured(tone, geometry, tint_rng)


def _thick(geometry: IceGeometry, options: SimulationOptions, rng: Rng) -> Field:
    """Light thick ice, 206..250: a tone per floe, snow drifts, ridges."""
    floes = geometry.floes
    sizes = np.concatenate([[1.0], floes.radii_px * options.pixel_size_m])
    # Large floes are old and snow-covered, small ones wet and rough: less bright.
    mean = 219 + 9 * np.clip(np.log10(np.maximum(sizes, 30) / 30), 0, 2.5)
    tones = np.clip(rng.normal(mean, 3), 211, 242).astype(np.float32)
    tone = tones[geometry.owners] + _regions(geometry, options, rng)
    snow = fractal(options.shape, rng, max(options.pixels(6000), 8), 3, 0.6)
    drift = streaks(
        options.shape,
        rng,
        rng.uniform(0, math.pi),
        max(options.pixels(260), 6),
        max(options.pixels(40), 2),
    )
    tone = tone + 3.2 * snow + 0.8 * drift
    return as_field(np.clip(tone + _seams(geometry, options, rng), 206.5, 250))


def _regions(geometry: IceGeometry, options: SimulationOptions, rng: Rng) -> Field:
    """Draw a snow depth per plate of many floes: brightness about 0."""
    cells = random_cells(options.shape, rng, max(min(options.shape) / 4, 8))
    levels = rng.normal(0, 3.5, int(cells.max()) + 1).astype(np.float32)
    return levels[plates(cells, geometry.floes, geometry.owners)]


def _seams(geometry: IceGeometry, options: SimulationOptions, rng: Rng) -> Field:
    """Light the seams between cells: healed cracks darker, ridges brighter."""
    height = fractal(options.shape, rng, max(options.pixels(2500), 8), 4, 0.6)
    seam = borders(geometry.owners)
    relief = np.clip(4 * height - 3, -9, 7)
    return np.where(seam, relief, np.float32(0))


def _thin(geometry: IceGeometry, options: SimulationOptions, rng: Rng) -> Field:
    """Light thin ice, 33..200: dark nilas, grey, grey-white, each freeze-up a tone."""
    sheets = _sheets(options, rng)
    age = fractal(options.shape, rng, max(options.pixels(5000), 8), 8, 0.45)
    age = 0.70 + 0.24 * age + 0.08 * sheets - np.minimum(geometry.room, 30) / 120
    band = geometry.band_age >= 0
    if band.any():
        wobble = 0.035 * fractal(
            options.shape, rng, max(options.pixels(900), 8), 3, 0.6
        )
        across = geometry.band_age + wobble + 0.03 * sheets
        age = np.where(band, across, age)
    tone = _freeze_ups(as_field(age), rng)
    tone = tone + _texture(options, rng)
    cut = geometry.lead_levels > WATER_LEVEL
    level = geometry.lead_levels + 0.12 * (tone - 110)
    # A crack through a wide lead is younger, so darker, than what it cuts.
    level = np.where(band, np.minimum(level, 0.85 * tone), level)
    tone = np.where(cut, level, tone)
    return as_field(np.clip(tone, 34, 201))


def _freeze_ups(age: Field, rng: Rng) -> Field:
    """Turn age 0..1 into brightness: steps between freeze-ups, slopes within."""
    fronts = np.sort(rng.uniform(0.08, 0.95, 5))
    axis = np.linspace(0, 1, 512)
    smooth = 38 + 150 * axis**0.85
    step = np.searchsorted(fronts, axis)
    levels = 38 + 152 * np.concatenate([[0.0], fronts]) ** 0.85
    table = 0.45 * smooth + 0.55 * levels[step]
    # Where a younger sheet was pushed against an older one its rim is raised.
    nearest = np.abs(axis[:, None] - fronts[None, :]).min(axis=1)
    table += 10 * np.exp(-((nearest / 0.006) ** 2))
    index = np.clip(age * 511, 0, 511).astype(np.int16)
    return table.astype(np.float32)[index]


def _sheets(options: SimulationOptions, rng: Rng) -> Field:
    """Draw angular sheets, each with a level of its own (standard normal)."""
    cells = random_cells(options.shape, rng, max(options.pixels(350), 5.0))
    levels = rng.standard_normal(int(cells.max()) + 1).astype(np.float32)
    return levels[cells]


def _texture(options: SimulationOptions, rng: Rng) -> Field:
    """Draw wind streaks and finger rafts of thin ice, brightness units."""
    angle = rng.uniform(0, math.pi)
    wind = streaks(
        options.shape,
        rng,
        angle,
        max(options.pixels(900), 8),
        max(options.pixels(35), 1.5),
    )
    fingers = lattice(
        options.shape,
        rng,
        angle + rng.uniform(-0.3, 0.3),
        max(options.pixels(450), 4),
        max(options.pixels(30), 2),
    )
    where = fractal(options.shape, rng, max(options.pixels(3000), 8), 12, 0.5)
    rafted = where > _RAFTED_FROM
    return as_field(4.0 * wind + np.where(rafted, 4.5 * fingers, np.float32(0)))


def _water(options: SimulationOptions, rng: Rng) -> Field:
    """Light open water, 6..24: dark, smooth, a faint swell, slicks."""
    swell = streaks(
        options.shape,
        rng,
        rng.uniform(0, math.pi),
        max(options.pixels(500), 6),
        max(options.pixels(90), 3),
    )
    slicks = fractal(options.shape, rng, max(options.pixels(6000), 8), 16, 0.5)
    return as_field(np.clip(13 + 0.5 * swell + 2.0 * slicks, 6, 24))


def _coloured(tone: Field, geometry: IceGeometry, rng: Rng) -> Colour:
    """Add red and green to the blue brightness, with a faint tint per floe."""
    steps = np.arange(256 * _TABLE_STEPS) / _TABLE_STEPS
    index = (tone * _TABLE_STEPS).astype(np.int16)
    red = np.interp(steps, _BLUE, _RED).astype(np.float32)[index]
    green = np.interp(steps, _BLUE, _GREEN).astype(np.float32)[index]
    tints = rng.normal(0, 1.2, len(geometry.floes.radii_px) + 1).astype(np.float32)
    tint = tints[geometry.floes.labels]
    share = tone * np.float32(1 / 255)
    channels = [red - tint * share, green - np.float32(0.3) * tint * share, tone]
    return as_field(cv2.merge(channels))
