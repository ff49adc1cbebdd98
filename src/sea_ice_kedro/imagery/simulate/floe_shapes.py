"""Floe outlines: the cut of half-planes, angular to rounded, with rough rims."""

import math

import numpy as np
import numpy.typing as npt

from sea_ice_kedro.imagery.simulate.noise import Rng

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
