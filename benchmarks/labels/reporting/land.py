"""What is no sea ice: rock, tundra, snowy hills, icebergs, ice shelves."""

import cv2
import numpy as np

from benchmarks.labels.reporting import optics
from benchmarks.labels.reporting.arrangements import Recipe
from benchmarks.labels.reporting.fields import (
    Field,
    Shape,
    above,
    gaussian_field,
    log_uniform,
    ramp,
    smooth_step,
)
from benchmarks.labels.reporting.ground import (
    NO_CLASS,
    NOT_SCORED,
    Ground,
    shaded,
)
from sea_ice_kedro.imagery.arrays import Mask

# 665, 560, 490 nm: granite, basalt and lichen, dry tundra, wet tundra (ECOSTRESS
# spectral library, Meerdink et al. 2019; Juszak et al. 2014)
SOILS = (
    (0.22, 0.19, 0.16),
    (0.10, 0.09, 0.085),
    (0.14, 0.11, 0.07),
    (0.08, 0.08, 0.05),
)


def _hills(rng: np.random.Generator, shape: Shape, coast: Field) -> optics.Colours:
    """Draw hills that rise from the coast, bare or snow-covered, lit from one side."""
    rough = gaussian_field(rng, shape, 0.15 * max(shape), slope=rng.uniform(1.9, 2.3))
    height = np.asarray(rough + 0.5 * coast, np.float32)
    soils = [optics.as_colour(SOILS[i]) for i in rng.choice(len(SOILS), 2)]
    which = smooth_step(gaussian_field(rng, shape, 60, slope=1.7), -0.7, 1.4)
    ground = soils[0] + which[..., None] * (soils[1] - soils[0])
    snowline, patchy = (
        rng.uniform(-3, 2),
        0.5 * gaussian_field(rng, shape, 40, slope=1.5),
    )
    snow = smooth_step(height + patchy, snowline, rng.uniform(0.2, 1.0))[..., None]
    colour = ground * (1 - snow) + rng.uniform(0.7, 0.88) * snow
    sun = rng.uniform(0, 2 * np.pi)
    lit = shaded(cv2.GaussianBlur(height, (0, 0), 1.5), sun, rng.uniform(0.12, 0.3))
    # shade keeps skylight, which is blue
    shade = np.clip(1 - lit, 0, 1)[..., None] * optics.as_colour([-0.06, 0.0, 0.1])
    return np.asarray(np.clip(colour * (lit[..., None] + shade), 0, 1), np.float32)


def _shelf(rng: np.random.Generator, shape: Shape) -> optics.Colours:
    """Draw an ice shelf: clean snow, stripes of flow, a few crevasses."""
    angle = rng.uniform(0, np.pi)
    swell = gaussian_field(
        rng, shape, 0.04 * max(shape), stretch=5, angle=angle, slope=2.4
    )
    swell = cv2.GaussianBlur(swell, (0, 0), 3)
    rifts = gaussian_field(rng, shape, 12, stretch=8, angle=angle + 1.2, slope=1.8)
    tone = rng.uniform(0.82, 0.93) * shaded(swell, angle + 1.2, rng.uniform(0.04, 0.08))
    tone -= rng.uniform(0, 0.15) * smooth_step(rifts, 2.2, 0.6)
    none = np.zeros(shape, np.float32)
    return optics.thick_ice(np.clip(tone, 0.3, 0.97), none, none)


def with_coast(rng: np.random.Generator, ground: Ground) -> Ground:
    """Return the ground with land or an ice shelf along one side, and islands."""
    shape = (ground.codes.shape[0], ground.codes.shape[1])
    coast = ramp(shape, rng.uniform(0, 2 * np.pi)) * rng.uniform(0.3, 2)
    coast = coast + 0.5 * gaussian_field(rng, shape, 0.2 * max(shape), slope=2.0)
    coast = np.asarray(coast, np.float32)
    where = above(coast, rng.uniform(0.1, 0.45))
    if rng.random() < 0.2:
        return _moat(rng, ground, where).shown(where, _shelf(rng, shape), NO_CLASS)
    edge = np.asarray(coast - coast[where].min(), np.float32)
    return ground.shown(where, _hills(rng, shape, edge), NO_CLASS)


def _moat(rng: np.random.Generator, ground: Ground, where: Mask) -> Ground:
    """Return the ground with a dark line before an ice front: tide crack and shade."""
    width = 2 * int(rng.integers(2, 7)) + 1
    round_ = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (width, width))
    near = cv2.dilate(where.astype(np.uint8), round_) > 0
    dark = ground.colours * np.float32(rng.uniform(0.1, 0.4))
    return ground.shown(near, dark, NOT_SCORED)


def _under_cliff(rng: np.random.Generator, ground: Ground, where: Mask) -> Ground:
    """Return the ground in the shade of what stands 10..40 m above it; not scored."""
    reach, turn = log_uniform(rng, 1.5, 8), rng.uniform(0, 2 * np.pi)
    fallen = where.astype(np.uint8)
    for step in np.linspace(0, reach, int(reach) + 2):
        moved = np.array([[1, 0, step * np.cos(turn)], [0, 1, step * np.sin(turn)]])
        size = (where.shape[1], where.shape[0])
        fallen |= cv2.warpAffine(where.astype(np.uint8), moved, size, flags=0)
    dark = ground.colours * optics.as_colour([0.22, 0.27, 0.34])
    return ground.shown(fallen > 0, dark, NOT_SCORED)


def with_icebergs(rng: np.random.Generator, ground: Ground, recipe: Recipe) -> Ground:
    """Return the ground with icebergs: clean snow above everything, casting shade."""
    height, width = ground.codes.shape
    bergs = np.zeros((height, width), np.uint8)
    for _ in range(rng.integers(2, 15)):
        radius = min(recipe.scale * 0.4 / (1 - rng.random()) ** 0.7, 5 * recipe.scale)
        turns = np.sort(rng.uniform(0, 2 * np.pi, rng.integers(5, 11)))
        around = np.stack([np.cos(turns), rng.uniform(0.4, 1) * np.sin(turns)], axis=1)
        outline = rng.uniform(0, 1, 2) * (width, height) + around * radius
        cv2.fillPoly(bergs, [np.round(outline).astype(np.int32)], 1)
    where = (bergs > 0) & (ground.codes != NO_CLASS)  # they float
    tops = _shelf(rng, (height, width))
    return _under_cliff(rng, ground, where).shown(where, tops, NO_CLASS)
