"""Gaps between floes: bands along plates, slits between cells, what floats there."""

import math
from dataclasses import dataclass

import cv2
import numpy as np

from sea_ice_kedro.imagery.arrays import Grey, Mask
from sea_ice_kedro.imagery.simulate.cells import (
    border_distance,
    plates,
    random_cells,
)
from sea_ice_kedro.imagery.simulate.floes import FloeField, Labels
from sea_ice_kedro.imagery.simulate.leads import WATER_LEVEL
from sea_ice_kedro.imagery.simulate.noise import (
    Field,
    Rng,
    as_field,
    fractal,
    stirred,
    top_share_level,
)
from sea_ice_kedro.imagery.simulate.options import SimulationOptions

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
