"""Floes: power-law sizes, angular to rounded outlines, packed without overlap."""

import math
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
import numpy.typing as npt

from sea_ice_kedro.imagery.simulate.noise import Field, Rng

_CLASS_RATIO = 1.5
"""Ratio of the radii at both ends of a size class."""

_ROUNDS = 4
"""Times that free space is searched for the floes of one size class."""

_SMOOTH_PX = 8.0
"""Radius up to which a floe's rim is smooth at the size of a pixel."""

_CROWDED = 1.0
"""Free distance that a floe's centre needs, in radii."""

Labels = npt.NDArray[np.int32]
"""int32 (H, W) of numbers of regions."""

Points = npt.NDArray[np.float64]
"""float64 (N, 2), columns are (column, row) in pixels, as OpenCV draws."""


@dataclass(frozen=True, eq=False)
class FloeField:
    """Floes of one scene."""

    labels: Labels
    """int32 (H, W): 0 between floes, else 1..N."""

    radii_px: npt.NDArray[np.float64]
    """float64 (N,): mean radius of floe i + 1, pixels."""

    centres_px: Points
    """float64 (N, 2): (column, row) of floe i + 1, pixels; may lie just outside."""


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
        mean_area = math.pi * (low * high) * 1.05
        wanted = rng.poisson(share * cover * density.size / mean_area)
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
    return FloeField(labels, np.concatenate(placed), np.concatenate(middles))


def _candidates(labels: Labels, density: Field, rng: Rng, radius: float) -> Points:
    """Give shuffled centres, (N, 2), that are `radius` off all floes and each other."""
    step = max(1, int(radius / 6))
    free = (labels[::step, ::step] == 0).astype(np.uint8)
    room = np.minimum(cv2.distanceTransform(free, cv2.DIST_L2, 3), 1e6) * step
    rows, columns = labels.shape
    pitch = 2.1 * radius
    grid = np.mgrid[0 : rows + pitch : pitch, 0 : columns + pitch : pitch]
    points = grid.reshape(2, -1).T + rng.uniform(-0.5, 0.5, 2) * pitch
    points += rng.uniform(-0.3, 0.3, points.shape) * pitch
    row = np.clip(points[:, 0], 0, rows - 1).astype(int)
    column = np.clip(points[:, 1], 0, columns - 1).astype(int)
    fits = room[row // step, column // step] >= _CROWDED * radius
    fits &= rng.random(len(points)) < density[row, column]
    return rng.permutation(points[fits][:, ::-1])


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
    """Give relative, self-affine deviations of a rim: float64 (count, vertices)."""
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


def _paint(labels: Labels, polygons: npt.NDArray[np.float64], first: int) -> None:
    """Fill polygons into the labels under construction, numbered from `first`."""
    corners = np.round(polygons * 16).astype(np.int32)
    for number, corner in enumerate(corners, first):
        cv2.fillPoly(labels, [corner], number, shift=4)
