"""Random fields: fractal noise, streaks and quantiles. All from a given generator."""

import math
from collections.abc import Callable

import cv2
import numpy as np
import numpy.typing as npt

Field = npt.NDArray[np.float32]
"""float32 (H, W)."""

Rng = np.random.Generator

_CUBIC_FROM_PX = 4.0
"""Cells larger than this are interpolated cubically: corners would show."""


def as_field(array: npt.ArrayLike) -> Field:
    """Return an array as float32, without a copy where it is float32 already."""
    return np.asarray(array, np.float32)


def coin(rng: Rng) -> bool:
    """Toss a fair coin."""
    return bool(rng.random() < 0.5)  # noqa: PLR2004 - fair


def log_uniform(rng: Rng, low: float, high: float) -> float:
    """Draw a positive number whose logarithm is uniform: a size of any order."""
    return float(np.exp(rng.uniform(math.log(low), math.log(high))))


def fractal(
    shape: tuple[int, int],
    rng: Rng,
    coarsest_px: float,
    finest_px: float = 4.0,
    roughness: float = 0.5,
) -> Field:
    """Draw fractal value noise by midpoint refinement (Fournier et al. 1982).

    Args:
        shape: (rows, columns).
        rng: Source of randomness.
        coarsest_px: Size of the largest structures, pixels.
        finest_px: Size of the smallest structures, pixels.
        roughness: Amplitude of an octave relative to the one twice its size.

    Returns:
        float32 (H, W), mean 0, standard deviation 1.
    """
    octaves = max(1, 1 + round(math.log2(max(coarsest_px / finest_px, 1.0))))
    diagonal = math.hypot(*shape)
    field = np.zeros((3, 3), np.float32)
    for octave in range(octaves):
        cell = coarsest_px / 2**octave
        side = math.ceil(diagonal / cell) + 4
        grid = rng.standard_normal((side, side), np.float32)
        field = _turned(field, (side, side), 2.0, rng)
        field = field + np.float32(roughness**octave) * grid
    return standardised(_turned(field, shape, cell, rng))


def _turned(field: Field, shape: tuple[int, int], scale: float, rng: Rng) -> Field:
    """Enlarge a field about its centre and turn it at random.

    Without the turn, interpolated grids show rows and columns: leads would run along
    the axes of the scene.
    """
    angle = rng.uniform(0, 2 * math.pi)
    linear = np.array(
        [[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]]
    )
    linear /= scale
    target = (np.array([shape[1], shape[0]]) - 1) / 2
    source = (np.array(field.shape[::-1]) - 1) / 2
    matrix = np.hstack([linear, (source - linear @ target)[:, None]])
    turned = cv2.warpAffine(
        field,
        matrix,
        (shape[1], shape[0]),
        flags=(cv2.INTER_CUBIC if scale > _CUBIC_FROM_PX else cv2.INTER_LINEAR)
        | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REFLECT,
    )
    return as_field(turned)


def stirred(shape: tuple[int, int], rng: Rng, scale_px: float) -> Field:
    """Stir fractal noise with eddies into swirls and filaments.

    Args:
        shape: (rows, columns).
        rng: Source of randomness.
        scale_px: Size of the largest structures and eddies, pixels.

    Returns:
        float32 (H, W), mean 0, standard deviation 1.
    """
    field = fractal(shape, rng, scale_px, 4, 0.55)
    flow = [fractal(shape, rng, scale_px, scale_px / 8, 0.5) for _ in range(2)]
    column, row = np.meshgrid(
        np.arange(shape[1], dtype=np.float32), np.arange(shape[0], dtype=np.float32)
    )
    reach = np.float32(0.45 * scale_px)
    moved = cv2.remap(
        field,
        column + reach * flow[0],
        row + reach * flow[1],
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REFLECT,
    )
    return standardised(as_field(moved))


def standardised(field: Field) -> Field:
    """Shift and scale a field to mean 0 and standard deviation 1."""
    mean, deviation = cv2.meanStdDev(field)
    scale = 1 / max(float(deviation[0, 0]), 1e-6)
    shift = -float(mean[0, 0]) * scale
    return as_field(cv2.addWeighted(field, scale, field, 0, shift))


def streaks(
    shape: tuple[int, int], rng: Rng, angle: float, length_px: float, width_px: float
) -> Field:
    """Draw noise that is stretched along a direction: wind streaks, sastrugi.

    Args:
        shape: (rows, columns).
        rng: Source of randomness.
        angle: Direction of the streaks, radians from the column axis.
        length_px: Structure size along the streaks, pixels.
        width_px: Structure size across the streaks, pixels.

    Returns:
        float32 (H, W), mean 0, standard deviation 1.
    """

    def grain(side: tuple[int, int]) -> Field:
        return rng.standard_normal(side, np.float32)

    field = _laid(grain, shape, angle, (length_px, width_px), cv2.INTER_LINEAR)
    return standardised(field)


def lattice(
    shape: tuple[int, int], rng: Rng, angle: float, length_px: float, width_px: float
) -> Field:
    """Draw rectangles of random level -1 or 1 along a direction (finger rafting)."""

    def levels(side: tuple[int, int]) -> Field:
        return rng.integers(0, 2, side).astype(np.float32) * 2 - 1

    return _laid(levels, shape, angle, (length_px, width_px), cv2.INTER_NEAREST)


def _laid(
    drawn: Callable[[tuple[int, int]], Field],
    shape: tuple[int, int],
    angle: float,
    cell_px: tuple[float, float],
    interpolation: int,
) -> Field:
    """Lay a rotated grid of length x width cells over pixels, centre on centre."""
    diagonal = math.hypot(*shape)
    length_px, width_px = cell_px
    rows = math.ceil(diagonal / width_px) + 4
    columns = math.ceil(diagonal / length_px) + 4
    along = np.array([math.cos(angle), math.sin(angle)]) / length_px
    across = np.array([-math.sin(angle), math.cos(angle)]) / width_px
    linear = np.stack([along, across])
    centre = linear @ np.array([shape[1] / 2, shape[0] / 2])
    offset = np.array([columns / 2, rows / 2]) - centre
    field = cv2.warpAffine(
        drawn((rows, columns)),
        np.hstack([linear, offset[:, None]]),
        (shape[1], shape[0]),
        flags=interpolation | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REFLECT,
    )
    return as_field(field)


def top_share_level(field: Field, share: float) -> float:
    """Return the level that a share (0..1) of a field's pixels exceeds."""
    if share <= 0:
        return math.inf
    if share >= 1:
        return -math.inf
    step = max(1, math.isqrt(field.size // 60_000))
    return float(np.quantile(field[::step, ::step], 1 - share))


def smoothstep(field: Field, low: float, high: float) -> Field:
    """Rise smoothly from 0 at `low` to 1 at `high`: 3x² - 2x³."""
    x = (field - np.float32(low)) * np.float32(1 / (high - low))
    np.clip(x, 0, 1, out=x)
    return as_field(x * x * (3 - 2 * x))
