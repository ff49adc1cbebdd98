"""The two ends of a scene's brightness distribution: open water and thick ice."""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

Histogram = npt.NDArray[np.int64]
"""int64 (256,), pixels of each brightness."""

Density = npt.NDArray[np.float64]
"""float64 (256,), share of the pixels a level, smoothed."""

_SMOOTHING = 2.5
"""Standard deviation, levels: a plate of ice has one tone within about as much."""

_PEAK_REACH, _MASS_REACH = 6, 10
"""A mode is the highest level this near, and holds the pixels that near."""

_THICK_FROM, _USUAL_THICK_FROM = 100, 180
_USUAL_THICK = 225
_THICK_SHARE, _DIM_THICK_SHARE = 0.01, 0.25
"""A mode of thick ice holds 1 % of the scene where it is as bright as usual; a dimmer
one must rule the scene: it could be grey ice."""

_THICK_SPAN = 0.85
"""Thick ice reaches from here, of its brightest mode, upwards."""

_USUAL_WATER_TO, _WATER_TO = 0.14, 0.28
_WATER_SHARE, _LIFTED_WATER_SHARE = 0.003, 0.008
"""The same for water, of thick ice's brightness: a stretch may lift it to 40 or 57."""

_BESIDE = 0.25
"""Share of the heaviest dark tone that a darker one needs: a filter that takes too much
haze leaves a little at 0."""

_MOST_DARKER = 0.1
"""Pixels that may be clearly darker than lifted water, as a share of its mode."""


@dataclass(frozen=True)
class Modes:
    """Brightness of the two ends, 0..255; None where the scene does not show one."""

    water: int | None
    thick: int | None


def find_modes(histogram: Histogram) -> Modes:
    """Find the modes of water and of thick ice within guarded bounds.

    Args:
        histogram: int64 (256,), valid pixels of each brightness max(R, G, B).

    Returns:
        The brightness of each; None where nothing in its bounds stands out.
    """
    total = histogram.sum()
    if total == 0:
        return Modes(None, None)
    share = histogram / total
    density = smoothed(share, _SMOOTHING)
    thick = _thick(share, density)
    water = _water(share, density, _USUAL_THICK if thick is None else thick)
    if water is None and thick is not None and thick < _USUAL_THICK_FROM:
        # One dim tone alone may be any class.
        return Modes(_water(share, density, _USUAL_THICK), None)
    return Modes(water, thick)


def smoothed(values: Density, sigma: float) -> Density:
    """Smooth 256 values by a Gaussian; what lies beyond the ends is 0."""
    padded = np.pad(values, 16)[None]
    return np.asarray(cv2.GaussianBlur(padded, (0, 0), sigma), np.float64)[0, 16:-16]


def _thick(share: Density, density: Density) -> int | None:
    """Give the middle of the brightest tones that stand out."""
    for level in range(255, _THICK_FROM - 1, -1):
        usual = level >= _USUAL_THICK_FROM
        least = _THICK_SHARE if usual else _DIM_THICK_SHARE
        if _is_peak(density, level) and _mass(share, level) >= least:
            first = round(_THICK_SPAN * level)
            above = np.cumsum(share[first:])
            return first + int(np.searchsorted(above, above[-1] / 2))
    return None


def _water(share: Density, density: Density, thick: int) -> int | None:
    """Give the tone of water: the darkest that stands out.

    Where only a lifted tone stands out, nothing much may be darker.
    """
    peaks = [k for k in range(round(_WATER_TO * thick) + 1) if _is_peak(density, k)]
    masses = {k: _mass(share, k) for k in peaks}
    usual = [k for k in peaks if k <= _USUAL_WATER_TO * thick]
    usual = [k for k in usual if masses[k] >= _WATER_SHARE]
    if usual:
        heaviest = max(masses[k] for k in usual)
        return next(k for k in usual if masses[k] >= _BESIDE * heaviest)
    for level in peaks:
        if masses[level] >= _LIFTED_WATER_SHARE:
            darker = share[: max(level - _MASS_REACH, 0)].sum()
            return level if darker <= _MOST_DARKER * masses[level] else None
    return None


def _is_peak(density: Density, level: int) -> bool:
    near = density[max(level - _PEAK_REACH, 0) : level + _PEAK_REACH + 1]
    return bool(density[level] >= near.max())


def _mass(share: Density, level: int) -> float:
    return float(share[max(level - _MASS_REACH, 0) : level + _MASS_REACH + 1].sum())
