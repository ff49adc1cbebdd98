"""Leads and the gaps between floes, and what floats in them."""

import math
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from sea_ice_kedro.imagery.arrays import Grey, Mask
from sea_ice_kedro.imagery.simulate.floes import (
    FloeField,
    Labels,
    Points,
    border_distance,
    plates,
    random_cells,
)
from sea_ice_kedro.imagery.simulate.noise import (
    Field,
    Rng,
    as_field,
    coin,
    fractal,
    stirred,
    top_share_level,
)
from sea_ice_kedro.imagery.simulate.options import SimulationOptions

WATER_LEVEL = 1
"""Level of open water in a lead raster."""

_HINGE = 0.12
"""Share of a lead's length over which it opens from its tip."""


_THIN_PX = 3.0
"""Opening below which a lead's polygon would fall between pixels: drawn as a line."""


@dataclass(frozen=True)
class LeadFamily:
    """Leads of one kind."""

    share: float
    """Share of the total lead length."""

    length_m: float
    """Mean length, metres."""

    opening_m: float
    """Mean displacement of the walls, metres."""

    step_m: float
    """Mean length of a straight piece, metres."""

    wander: float
    """Standard deviation of the turn between pieces, radians."""


FAMILIES = (
    LeadFamily(0.10, 14_000, 210, 320, 0.40),
    LeadFamily(0.25, 4_500, 45, 160, 0.45),
    LeadFamily(0.65, 1_600, 11, 70, 0.50),
)
"""Main leads, side leads and cracks; sizes after the Ross Sea scenes of Iqrah et al.
(2024, Fig. 4): widths from one pixel to a few hundred metres."""


def draw_leads(
    shape: tuple[int, int], rng: Rng, pixel_size_m: float, density_per_km: float
) -> npt.NDArray[np.uint8]:
    """Draw all leads of a scene.

    Args:
        shape: (rows, columns).
        rng: Source of randomness.
        pixel_size_m: Metres.
        density_per_km: Length of leads per area, km/km².

    Returns:
        uint8 (H, W): 0 where there is no lead, `WATER_LEVEL` on open water, else the
        brightness (36..200) of the thin ice in it.
    """
    levels = np.zeros(shape, np.uint8)
    area_km2 = shape[0] * shape[1] * (pixel_size_m / 1000) ** 2
    trend = rng.uniform(0, math.pi)
    for family in reversed(FAMILIES):
        wanted = density_per_km * family.share * area_km2 / (family.length_m / 1000)
        for _ in range(rng.poisson(wanted)):
            _draw_lead(levels, rng, family, pixel_size_m, trend)
    return levels


def _draw_lead(
    levels: npt.NDArray[np.uint8],
    rng: Rng,
    family: LeadFamily,
    pixel_size_m: float,
    trend: float,
) -> None:
    """Paint one lead, its older thin ice first, into the levels under construction."""
    # Two conjugate directions, 30 degrees to each side of the main stress.
    heading = trend + rng.choice([-0.5, 0.5]) + rng.normal(0, 0.25)
    path = crack_path(levels.shape, rng, family, pixel_size_m, heading)
    size = family.opening_m / pixel_size_m * rng.lognormal(-0.2, 0.6)
    direction = heading + rng.choice([-1, 1]) * rng.uniform(0.6, 2.2)
    opening = size * np.array([math.cos(direction), math.sin(direction)])
    for start, end, level in _events(rng):
        walls = np.concatenate(
            [_moved(path, opening * start), _moved(path, opening * end)[::-1]]
        )
        corners = np.round(walls * 16).astype(np.int32)
        cv2.fillPoly(levels, [corners], level, shift=4)
        if size < _THIN_PX:
            middle = np.round(_moved(path, opening * (start + end) / 2) * 16)
            cv2.polylines(levels, [middle.astype(np.int32)], False, level, shift=4)


