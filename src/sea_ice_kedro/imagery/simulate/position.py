"""Where and when a simulated scene was taken: the Ross Sea in November 2019."""

import math
from datetime import UTC, datetime, timedelta

from sea_ice_kedro.imagery.arrays import Georeference
from sea_ice_kedro.imagery.simulate.noise import Rng
from sea_ice_kedro.imagery.simulate.options import SimulationOptions

_EQUATOR_M = 6_378_137.0
_ECCENTRICITY = 0.081_819_190_842_6
_TRUE_SCALE = math.radians(71)
"""WGS 84 and the latitude of true scale of EPSG:3031."""


def place_scene(options: SimulationOptions, rng: Rng) -> Georeference:
    """Choose a place in the Ross Sea box of Iqrah et al. (2024, III-A).

    Args:
        options: Size of the scene.
        rng: Source of randomness.

    Returns:
        EPSG:3031, the origin on a multiple of 10 m.
    """
    x, y = polar_stereographic(rng.uniform(-76.2, -72), rng.uniform(-174, -146))
    size = options.pixel_size_m
    left = round((x - options.width * size / 2) / 10) * 10
    top = round((y + options.height * size / 2) / 10) * 10
    return Georeference("EPSG:3031", (size, 0.0, float(left), 0.0, -size, float(top)))


def polar_stereographic(latitude: float, longitude: float) -> tuple[float, float]:
    """Project degrees to EPSG:3031, metres (Snyder 1987, eq. 15-9, 21-33, 21-34)."""
    phi, theta = math.radians(-latitude), math.radians(longitude)
    scale = math.cos(_TRUE_SCALE) / math.sqrt(
        1 - (_ECCENTRICITY * math.sin(_TRUE_SCALE)) ** 2
    )
    radius = _EQUATOR_M * scale * _conformal(phi) / _conformal(_TRUE_SCALE)
    return radius * math.sin(theta), radius * math.cos(theta)


def _conformal(phi: float) -> float:
    """Return Snyder's t of a latitude in radians (eq. 15-9)."""
    bulge = _ECCENTRICITY * math.sin(phi)
    squash = math.pow((1 - bulge) / (1 + bulge), _ECCENTRICITY / 2)
    return math.tan(math.pi / 4 - phi / 2) / squash


def acquisition_time(rng: Rng) -> datetime:
    """Choose a time on a November 2019 day, late morning in the Ross Sea, in UTC."""
    day = datetime(2019, 11, 1, 20, tzinfo=UTC) + timedelta(days=int(rng.integers(30)))
    return day + timedelta(seconds=int(rng.integers(7200)))
