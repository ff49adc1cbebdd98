"""Floes: their sizes and outlines, packed into a scene; and the cells around them."""

import math
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
import numpy.typing as npt

from sea_ice_kedro.imagery.arrays import Mask
from sea_ice_kedro.imagery.simulate.noise import Field, Rng, as_field

_CLASS_RATIO = 1.5
"""Ratio of the radii at both ends of a size class."""


def size_classes(
    min_px: float, max_px: float, exponent: float
) -> list[tuple[float, float, float]]:
    """Split a power law N(>r) ~ r^-exponent into classes with their area shares.

    Args:
        min_px: Smallest radius, pixels.
        max_px: Largest radius, pixels.
        exponent: Of the cumulative distribution (Rothrock & Thorndike 1984).

    Returns:
        (smallest radius, largest radius, share of the floe area), largest first.
    """
    steps = max(1, math.ceil(math.log(max_px / min_px) / math.log(_CLASS_RATIO)))
    edges = np.geomspace(max_px, min_px, steps + 1)
    area = np.array([_power_integral(b, a, 1 - exponent) for a, b in pairwise(edges)])
    shares = area / area.sum()
    return [
        (float(low), float(high), float(share))
        for high, low, share in zip(edges[:-1], edges[1:], shares, strict=True)
    ]


def _power_integral(low: float, high: float, power: float) -> float:
    """Integrate x^power from low to high."""
    if math.isclose(power, -1):
        return math.log(high / low)
    return float((high ** (power + 1) - low ** (power + 1)) / (power + 1))


def draw_radii(
    rng: Rng, count: int, low: float, high: float, exponent: float
) -> npt.NDArray[np.float64]:
    """Draw radii, float64 (count,), from N(>r) ~ r^-exponent between low and high."""
    a, b = low**-exponent, high**-exponent
    radii: npt.NDArray[np.float64] = np.power(
        a + rng.random(count) * (b - a), -1 / exponent
    )
    return radii


# --- Floe outlines: the cut of half-planes, angular to rounded, with rough rims

Points = npt.NDArray[np.float64]
"""float64 (N, 2), columns are (column, row) in pixels, as OpenCV draws."""

_SMOOTH_PX = 8.0
"""Radius up to which a floe's rim is smooth at the size of a pixel."""


def outlines(
    centres: Points, radii: npt.NDArray[np.float64], rng: Rng
) -> npt.NDArray[np.float64]:
    """Draw floe outlines: the cut of half-planes, corners rounded, edges rough.

    Args:
        centres: float64 (N, 2), (column, row), pixels.
        radii: float64 (N,), pixels.
        rng: Source of randomness.

    Returns:
        float64 (N, V, 2), vertices (column, row), pixels.
    """
    count, sides = len(radii), 6
    biggest = float(radii.max(initial=1.0))
    vertices = int(np.clip(2.2 * math.sqrt(biggest) + 5, 7, 90))
    angle = np.arange(vertices) * (2 * math.pi / vertices)
    normal = (np.arange(sides) + rng.uniform(-0.48, 0.48, (count, sides))) * (
        2 * math.pi / sides
    )
    height = rng.uniform(0.66, 1.12, (count, sides))
    cosine = np.cos(angle[None, :, None] - normal[:, None, :])
    # A soft maximum of cos/height: a large power leaves sharp corners.
    power = rng.uniform(12, 60, (count, 1))
    cut = np.maximum(cosine, 0.05) / height[:, None, :]
    reach = (cut ** power[:, :, None]).sum(axis=2) ** (-1 / power)
    reach *= 1 + _roughness(rng, count, vertices, biggest)
    return centres[:, None, :] + _stretched(rng, reach * radii[:, None], angle)


