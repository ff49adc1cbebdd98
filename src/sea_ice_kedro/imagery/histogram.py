"""The histogram of a scene's brightness, and its two ends: open water and thick ice."""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from sea_ice_kedro.imagery.arrays import Mask


def histogram_of(
    values: npt.NDArray[np.uint8], valid_mask: Mask | None = None
) -> npt.NDArray[np.int64]:
    """Count the pixels of each value.

    Args:
        values: uint8 (H, W).
        valid_mask: bool (H, W), True where a pixel counts; None: everywhere.

    Returns:
        int64 (256,).
    """
    # Late: loading compiled code is for workers, not for `kedro --help`.
    from sea_ice_kedro.imagery import kernels  # noqa: PLC0415

    absent = 0
    if valid_mask is not None:
        absent = valid_mask.size - int(np.count_nonzero(valid_mask))
        values = np.where(valid_mask, values, np.uint8(0)) if absent else values
    counts = np.zeros((kernels.TABLES, 256), np.int64)
    kernels.count_levels(np.ascontiguousarray(values).ravel(), counts)
    histogram = counts.sum(axis=0)
    histogram[0] -= absent
    return np.asarray(histogram, np.int64)


# --- The two ends of a scene's brightness distribution: open water and thick ice

Histogram = npt.NDArray[np.int64]
"""int64 (256,), pixels of each brightness."""

Density = npt.NDArray[np.float64]
"""float64 (256,), share of the pixels a level, smoothed."""

USUAL_THICK = 225
"""Brightness of thick ice where it is shown in full."""

_DIM_TO, _DIM_CONTRAST = 0.9, 3.0
"""A scene whose brightest hundredth starts below this share of the usual thick ice, and
that still spans so many times its darkest hundredth, is shown dimly: its levels are
spread to the usual range before modes are looked for. A narrow one may be one class."""

_END = 0.01
"""Share of the pixels taken for the darkest and for the brightest."""

_BLACK_TO = 2
"""Levels up to here are absent or clipped, not a tone. Only where no other dark tone
stands out they are taken for water."""

FINE, _MOST_SMOOTHING = 2.5, 12.0
"""Standard deviation, levels: a plate of ice has one tone within about as much."""

_OF_SPACING = 0.75
"""The same in a picture of few levels, as a share of the distance between two."""

_PEAK_REACH, _MASS_REACH = 6, 10
"""A mode is the highest level this near, and holds the pixels that near."""

_THICK_FROM, _USUAL_THICK_FROM = 100, 180
_THICK_SHARE, _DIM_THICK_SHARE = 0.01, 0.25
"""A mode of thick ice holds 1 % of the scene where it is as bright as usual; a dimmer
one must rule the scene: it could be grey ice."""

_ALONE_FROM = 166
"""Without water to compare it with, a tone is thick ice from here on: 0.65 of white,
the albedo of bare thick ice (Perovich 1996); grey-white ice has less. A dimmer one may
be any class."""

_BESIDE_THICK = 0.25
"""Share of the heaviest mode that a brighter one needs: cloud and glint are brighter
than the ice that rules a scene."""

_THICK_SPAN = 0.85
"""Thick ice reaches from here, of its brightest mode, to as far above it."""

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
    """Tones of the two ends, 0..255; None where the scene does not show one."""

    water: int | None
    """Of water in its darkest channel, min(R, G, B): navy, green or grey."""

    thick: int | None
    """Of thick ice in its brightest channel, max(R, G, B)."""

    thick_darkest: int | None
    """Of thick ice in its darkest channel."""


@dataclass(frozen=True, eq=False)
class Shown:
    """The tones of a scene, spread to the usual range where it is shown dimly."""

    brightest: Density
    """float64 (256,), share of the pixels by max(R, G, B); not smoothed."""

    darkest: Density
    """float64 (256,), the same by min(R, G, B)."""

    stretch: float
    """By what the scene's levels were multiplied, 1 or more."""

    black: float
    """Share of the pixels whose darkest channel is clipped, but not all three."""

    smoothing: float
    """Standard deviation, levels, by which modes are told from chance."""

    @classmethod
    def of(cls, brightest: Histogram, darkest: Histogram) -> "Shown | None":
        """Spread the two histograms of a scene.

        Args:
            brightest: int64 (256,), valid pixels of each max(R, G, B).
            darkest: int64 (256,), the same pixels by min(R, G, B).

        Returns:
            The shares; None where there is nothing but black.
        """
        bright, dark = brightest.astype(float), darkest.astype(float)
        bright[: _BLACK_TO + 1] = 0
        total = bright.sum()
        dark[: _BLACK_TO + 1] = 0
        if total == 0:
            return None
        low, high = level_at(bright, _END), level_at(bright, 1 - _END)
        dim = high < _DIM_TO * USUAL_THICK and high >= _DIM_CONTRAST * low
        stretch = USUAL_THICK / high if dim else 1.0
        levels = np.count_nonzero(bright[low : high + 1])
        spacing = stretch * (high + 1 - low) / levels
        smoothing = np.clip(_OF_SPACING * spacing, FINE, _MOST_SMOOTHING)
        return cls(
            _spread(bright / total, stretch),
            _spread(dark / total, stretch),
            stretch,
            max(1 - dark.sum() / total, 0.0),
            float(smoothing),
        )


