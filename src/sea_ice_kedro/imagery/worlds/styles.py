"""How the ice of a world may lie: floes, brash, pack, an ice edge, one class alone."""

import math

import cv2
import numpy as np

from sea_ice_kedro.imagery.arrays import Codes, Mask
from sea_ice_kedro.imagery.classes import SeaIceClass
from sea_ice_kedro.imagery.simulate.cells import border_distance, random_cells
from sea_ice_kedro.imagery.simulate.floes import Labels
from sea_ice_kedro.imagery.simulate.ice import form_ice
from sea_ice_kedro.imagery.simulate.noise import (
    Field,
    Rng,
    as_field,
    coin,
    fractal,
    stirred,
    streaks,
    top_share_level,
)
from sea_ice_kedro.imagery.simulate.options import SimulationOptions

Shape = tuple[int, int]
"""(H, W), pixels."""

THICK, THIN, WATER = (
    np.uint8(SeaIceClass.THICK_ICE),
    np.uint8(SeaIceClass.THIN_ICE),
    np.uint8(SeaIceClass.OPEN_WATER),
)

STYLES = {
    "floes": 0.27,
    "brash": 0.08,
    "levels": 0.1,
    "pack": 0.13,
    "ice edge": 0.12,
    "formed": 0.1,
    "all water": 0.1,
    "all thick": 0.07,
    "all thin": 0.03,
}
"""How the ice of a world may come about, and in which share of the worlds."""


def _rounded(mask: Mask, radius: float) -> Mask:
    """Round corners: bool (H, W)."""
    soft = cv2.GaussianBlur(mask.astype(np.float32), (0, 0), max(radius, 0.8))
    return np.asarray(soft > 0.5)


def _floes(shape: Shape, rng: Rng, scale: float) -> tuple[Codes, Labels]:
    """Break a sheet into floes of many sizes, apart by a gap that varies."""
    size = scale * float(np.exp(rng.uniform(math.log(10), math.log(130))))
    cells = random_cells(shape, rng, size)
    if coin(rng):
        # Some cells stay together: floes of all sizes.
        coarse = random_cells(shape, rng, size * rng.uniform(2, 4))
        apart = fractal(shape, rng, size * 6, size, 0.5) > rng.uniform(-1.0, 0.8)
        cells = np.where(apart, cells, coarse + cells.max()).astype(np.int32)
    room = border_distance(cells) * (1 + 0.25 * fractal(shape, rng, size, 3, 0.6))
    opening = fractal(shape, rng, size * rng.uniform(3, 9), size, 0.5)
    gap = size * np.clip(rng.uniform(0.0, 0.22) + rng.uniform(0, 0.16) * opening, 0, 1)
    floe_mask = room > gap + 0.6
    if coin(rng):
        floe_mask = _rounded(floe_mask, 0.06 * size)
    lost = rng.random(int(cells.max()) + 1) < rng.uniform(0, 0.5)
    gone = lost[cells] & (opening > rng.uniform(-0.5, 1.0))
    thin_share = rng.choice([0.0, rng.uniform(0, 1), 1.0], p=[0.3, 0.5, 0.2])
    between = _mixed(shape, rng, size * 4, thin_share)
    codes = np.where(floe_mask & ~gone, THICK, between)
    if coin(rng):
        # Some of the floes are of thin ice.
        young = rng.random(int(cells.max()) + 1) < rng.uniform(0.05, 0.4)
        codes = np.where((codes == THICK) & young[cells], THIN, codes)
    return codes, cells


def _mixed(shape: Shape, rng: Rng, size: float, thin_share: float) -> Codes:
    """Fill with water and thin ice in patches, a share of it thin ice."""
    field = (
        stirred(shape, rng, max(size, 12)) if coin(rng) else fractal(shape, rng, size)
    )
    return np.where(field > top_share_level(field, thin_share), THIN, WATER)


def strew(shape: Shape, rng: Rng, scale: float) -> tuple[Codes, Labels]:
    """Strew small pieces in water: a marginal ice zone, brash, fragments."""
    size = float(np.clip(scale * rng.uniform(5, 14), 4, 40))
    cells = random_cells(shape, rng, size)
    density = stirred(shape, rng, min(shape) / rng.uniform(1.5, 5))
    share = rng.uniform(0.1, 0.7)
    level = top_share_level(density, share)
    keep = rng.normal(0, 0.6, int(cells.max()) + 1)[cells] + density > level
    room = border_distance(cells)
    piece_mask = keep & (room > rng.uniform(0.8, 0.2 * size + 0.9))
    code = THICK if rng.random() < 0.8 else THIN
    between = _mixed(shape, rng, size * 6, rng.choice([0.0, rng.uniform(0, 0.8)]))
    return np.where(piece_mask, code, between), cells