def _roughness(
    rng: Rng, count: int, vertices: int, biggest: float
) -> npt.NDArray[np.float64]:
    """Return relative, self-affine deviations of a rim: float64 (count, vertices)."""
    spectrum = np.zeros((count, vertices // 2 + 1), complex)
    waves = np.arange(2, vertices // 2 + 1)
    phase = rng.uniform(0, 2 * math.pi, (count, len(waves)))
    spectrum[:, 2:] = np.exp(1j * phase) * waves**-1.1
    amplitude = 0.03 if biggest > _SMOOTH_PX else 0.01
    return np.fft.irfft(spectrum, vertices, axis=1) * vertices * amplitude


def _stretched(
    rng: Rng, reach: npt.NDArray[np.float64], angle: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Turn polar outlines into (N, V, 2), elongated along a direction of their own."""
    ratio = np.sqrt(rng.uniform(1.0, 1.6, (len(reach), 1)))
    turn = rng.uniform(0, math.pi, (len(reach), 1))
    x, y = reach * np.cos(angle) * ratio, reach * np.sin(angle) / ratio
    cosine, sine = np.cos(turn), np.sin(turn)
    return np.stack([x * cosine - y * sine, x * sine + y * cosine], axis=2)


# --- Floes: packed into a scene without overlap, the largest first

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


# --- Cells: every pixel belongs to the floe next to it; cells freeze into plates


def nearest_floes(labels: Labels) -> tuple[Labels, Field]:
    """Assign every pixel to its nearest floe.

    Args:
        labels: int32 (H, W): 0 between floes, else a floe's number.

    Returns:
        int32 (H, W) of floe numbers (0 only where there is no floe at all), and
        float32 (H, W) of the distance to that floe, pixels.
    """
    floe_mask = labels > 0
    if not floe_mask.any():
        return labels, np.full(labels.shape, math.hypot(*labels.shape), np.float32)
    distance, nearest = cv2.distanceTransformWithLabels(
        (~floe_mask).astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    floe_of = np.zeros(int(nearest.max()) + 1, np.int32)
    floe_of[nearest[floe_mask]] = labels[floe_mask]
    return floe_of[nearest], as_field(distance)


def borders(regions: Labels) -> Mask:
    """Mark pixels whose region differs from the one below or to the right."""
    border = np.zeros(regions.shape, bool)
    border[:-1] |= regions[:-1] != regions[1:]
    border[:, :-1] |= regions[:, :-1] != regions[:, 1:]
    return border


def border_distance(regions: Labels) -> Field:
    """Measure the distance to the next border between regions, pixels: float32."""
    border = borders(regions)
    if not border.any():
        return np.full(regions.shape, math.hypot(*regions.shape), np.float32)
    inside = (~border).astype(np.uint8)
    return as_field(cv2.distanceTransform(inside, cv2.DIST_L2, 3))


def random_cells(shape: tuple[int, int], rng: Rng, cell_px: float) -> Labels:
    """Cut a scene into angular cells around random points (Voronoi 1908).

    Args:
        shape: (rows, columns).
        rng: Source of randomness.
        cell_px: Mean size of a cell, pixels.

    Returns:
        int32 (H, W) of cell numbers, from 1 on.
    """
    count = max(3, round(shape[0] * shape[1] / cell_px**2))
    elsewhere = np.ones(shape, np.uint8)
    elsewhere[rng.integers(0, shape[0], count), rng.integers(0, shape[1], count)] = 0
    labels = cv2.distanceTransformWithLabels(
        elsewhere, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )[1]
    return labels.astype(np.int32, copy=False)


def plates(cells: Labels, floes: FloeField, owners: Labels) -> Labels:
    """Join floes into plates: each floe goes to the cell that its centre lies in.

    Borders between plates run around floes, as leads do.

    Args:
        cells: int32 (H, W) of coarse cells.
        floes: The floes.
        owners: int32 (H, W) of `nearest_floes`.

    Returns:
        int32 (H, W) of plate numbers.
    """
    rows, columns = cells.shape
    row = np.clip(floes.centres_px[:, 1], 0, rows - 1).astype(np.int64)
    column = np.clip(floes.centres_px[:, 0], 0, columns - 1).astype(np.int64)
    cell_of = np.concatenate([[0], cells[row, column]]).astype(np.int32)
    return cell_of[owners]