def find_modes(shown: Shown) -> Modes:
    """Find the modes of water and of thick ice within guarded bounds.

    Returns:
        The tones, in levels of `shown`; None where nothing in its bounds stands out.
    """
    bright = smoothed(shown.brightest, shown.smoothing)
    thick = _thick(shown.brightest, bright)
    if thick is not None:
        # A hair less: where no pixel lies between the two ends, not the lower one.
        brighter = (1 - 1e-6) * shown.brightest[thick:].sum()
        thick_darkest = max(level_at(shown.darkest, 1 - brighter), 1)
        water = _water(shown, thick_darkest)
        if water is not None or thick >= _ALONE_FROM:
            return Modes(water, thick, thick_darkest)
    return Modes(_water(shown, USUAL_THICK), None, None)


def smoothed(values: Density, sigma: float) -> Density:
    """Smooth 256 values by a Gaussian; what lies beyond the ends is 0."""
    padded = np.pad(values, 64)[None]
    return np.asarray(cv2.GaussianBlur(padded, (0, 0), sigma), np.float64)[0, 64:-64]


def level_at(counts: Density, share: float) -> int:
    """Return the first level up to which at least a share of the pixels lies."""
    below = np.cumsum(counts)
    return min(int(np.searchsorted(below, share * below[-1] * (1 - 1e-12))), 255)


def _spread(shares: Density, stretch: float) -> Density:
    """Multiply the levels; what a level held is spread evenly over its new ones."""
    edges = np.minimum(np.arange(257) / stretch, 256)
    edges[-1] = 256
    below = np.interp(edges, np.arange(257), np.r_[0, np.cumsum(shares)])
    return np.asarray(np.diff(below))


def _thick(share: Density, density: Density) -> int | None:
    """Return the middle of the brightest tones that stand out."""
    levels = range(255, _THICK_FROM - 1, -1)
    masses = {k: mass_at(share, k) for k in levels if is_peak(density, k)}
    for level, mass in masses.items():
        usual = level >= _USUAL_THICK_FROM
        least = _THICK_SHARE if usual else _DIM_THICK_SHARE
        if mass >= max(least, _BESIDE_THICK * max(masses.values())):
            first, last = round(_THICK_SPAN * level), round(level / _THICK_SPAN)
            return first + level_at(share[first : last + 1], 0.5)
    return None


def _water(shown: Shown, thick: int) -> int | None:
    """Return the tone of water: the darkest that stands out.

    Where only a lifted tone stands out, nothing much may be darker.
    """
    share, density = shown.darkest, smoothed(shown.darkest, shown.smoothing)
    peaks = [k for k in range(round(_WATER_TO * thick) + 1) if is_peak(density, k)]
    masses = {k: mass_at(share, k) for k in peaks}
    usual = [k for k in peaks if k <= _USUAL_WATER_TO * thick]
    usual = [k for k in usual if masses[k] >= _WATER_SHARE]
    if usual:
        heaviest = max(masses[k] for k in usual)
        return next(k for k in usual if masses[k] >= _BESIDE * heaviest)
    for level in peaks:
        if masses[level] >= _LIFTED_WATER_SHARE:
            darker = share[: max(level - _MASS_REACH, 0)].sum()
            if darker <= _MOST_DARKER * masses[level]:
                return level
            break
    return 0 if shown.black >= _LIFTED_WATER_SHARE else None


def is_peak(density: Density, level: int) -> bool:
    """Return whether a level is the most frequent one near it."""
    near = density[max(level - _PEAK_REACH, 0) : level + _PEAK_REACH + 1]
    return bool(density[level] >= near.max() > 0)


def mass_at(share: Density, level: int) -> float:
    """Return the share of the pixels near a level."""
    return float(share[max(level - _MASS_REACH, 0) : level + _MASS_REACH + 1].sum())