def _levels(shape: Shape, rng: Rng, scale: float) -> tuple[Codes, Labels]:
    """Cut a random field at two levels: nilas, polynyas, tongues of ice."""
    size = min(shape) / rng.uniform(1.2, 6)
    kinds = (
        lambda: stirred(shape, rng, size),
        lambda: fractal(shape, rng, size, 3, rng.uniform(0.4, 0.65)),
        lambda: (
            streaks(shape, rng, rng.uniform(0, math.pi), size * 2, size / 4)
            + 0.6 * fractal(shape, rng, size, 3, 0.6)
        ),
    )
    field = as_field(kinds[int(rng.integers(len(kinds)))]())
    water, thin = rng.uniform(0, 0.7), rng.uniform(0.05, 0.7)
    total = max(water + thin, 1.0) * rng.uniform(1.0, 1.6)
    water, thin = water / total, thin / total
    lower = top_share_level(field, 1 - water) if water > 0.02 else -math.inf
    upper = top_share_level(field, 1 - water - thin)
    codes = np.where(field > upper, THICK, np.where(field > lower, THIN, WATER))
    return codes, random_cells(shape, rng, 60 * scale)


def _pack(shape: Shape, rng: Rng, scale: float) -> tuple[Codes, Labels]:
    """Close the pack; `_cracked` and wide leads open it."""
    plates = random_cells(shape, rng, scale * rng.uniform(40, 160))
    codes = np.full(shape, THICK)
    for _ in range(int(rng.integers(0, 4))):
        band = _band(shape, rng, rng.uniform(0.01, 0.16) * min(shape))
        codes = np.where(band, _mixed(shape, rng, 80 * scale, rng.uniform(0, 1)), codes)
    return codes, plates


def _band(shape: Shape, rng: Rng, width: float) -> Mask:
    """Lay a winding band across the scene: bool (H, W)."""
    middle = winding_line(shape, rng) + rng.uniform(-0.4, 0.4) * min(shape)
    return np.asarray(np.abs(middle) < width / 2)


def winding_line(shape: Shape, rng: Rng) -> Field:
    """Measure the distance from a winding line through the middle, pixels, signed."""
    angle = rng.uniform(0, 2 * math.pi)
    y, x = np.mgrid[: shape[0], : shape[1]].astype(np.float32)
    plane = (y - shape[0] / 2) * math.sin(angle) + (x - shape[1] / 2) * math.cos(angle)
    bend = fractal(
        shape, rng, min(shape) / rng.uniform(1, 3), 3, rng.uniform(0.35, 0.6)
    )
    return as_field(plane + rng.uniform(0.02, 0.16) * min(shape) * bend)


def _ice_edge(shape: Shape, rng: Rng, scale: float) -> tuple[Codes, Labels]:
    """Lay ice beside open sea: fast ice, an ice edge, often with a thin rim."""
    offset = winding_line(shape, rng) + rng.uniform(-0.35, 0.35) * min(shape)
    plates = random_cells(shape, rng, scale * rng.uniform(30, 120))
    rim = rng.choice([0.0, rng.uniform(0.02, 0.4) * min(shape)])
    ice = THICK if rng.random() < 0.75 else THIN
    codes = np.where(offset > 0, ice, np.where(offset > -rim, THIN, WATER))
    if coin(rng):
        pieces, _ = strew(shape, rng, scale)
        near = np.exp(-np.abs(offset) / (rng.uniform(0.03, 0.3) * min(shape)))
        loose = (offset <= 0) & (near > rng.uniform(0.1, 0.7))
        codes = np.where(loose, pieces, codes)
    return codes, plates


def _formed(shape: Shape, rng: Rng, scale: float) -> tuple[Codes, Labels]:
    """Form ice as the sample scenes do: floes by a power law, gaps, cracks, leads."""
    water, thin = rng.uniform(0, 0.6), rng.uniform(0, 0.6)
    total = max(1.1, 1.15 * (water + thin))
    geometry = form_ice(
        SimulationOptions(
            height=shape[0],
            width=shape[1],
            pixel_size_m=float(np.exp(rng.uniform(math.log(10), math.log(60)))),
            open_water_fraction=water / total,
            thin_ice_fraction=thin / total,
            lead_density=rng.uniform(0, 1.2),
        ),
        rng,
    )
    del scale
    return geometry.codes.copy(), geometry.owners


def _whole(
    code: np.uint8, shape: Shape, rng: Rng, scale: float
) -> tuple[Codes, Labels]:
    return np.full(shape, code), random_cells(shape, rng, scale * rng.uniform(40, 200))


def _all_water(shape: Shape, rng: Rng, scale: float) -> tuple[Codes, Labels]:
    return _whole(WATER, shape, rng, scale)


def _all_thick(shape: Shape, rng: Rng, scale: float) -> tuple[Codes, Labels]:
    return _whole(THICK, shape, rng, scale)


def _all_thin(shape: Shape, rng: Rng, scale: float) -> tuple[Codes, Labels]:
    codes, plates = _whole(THIN, shape, rng, scale)
    if coin(rng):
        codes = np.where(_band(shape, rng, 0.05 * min(shape)), WATER, codes)
    return codes, plates


LAID = {
    "floes": _floes,
    "brash": strew,
    "levels": _levels,
    "pack": _pack,
    "ice edge": _ice_edge,
    "formed": _formed,
    "all water": _all_water,
    "all thick": _all_thick,
    "all thin": _all_thin,
}
