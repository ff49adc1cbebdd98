"""Which tones water and thick ice have in a scene, from its valid pixels."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sea_ice_kedro.imagery.modes import Histogram, find_modes

Half = npt.NDArray[np.uint8]
"""uint8 (H/2, W/2, 3): means of 2 x 2 pixels."""

_WATER_SHARE = 0.058
"""Of thick ice's brightness: water in a scene that shows none (13 of 225, as in the
Ross Sea scenes of Iqrah et al. 2024)."""

_THICK_DEFAULT = 225.0
"""Thick ice in a scene without a bright mode (0.88 of white, same scenes)."""

_NEAR = 8
"""Pixels within so many levels of a mode have its tone."""

_THICK_FROM, _WATER_TO = 0.9, 0.1
"""On the way from water to thick ice."""

_LEAST_SHARE = (0.3, 0.2, 0.08)
"""Cloud and shadow hide some of each class."""

_ENOUGH = 200
"""Pixels that a colour can be told from."""

_LEAST_TINTED = 0.01
"""Share of the pixels with some colour, without which there is none."""

_DARKER = np.arange(511, dtype=np.float64)
_CHROMAS = np.arange(-255, 256, dtype=np.float64)
"""What the counts of `tally_tints` are of."""


@dataclass(frozen=True)
class Tones:
    """Brightness max(R, G, B) and tint of the two ends of the ice scale."""

    thick: float
    """Brightness of thick ice, the mode."""

    thick_tint: tuple[float, float, float]
    """How much darker than the brightest channel it is in R, G, B."""

    water: float
    """Brightness of open water, the mode."""

    thick_chroma: float
    """Blue less red of thick ice."""

    water_chroma: float
    """Blue less red of open water."""

    chroma_spread: float
    """Standard deviation of blue less red among pixels of one tone."""

    shares: tuple[float, float, float]
    """Of thick ice, thin ice and water, roughly, before anything is restored."""


def find_tones(rgb: Half, ok: npt.NDArray[np.bool_], step: int = 1) -> Tones | None:
    """Find the tones of one scene.

    Args:
        rgb: uint8 (H/2, W/2, 3), means of 2 x 2 pixels.
        ok: bool (H/2, W/2), True where all four were observed.
        step: Every so many rows and columns are looked at.

    Returns:
        The tones; None where there is nothing to see or no colour to tell by: shadow
        on snow and thin ice of one brightness differ in tint alone.
    """
    # Late: loading compiled code is for workers, not for `kedro --help`.
    from sea_ice_kedro.imagery.illumination import kernels  # noqa: PLC0415

    by_bright, tinted = np.zeros(256, np.int64), np.zeros(2, np.int64)
    kernels.tally(rgb, ok, step, by_bright, tinted)
    if tinted[0] < _LEAST_TINTED * tinted[1] or not tinted[1]:
        return None
    modes = find_modes(by_bright)
    thick = _THICK_DEFAULT if modes.thick is None else float(modes.thick)
    water = _WATER_SHARE * thick if modes.water is None else float(modes.water)
    ends = np.array([thick, water, _NEAR, _NEAR / 2], np.float32)
    counts = np.zeros((5, 511), np.int64)
    kernels.tally_tints(rgb, ok, step, ends, counts)
    tint = [_median(_DARKER, counts[channel], 0.0) for channel in range(3)]
    thick_chroma = _median(_CHROMAS, counts[3], 0.0)
    deviation = _median(np.abs(_CHROMAS - thick_chroma), counts[3], 2.0)
    return Tones(
        thick=thick,
        thick_tint=(tint[0], tint[1], tint[2]),
        water=water,
        thick_chroma=thick_chroma,
        water_chroma=_median(_CHROMAS, counts[4], thick_chroma),
        shares=_shares(by_bright, thick, water),
        chroma_spread=float(np.clip(1.48 * deviation, 1.5, 6.0)),
    )


def _shares(
    by_bright: Histogram, thick: float, water: float
) -> tuple[float, float, float]:
    """Count what looks like each class; none is taken for absent or for alone."""
    place, total = (np.arange(256) - water) / (thick - water), by_bright.sum()
    seen = np.array(
        [
            by_bright[place > _THICK_FROM].sum() / total,
            0.0,
            by_bright[place < _WATER_TO].sum() / total,
        ],
        np.float64,
    )
    seen[1] = 1 - seen.sum()
    likely = np.clip(seen, _LEAST_SHARE, 1)
    thick_share, thin_share, water_share = likely / likely.sum()
    return float(thick_share), float(thin_share), float(water_share)


def _median(
    values: npt.NDArray[np.float64], counts: Histogram, default: float
) -> float:
    """Give the median of values that occur so often, or a default if they are few."""
    total = int(counts.sum())
    if total < _ENOUGH:
        return default
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(counts[order])
    middle = np.searchsorted(reached, [(total - 1) // 2, total // 2], side="right")
    return float(values[order][middle].mean())
