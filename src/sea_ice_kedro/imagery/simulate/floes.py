"""Floes: packed into a scene without overlap, the largest first."""

import math
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from sea_ice_kedro.imagery.simulate.floe_shapes import Points, outlines
from sea_ice_kedro.imagery.simulate.floe_sizes import draw_radii, size_classes
from sea_ice_kedro.imagery.simulate.noise import Field, Rng

_ROUNDS = 4
"""Times that free space is searched for the floes of one size class."""

_PITCH = 2.1
"""Distance of the points at which floes of one size are tried, in radii."""

_MOST_COMPARED = 600
"""Most floes of one size whose distances are all compared."""

_CROWDED = 1.0
"""Free distance that a floe's centre needs, in radii."""

Labels = npt.NDArray[np.int32]
"""int32 (H, W) of numbers of regions."""


@dataclass(frozen=True, eq=False)
class FloeField:
    """Floes of one scene."""

    labels: Labels
    """int32 (H, W): 0 between floes, else 1..N."""

    radii_px: npt.NDArray[np.float64]
    """float64 (N,): mean radius of floe i + 1, pixels."""

    centres_px: Points
    """float64 (N, 2): (column, row) of floe i + 1, pixels; may lie just outside."""


def place_floes(
    density: Field,
    rng: Rng,
    radii_px: tuple[float, float],
    exponent: float,
    cover: float,
) -> FloeField:
    """Pack floes into a scene, the largest first, each where it has room.

    Random sequential addition, one size class after the other, so that the drawn
    power law survives the packing.

    Args:
        density: float32 (H, W), 0..1: chance that a floe's centre may lie here.
        rng: Source of randomness.
        radii_px: Smallest and largest radius, pixels.
        exponent: Of the cumulative power law of sizes.
        cover: Wanted share of the scene under floes, 0..1.

    Returns:
        The floes; their cover falls short where there is no more room.
    """
    labels = np.zeros(density.shape, np.int32)
    placed = [np.zeros(0)]
    middles = [np.zeros((0, 2))]
    for low, high, share in size_classes(*radii_px, exponent):
        # Centres scatter over a margin too: floes reach in from outside.
        rows, columns = (n + _PITCH * high for n in density.shape)
        expected = share * cover * rows * columns / (math.pi * low * high)
        wanted = int(expected + rng.random())
        for _ in range(_ROUNDS):
            if wanted <= 0:
                break
            centres = _candidates(labels, density, rng, high)[:wanted]
            radii = draw_radii(rng, len(centres), low, high, exponent)
            first = 1 + sum(len(r) for r in placed)
            _paint(labels, outlines(centres, radii, rng), first)
            placed.append(radii)
            middles.append(centres)
            wanted -= len(centres)
    field = FloeField(labels, np.concatenate(placed), np.concatenate(middles))
    return _thinned(field, rng, cover)


def _thinned(field: FloeField, rng: Rng, cover: float) -> FloeField:
    """Take floes of any size away at random until they fit into their cover."""
    count = len(field.radii_px)
    area = np.bincount(field.labels.ravel(), minlength=count + 1)[1:]
    budget = cover * field.labels.size
    if area.sum() <= budget:
        return field
    order = rng.permutation(count)
    kept = np.sort(order[np.cumsum(area[order]) <= budget])
    renumbered = np.zeros(count + 1, np.int32)
    renumbered[kept + 1] = np.arange(1, len(kept) + 1)
    return FloeField(
        renumbered[field.labels], field.radii_px[kept], field.centres_px[kept]
    )


def _candidates(labels: Labels, density: Field, rng: Rng, radius: float) -> Points:
    """Give shuffled centres, (N, 2), that are `radius` off all floes and each other."""
    step = max(1, int(radius / 6))
    free = (labels[::step, ::step] == 0).astype(np.uint8)
    room = np.minimum(cv2.distanceTransform(free, cv2.DIST_L2, 3), 1e6) * step
    rows, columns = labels.shape
    points = _scattered((rows, columns), rng, _PITCH * radius)
    row = np.clip(points[:, 1], 0, rows - 1).astype(int)
    column = np.clip(points[:, 0], 0, columns - 1).astype(int)
    fits = room[row // step, column // step] >= _CROWDED * radius
    fits &= rng.random(len(points)) < density[row, column]
    return _apart(rng.permutation(points[fits]), 1.9 * radius)


def _apart(points: Points, distance: float) -> Points:
    """Keep points, first come first served, that are no closer than a distance.

    Only where they are few, so large: overlaps of small floes do not show.
    """
    if len(points) > _MOST_COMPARED:
        return points
    gap = np.hypot(*(points[:, None, :] - points[None, :, :]).transpose(2, 0, 1))
    kept = np.zeros(len(points), bool)
    for index, near in enumerate(gap < distance):
        kept[index] = not (near & kept).any()
    apart: Points = points[kept]
    return apart


def _scattered(shape: tuple[int, int], rng: Rng, pitch: float) -> Points:
    """Scatter points about a grid turned at random, so that no direction shows.

    Returns:
        float64 (N, 2), (column, row), pixels, over the scene and a margin.
    """
    angle = rng.uniform(0, math.pi)
    turn = np.array(
        [[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]]
    )
    half = math.ceil(math.hypot(*shape) / 2 / pitch) + 1
    steps = np.arange(-half, half + 1) * pitch
    points = np.stack(np.meshgrid(steps, steps), axis=-1).reshape(-1, 2)
    points += rng.uniform(-0.38, 0.38, points.shape) * pitch
    points += rng.uniform(-0.5, 0.5, 2) * pitch
    points = points @ turn + np.array([shape[1] / 2, shape[0] / 2])
    limit = np.array([shape[1], shape[0]]) + pitch / 2
    inside_mask = ((points > -pitch / 2) & (points < limit)).all(axis=1)
    inside: Points = points[inside_mask]
    return inside


def _paint(labels: Labels, polygons: npt.NDArray[np.float64], first: int) -> None:
    """Fill polygons into the labels under construction, numbered from `first`."""
    corners = np.round(polygons * 16).astype(np.int32)
    for number, corner in enumerate(corners, first):
        cv2.fillPoly(labels, [corner], number, shift=4)