def crack_path(
    shape: tuple[int, ...],
    rng: Rng,
    family: LeadFamily,
    pixel_size_m: float,
    heading: float,
) -> Points:
    """Walk a crack: straight pieces whose turns return to a heading.

    Returns:
        float64 (N, 2), (column, row), pixels.
    """
    length = family.length_m / pixel_size_m * rng.lognormal(-0.1, 0.4)
    step = max(family.step_m / pixel_size_m, 3.0)
    count = int(np.clip(length / step, 3, 400))
    turns = rng.normal(0, family.wander * rng.uniform(0.15, 1.3), count)
    angles = heading + np.convolve(turns, [1.0, 0.6, 0.35, 0.2], mode="full")[:count]
    pieces = rng.exponential(step, count) + 1.0
    moves = np.stack([np.cos(angles), np.sin(angles)], axis=1) * pieces[:, None]
    path = np.cumsum(moves, axis=0)
    centre = rng.random(2) * (shape[1], shape[0])
    return _jagged(path - path[count // 2] + centre, rng)


def _jagged(path: Points, rng: Rng) -> Points:
    """Break each straight piece twice by midpoint displacement."""
    for roughness in (0.10, 0.13):
        piece = np.diff(path, axis=0)
        normal = piece[:, ::-1] * (-1, 1)
        middle = (path[:-1] + path[1:]) / 2
        middle = middle + normal * rng.normal(0, roughness, (len(piece), 1))
        broken = np.empty((2 * len(path) - 1, 2))
        broken[0::2], broken[1::2] = path, middle
        path = broken
    return path


def _moved(path: Points, opening: npt.NDArray[np.float64]) -> Points:
    """Move a wall by an opening that grows from nothing at both tips."""
    place = np.linspace(0, 1, len(path))
    hinge = np.clip(np.minimum(place, 1 - place) / _HINGE, 0, 1)
    bulge = 0.55 + 0.45 * np.sin(math.pi * place)
    moved: Points = path + (hinge * bulge)[:, None] * opening
    return moved


def _events(rng: Rng) -> list[tuple[float, float, int]]:
    """Draw a lead's history as (from, to, level), shares of the opening, old first."""
    old = int(rng.uniform(110, 196))
    events = [(0.0, 1.0, old)]
    start, end = 0.0, 1.0
    for level in (int(rng.uniform(45, 110)), WATER_LEVEL):
        if coin(rng):
            width = (end - start) * rng.uniform(0.3, 0.75)
            start = start + (end - start - width) * rng.choice([0.0, rng.random(), 1.0])
            end = start + width
            events.append((start, end, level))
    return events


# --- Gaps between floes: bands along plates, slits between cells, what floats there

_NEVER = np.float32(-99)
"""Score of a pixel that cannot open."""


@dataclass(frozen=True, eq=False)
class Gaps:
    """Space that opened between floes."""

    gap_mask: Mask
    """bool (H, W): True where consolidated ice opened, refrozen or not."""

    water_mask: Mask
    """bool (H, W): True where a gap is open water."""


@dataclass(frozen=True, eq=False)
class Ground:
    """What gaps form in."""

    matrix_mask: Mask
    """bool (H, W): True between floes, outside wide leads and open leads."""

    floes: FloeField
    """Separate floes."""

    owners: Labels
    """int32 (H, W): nearest floe."""

    room: Field
    """float32 (H, W): distance to the nearest floe, pixels."""

    lead_levels: Grey
    """uint8 (H, W) of `leads.draw_leads`."""

    band_mask: Mask
    """bool (H, W): True in wide leads."""


def open_gaps(options: SimulationOptions, rng: Rng, ground: Ground) -> Gaps:
    """Open gaps until the wanted shares of thin ice and water are met.

    Each pixel between floes gets a score for opening and one for being young;
    quantiles of the scores give the shares exactly, the scores give the shapes.

    Args:
        options: Wanted shares.
        rng: Source of randomness.
        ground: Floes and leads so far; their water and thin ice count.

    Returns:
        The gaps.
    """
    lead_water = float((ground.lead_levels == WATER_LEVEL).mean())
    lead_thin = float(((ground.lead_levels > WATER_LEVEL) | ground.band_mask).mean())
    water_share = max(options.open_water_fraction - lead_water, 0.0)
    thin_share = max(options.thin_ice_fraction - lead_thin, 0.0)
    opening = np.where(ground.matrix_mask, _opening(options, rng, ground), _NEVER)
    gap_mask = opening > top_share_level(opening, min(water_share + thin_share, 1))
    gap_mask &= ground.matrix_mask
    youth = np.where(gap_mask, _youth(options, rng, ground), _NEVER)
    water_mask = youth > top_share_level(youth, min(water_share, 1))
    return Gaps(gap_mask, water_mask & gap_mask)


def _opening(options: SimulationOptions, rng: Rng, ground: Ground) -> Field:
    """Score how readily a pixel opens: log of (local strain / distance to a border).

    Thresholds of that ratio are gaps whose width follows the strain: a few wide
    bands between plates, many slits between cells, closed where strain is small.
    """
    short = min(options.shape)
    strain = fractal(options.shape, rng, short / 2.2, max(short / 64, 3), 0.55)
    coarse = _plates(options, rng, ground, short / 3.5)
    fine = _plates(options, rng, ground, short / 11)
    score = _band(border_distance(coarse), options.pixels(160))
    score = np.maximum(score, _band(border_distance(fine), options.pixels(50)))
    slit = _band(border_distance(ground.owners), options.pixels(10))
    score = np.maximum(score, slit) + np.float32(0.6) * strain
    # Loose ice does not freeze together far from its floes.
    loose = 2 * options.open_water_fraction / max(options.pixels(100), 1)
    return as_field(score + np.float32(loose) * ground.room)


def _plates(
    options: SimulationOptions, rng: Rng, ground: Ground, cell_px: float
) -> Labels:
    """Join the floes to random plates of a size."""
    cells = random_cells(options.shape, rng, cell_px)
    return plates(cells, ground.floes, ground.owners)


def _band(distance: Field, reach_px: float) -> Field:
    """Return log(reach / distance), 0 where the distance is the reach."""
    return as_field(math.log(reach_px) - cv2.log(distance + np.float32(1.5)))


def _youth(options: SimulationOptions, rng: Rng, ground: Ground) -> Field:
    """Score how young a gap is: the middle is youngest, brash makes it grainy."""
    short = min(options.shape)
    middle = np.minimum(ground.room, 15) * np.float32(1.4 / 15)
    youth = stirred(options.shape, rng, max(short / 3, 16)) + middle
    if options.brash <= 0:
        return youth
    grain = fractal(options.shape, rng, max(options.pixels(120), 2), 1.5, 0.9)
    return as_field(youth + np.float32(0.45 * options.brash) * grain)
