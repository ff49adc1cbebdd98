"""Class limits that fit a scene: from its own modes of water and of thick ice."""

from dataclasses import dataclass

import numpy as np

from sea_ice_kedro.imagery.modes import Density, Histogram, find_modes, smoothed

_WATER_FROM, _WATER_USUAL, _WATER_TO = 0.05, 0.095, 0.18
_THICK_TO, _THICK_USUAL, _THICK_FROM = 0.05, 0.095, 0.20
"""Where limits may lie, as shares of the way from water to thick ice; the usual place
is about that of 31 and 205 between 13 and 225 (Iqrah et al. 2024 and their scenes)."""

_REACH = 0.05
"""Share of the way within which a valley is preferred to the usual place."""

_SMOOTHING = 1.5
"""Standard deviation, levels."""

BOTH = "scene"
NO_WATER = "no water stands out"
NO_THICK_ICE = "no thick ice stands out"
NEITHER = "neither water nor thick ice stands out"
FALLBACKS = (NO_WATER, NO_THICK_ICE, NEITHER)
"""Sources of limits that a scene could not give, or not both."""


@dataclass(frozen=True)
class Limits:
    """Limits of one scene and where they come from."""

    thin_ice_min: int
    """First brightness of thin ice."""

    thick_ice_min: int
    """First brightness of thick ice."""

    source: str
    """"scene", "published", "values", "filter"; or why a limit fell back."""

    @property
    def pair(self) -> tuple[int, int]:
        """(thin_ice_min, thick_ice_min)."""
        return self.thin_ice_min, self.thick_ice_min


def place_limits(histogram: Histogram, fallback: tuple[int, int]) -> Limits:
    """Place the limits in the valleys beside the modes of water and thick ice.

    A limit whose class does not stand out is the fallback's, and the source says so.

    Args:
        histogram: int64 (256,), valid pixels of each brightness max(R, G, B).
        fallback: First brightness of thin and of thick ice where a class is missing.

    Returns:
        The limits, 0 < thin_ice_min < thick_ice_min <= 255.
    """
    modes = find_modes(histogram)
    thin, thick = fallback
    if modes.thick is None and modes.water is None:
        return Limits(thin, thick, NEITHER)
    density = smoothed(histogram / histogram.sum(), _SMOOTHING)
    low = 0.058 * (modes.thick or 0) if modes.water is None else modes.water
    high = low / 0.058 if modes.thick is None else modes.thick
    way = high - low
    source = BOTH
    if modes.thick is None:
        source = NO_THICK_ICE
    else:
        thick = _valley(
            density,
            high - _THICK_FROM * way,
            high - _THICK_TO * way,
            high - _THICK_USUAL * way,
            _REACH * way,
        )
    if modes.water is None:
        source = NO_WATER
    elif modes.thick is not None:
        thin = _valley(
            density,
            low + _WATER_FROM * way,
            low + _WATER_TO * way,
            low + _WATER_USUAL * way,
            _REACH * way,
        )
    return Limits(min(thin, thick - 1), thick, source)


def _valley(
    density: Density, first: float, last: float, usual: float, reach: float
) -> int:
    """Give the emptiest level in bounds; far from the usual one it must be emptier."""
    levels = np.arange(round(first), round(last) + 1)
    levels = levels[(levels > 0) & (levels <= 255)]  # noqa: PLR2004
    away = (levels - usual) / reach
    return int(levels[np.argmin(np.log(density[levels] + 1e-5) + 0.5 * away**2)])
