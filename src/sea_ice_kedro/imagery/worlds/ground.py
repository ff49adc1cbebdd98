"""Where ice, water, ponds and land lie in a world; no colour yet."""

import math
from dataclasses import dataclass

import cv2
import numpy as np

from sea_ice_kedro.imagery.arrays import Codes, Mask
from sea_ice_kedro.imagery.simulate.cells import border_distance, borders, random_cells
from sea_ice_kedro.imagery.simulate.floes import Labels
from sea_ice_kedro.imagery.simulate.noise import Field, Rng, as_field, fractal
from sea_ice_kedro.imagery.worlds.styles import (
    LAID,
    STYLES,
    THICK,
    THIN,
    WATER,
    Shape,
    strew,
    winding_line,
)

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
    size = float(np.exp(rng.uniform(math.log(10), math.log(220))))
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
