"""Class limits that fit a scene: from its own modes of water and of thick ice."""

import math
from dataclasses import dataclass

import numpy as np

from sea_ice_kedro.imagery.modes import (
    Density,
    Histogram,
    Modes,
    Shown,
    find_modes,
    smoothed,
)

_WATER_FROM, _WATER_USUAL, _WATER_TO, _WATER_REACH = 0.05, 0.11, 0.4, 0.07
_THICK_TO, _THICK_USUAL, _THICK_FROM, _THICK_REACH = 0.05, 0.2, 0.4, 0.1
"""Where limits may lie, as shares of the way from water to thick ice, and how far from
the usual place a valley is still preferred to it. The usual place of thin ice is about
that of 31 between 13 and 225 (Iqrah et al. 2024 and their scenes). That of thick ice
lies below their 205: shade and thin haze dim snow by some tenths, grey ice by more."""

_NO_WATER = 0.2
"""Where no water stands out, what is darker than this share of thick ice, in its
darkest channel, still is water: it may be in a few leads only."""

_FINER = 0.6
"""Valleys are looked for with this share of the smoothing of modes."""

_EMPTY = 3e-4
"""Share of the pixels a level below which one is as empty as another."""

_USUAL_WATER = 0.058
"""Water where none stands out, of thick ice's brightness (13 of 225)."""

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
    """First brightness max(R, G, B) of thick ice."""

    source: str
    """"scene", "published", "values", "filter"; or why a limit fell back."""

    by_darkest: bool = False
    """Whether `thin_ice_min` is of min(R, G, B), in which water of any colour is dark;
    else of max(R, G, B)."""

    @property
    def pair(self) -> tuple[int, int]:
        """(thin_ice_min, thick_ice_min)."""
        return self.thin_ice_min, self.thick_ice_min


def place_limits(
    brightest: Histogram, darkest: Histogram | None, fallback: tuple[int, int]
) -> Limits:
    """Place the limits in the valleys beside the modes of water and thick ice.

    Where thick ice does not stand out, or neither does, the fallback's limits hold and
    the source says so. Where water does not, a share of thick ice's tone stands in.

    Args:
        brightest: int64 (256,), valid pixels of each brightness max(R, G, B).
        darkest: int64 (256,), the same pixels by min(R, G, B), in which water is looked
            for; None: limits of max(R, G, B) alone.
        fallback: First brightness of thin and of thick ice where a class is missing.

    Returns:
        The limits, 0 < thin_ice_min < thick_ice_min <= 255.
    """
    shown = Shown.of(brightest, brightest if darkest is None else darkest)
    modes = Modes(None, None, None) if shown is None else find_modes(shown)
    if shown is None or modes.thick is None or modes.thick_darkest is None:
        source = NEITHER if modes.water is None else NO_THICK_ICE
        return Limits(*fallback, source)
    bright, dark = (
        smoothed(shares, _FINER * shown.smoothing)
        for shares in (shown.brightest, shown.darkest)
    )
    water = _USUAL_WATER * modes.thick if modes.water is None else modes.water
    way = water - modes.thick
    ends = _THICK_TO, _THICK_USUAL, _THICK_FROM
    thick = _valley(bright, [modes.thick + e * way for e in ends], -_THICK_REACH * way)
    if modes.water is None:
        thin = _NO_WATER * modes.thick_darkest
    else:
        way = modes.thick_darkest - water
        ends = _WATER_FROM, _WATER_USUAL, _WATER_TO
        thin = _valley(dark, [water + e * way for e in ends], _WATER_REACH * way)
    thick_ice_min = max(_first(thick, shown.stretch), 2)
    return Limits(
        min(_first(thin, shown.stretch), thick_ice_min - 1),
        thick_ice_min,
        NO_WATER if modes.water is None else BOTH,
        by_darkest=darkest is not None,
    )


def _valley(density: Density, ends: list[float], reach: float) -> float:
    """Return the emptiest level in bounds; far from the usual one it must be emptier.

    Args:
        density: float64 (256,).
        ends: A bound, the usual level, the other bound.
        reach: Distance from the usual level that counts as half a nat.
    """
    first, last = round(min(ends)), round(max(ends))
    levels = np.arange(max(first, 1), max(min(last, 255), first, 1) + 1)
    away = (levels - ends[1]) / max(reach, 1.0)
    return float(levels[np.argmin(np.log(density[levels] + _EMPTY) + 0.5 * away**2)])


def _first(limit: float, stretch: float) -> int:
    """Return the first of a scene's own levels that is spread to a limit or above."""
    return max(math.ceil(limit / stretch - 0.5), 1)
