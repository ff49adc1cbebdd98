"""Where ice, water, ponds and land lie in a world; no colour yet."""

import math
from dataclasses import dataclass

import cv2
import numpy as np

from sea_ice_kedro.imagery.arrays import Codes, Mask
from sea_ice_kedro.imagery.classes import SeaIceClass
from sea_ice_kedro.imagery.simulate.floes import (
    Labels,
    border_distance,
    borders,
    random_cells,
)
from sea_ice_kedro.imagery.simulate.noise import (
    Field,
    Rng,
    as_field,
    coin,
    fractal,
    log_uniform,
    stirred,
    streaks,
    top_share_level,
)
from sea_ice_kedro.imagery.simulate.options import SimulationOptions
from sea_ice_kedro.imagery.simulate.surface import form_ice

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
    size = scale * log_uniform(rng, 10, 130)
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
            pixel_size_m=log_uniform(rng, 10, 60),
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


# --- Where ice, water, ponds and land lie in a world; no colour yet

_LAND_SHARE = 0.18
_POND_SHARE = 0.28
_BERG_SHARE = 0.03
_CRACKED = {"pack": 0.95, "all thick": 0.95}
"""Share that is cracked, of styles without floes: ice moves, and no wide field of it is
as smooth as a sheet of cloud."""


@dataclass(frozen=True, eq=False)
class Ground:
    """The surface of a world, pixel by pixel."""

    style: str
    """One of `STYLES`."""

    codes: Codes
    """uint8 (H, W) of `SeaIceClass` codes; of what lies around it where it is land."""

    plates: Labels
    """int32 (H, W): pieces of ice that froze together, each with a tone of its own."""

    age: Field
    """float32 (H, W), 0..1: how old thin ice is; 0 is the youngest."""

    pond_mask: Mask
    """bool (H, W): True on melt ponds, whose code is thin ice."""

    land_mask: Mask
    """bool (H, W): True on land, glaciers and icebergs, which are no sea ice."""

    snowy_land: bool
    """Land is a glacier, an ice shelf or an iceberg, white all over."""

    pixel_scale: float
    """Structures are so many times larger, in pixels, than on average."""

    @property
    def shape(self) -> Shape:
        """(H, W) in pixels."""
        return self.codes.shape[0], self.codes.shape[1]


def lay_ground(shape: Shape, rng: Rng) -> Ground:
    """Lay out the ice of one world in one of many styles.

    Args:
        shape: (H, W), pixels.
        rng: Source of randomness.

    Returns:
        The surface; where it is one class only, its style says so.
    """
    names = list(STYLES)
    style = str(rng.choice(names, p=np.array(list(STYLES.values()))))
    scale = float(np.exp(rng.uniform(-1.0, 1.0)))
    codes, plates = LAID[style](shape, rng, scale)
    age = _ages(shape, rng, scale)
    if style not in ("all water", "all thin") and rng.random() < _CRACKED.get(
        style, 0.5
    ):
        codes = _cracked(codes, rng, scale)
    if style in ("floes", "ice edge", "levels") and rng.random() < 0.35:
        codes = _withstrew(codes, rng, scale)
    pond_mask = np.zeros(shape, bool)
    if style in ("floes", "pack", "all thick", "formed") and rng.random() < _POND_SHARE:
        pond_mask = (codes == THICK) & _ponds(shape, rng)
        codes = np.where(pond_mask, THIN, codes)
    land_mask, snowy_land = np.zeros(shape, bool), False
    if rng.random() < _LAND_SHARE:
        land_mask = _land(shape, rng)
    elif rng.random() < _BERG_SHARE:
        land_mask, snowy_land = _bergs(shape, rng, scale), True
    return Ground(style, codes, plates, age, pond_mask, land_mask, snowy_land, scale)


def _cracked(codes: Codes, rng: Rng, scale: float) -> Codes:
    """Cut cracks and leads through the ice: winding lines, open or refrozen."""
    canvas = np.zeros(codes.shape, np.uint8)
    rows, columns = codes.shape
    for _ in range(int(rng.integers(1, 14))):
        code = 1 + (rng.random() < 0.5)
        start = rng.uniform(-0.1, 1.1, 2) * (columns, rows)
        heading, points = rng.uniform(0, 2 * math.pi), [start]
        for _ in range(int(rng.integers(4, 40))):
            heading += rng.normal(0, 0.35)
            step = rng.uniform(0.02, 0.06) * min(rows, columns)
            points.append(
                points[-1] + step * np.array([math.cos(heading), math.sin(heading)])
            )
        width = max(1, round(scale * float(np.exp(rng.uniform(0, 2.2)))))
        line = np.rint(np.array(points)).astype(np.int32)
        cv2.polylines(canvas, [line[:, None]], False, int(code), width)
    cut = np.where(canvas == 1, THIN, WATER)
    return np.where((canvas > 0) & (codes != WATER), cut, codes)


def _withstrew(codes: Codes, rng: Rng, scale: float) -> Codes:
    """Strew small pieces of ice over the water."""
    pieces, _ = strew((codes.shape[0], codes.shape[1]), rng, 0.6 * scale)
    return np.where(codes == WATER, pieces, codes)


def _ages(shape: Shape, rng: Rng, scale: float) -> Field:
    """Draw the age of thin ice: sheets with steps, slopes, or one age: 0..1."""
    smooth = fractal(shape, rng, min(shape) / rng.uniform(1, 4), 6, 0.5)
    sheets = random_cells(shape, rng, scale * rng.uniform(20, 120))
    level = rng.standard_normal(int(sheets.max()) + 1).astype(np.float32)[sheets]
    age = rng.uniform(0, 0.3) * smooth + rng.choice([0.0, 0.12, 0.25]) * level
    return as_field(np.clip(rng.uniform(0, 1) + age, 0, 1))


def _ponds(shape: Shape, rng: Rng) -> Mask:
    """Draw melt ponds: winding pools in hollows of the ice: bool (H, W)."""
    size = log_uniform(rng, 10, 220)
    field = fractal(shape, rng, size, 3, rng.uniform(0.4, 0.6))
    where = fractal(shape, rng, min(shape) / 2, 30, 0.5) > rng.uniform(-1.5, 0.5)
    return (field > rng.uniform(0.4, 1.6)) & where


def _land(shape: Shape, rng: Rng) -> Mask:
    """Lay land behind a coast with bays and islands: bool (H, W)."""
    offset = winding_line(shape, rng) + rng.uniform(-0.4, 0.15) * min(shape)
    rough = fractal(shape, rng, min(shape) / 3, 3, rng.uniform(0.45, 0.65))
    return np.asarray(offset + rng.uniform(0.02, 0.12) * min(shape) * rough > 0)


def _bergs(shape: Shape, rng: Rng, scale: float) -> Mask:
    """Set a few icebergs or an ice shelf into the scene: bool (H, W)."""
    cells = random_cells(shape, rng, scale * rng.uniform(20, 70))
    chosen = rng.random(int(cells.max()) + 1) < rng.uniform(0.01, 0.06)
    return chosen[cells] & (border_distance(cells) > 1.5)


def seams(plates: Labels) -> Mask:
    """Mark the seams between plates, where ridges and healed cracks run."""
    return borders(plates)
