"""Floe sizes: power laws split into classes, radii drawn from them."""

import math
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from sea_ice_kedro.imagery.simulate.noise import Rng

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
