"""Which tones water and thick ice have in a scene, from its valid pixels."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from sea_ice_kedro.imagery.modes import find_modes

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

_GREYEST = 1
"""Difference of blue and red that no pixel exceeds where there is no colour."""


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


def find_tones(rgb: Half, ok: npt.NDArray[np.bool_]) -> Tones | None:
    """Find the tones of one scene.

    Args:
        rgb: uint8 (H/2, W/2, 3), means of 2 x 2 pixels.
        ok: bool (H/2, W/2), True where all four were observed.

    Returns:
        The tones; None where there is nothing to see or no colour to tell by: shadow
        on snow and thin ice of one brightness differ in tint alone.
    """
    seen = rgb[ok]
    if not len(seen):
        return None
    chroma = seen[:, 2].astype(np.int16) - seen[:, 0]
    if np.mean(np.abs(chroma) > _GREYEST) < 0.01:  # noqa: PLR2004 - one in a hundred
        return None
    bright = seen.max(axis=1)
    modes = find_modes(np.bincount(bright, minlength=256))
    thick = _THICK_DEFAULT if modes.thick is None else float(modes.thick)
    water = _WATER_SHARE * thick if modes.water is None else float(modes.water)
    near_thick = np.abs(bright.astype(np.int16) - thick) < _NEAR
    near_water = np.abs(bright.astype(np.int16) - water) < _NEAR / 2
    thick_chroma = _median(chroma[near_thick], 0.0)
    tint = [_median(bright[near_thick] - seen[near_thick, i], 0.0) for i in range(3)]
    deviation = np.abs(chroma[near_thick] - thick_chroma)
    return Tones(
        thick=thick,
        thick_tint=(tint[0], tint[1], tint[2]),
        water=water,
        thick_chroma=thick_chroma,
        water_chroma=_median(chroma[near_water], thick_chroma),
        shares=_shares(bright, thick, water),
        chroma_spread=float(np.clip(1.48 * _median(deviation, 2.0), 1.5, 6.0)),
    )


def _shares(
    bright: npt.NDArray[np.uint8], thick: float, water: float
) -> tuple[float, float, float]:
    """Count what looks like each class; none is taken for absent or for alone."""
    place = (bright - water) / (thick - water)
    seen = np.array(
        [np.mean(place > _THICK_FROM), 0.0, np.mean(place < _WATER_TO)], np.float64
    )
    seen[1] = 1 - seen.sum()
    likely = np.clip(seen, _LEAST_SHARE, 1)
    thick_share, thin_share, water_share = likely / likely.sum()
    return float(thick_share), float(thin_share), float(water_share)


def _median(values: npt.NDArray[Any], default: float) -> float:
    """Give the median, or a default where there are too few values."""
    return float(np.median(values)) if values.size >= _ENOUGH else default
