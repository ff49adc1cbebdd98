"""Which tones water and thick ice have in a scene, from its valid pixels."""

from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from sea_ice_kedro.imagery.modes import FINE, Shown, find_modes

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

_ENOUGH = 50
"""Pixels that a colour can be told from."""

_LEAST_TINTED = 0.01
"""Share of the pixels with some colour, without which there is none."""

_AIR_CHROMA = 8.0
"""Most that the air above makes dark surfaces bluer, where none shows it."""

_CLIPPED = 250
"""Thick ice from this brightness on has lost its tint to the end of the display."""

YOUNG_ICE_BLUER = 4.0
"""Most by which young ice is bluer than the line from water to thick ice."""

_SHADED, _LEAST_SHADED = (0.4, 0.92), 0.005
"""Share of thick ice's light in which a tint of shadow shows, and share of the pixels
that must show it."""

_USUAL_RED_LOSS, _RED_LOSSES = 1.2, (1.05, 3.0)
"""Tint of shadow in a scene that shows none, and within what bounds it is believed:
from almost neutral, under much thick cloud, to deep blue, under a low sun."""


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

    stretch: float = 1.0
    """By what the levels of a dim scene were multiplied before its tones were found."""

    red_loss: float = 1.0
    """A shadow takes so many times as much of the red light as of the blue."""

    @property
    def losses(self) -> tuple[float, float, float]:
        """Share of R, G, B that a shadow takes, of the share of blue it takes."""
        return self.red_loss, (1 + self.red_loss) / 2, 1.0


def find_tones(rgb: Half, ok: npt.NDArray[np.bool_], step: int = 1) -> Tones | None:
    """Find the tones of one scene.

    Args:
        rgb: uint8 (H/2, W/2, 3), means of 2 x 2 pixels.
        ok: bool (H/2, W/2), True where all four were observed.
        step: Every so many rows and columns are looked at.

    Returns:
        The tones; None where there is nothing to see, no colour to tell by (shadow on
        snow and thin ice of one brightness differ in tint alone), or where the display
        lost it: of few levels, or with thick ice clipped to white.
    """
    pixels = rgb[::step, ::step][ok[::step, ::step]]
    if _tinted(pixels) < _LEAST_TINTED:
        return None
    counts = (np.bincount(end, minlength=256) for end in _ends(pixels))
    shown = Shown.of(*counts)
    if shown is None or shown.smoothing > FINE:
        return None
    if shown.stretch > 1:
        pixels = cv2.convertScaleAbs(pixels, alpha=shown.stretch)
    modes = find_modes(shown)
    thick = _THICK_DEFAULT if modes.thick is None else float(modes.thick)
    if thick >= _CLIPPED:
        return None
    bright, dark = _ends(pixels)
    chroma = pixels[:, 2].astype(np.int16) - pixels[:, 0]
    if modes.water is None:
        water, is_water = _WATER_SHARE * thick, np.zeros(len(pixels), bool)
    else:
        is_water = np.abs(dark.astype(np.int16) - modes.water) < _NEAR / 2
        water = _median(bright[is_water], float(modes.water))
    is_thick = np.abs(bright - thick) < _NEAR
    tint = [_median((bright - pixels[:, c])[is_thick], 0.0) for c in range(3)]
    thick_chroma = _median(chroma[is_thick], 0.0)
    deviation = _median(np.abs(chroma[is_thick] - thick_chroma), 2.0)
    tones = Tones(
        thick=thick,
        thick_tint=(tint[0], tint[1], tint[2]),
        water=water,
        thick_chroma=thick_chroma,
        water_chroma=_median(chroma[is_water], np.clip(thick_chroma, 0, _AIR_CHROMA)),
        shares=_shares(bright, thick, water),
        chroma_spread=float(np.clip(1.48 * deviation, 1.5, 6.0)),
        stretch=shown.stretch,
    )
    return replace(tones, red_loss=_red_loss(bright, chroma, tones))


def _ends(pixels: Half) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    """Return max(R, G, B) and min(R, G, B) of pixels (N, 3)."""
    return pixels.max(axis=-1), pixels.min(axis=-1)


def _tinted(pixels: Half) -> float:
    """Return the share of pixels (N, 3) whose blue and red differ; 0 of none."""
    if not len(pixels):
        return 0.0
    return float(np.mean(cv2.absdiff(pixels[:, 2], pixels[:, 0]) > 1))


def _red_loss(
    bright: npt.NDArray[np.uint8], chroma: npt.NDArray[np.int16], tones: Tones
) -> float:
    """Estimate the tint of a scene's shadows, as `Tones.red_loss`.

    What is dimmer than thick ice and bluer than young ice ever is, is thick ice in
    shadow; the median of what it lost in red and in blue tells the tint.
    """
    light = bright / tones.thick
    place = (bright - tones.water) / (tones.thick - tones.water)
    line = tones.water_chroma + (tones.thick_chroma - tones.water_chroma) * place
    bluer = chroma > line + YOUNG_ICE_BLUER + 2 * tones.chroma_spread
    shaded = bluer & (light > _SHADED[0]) & (light < _SHADED[1])
    if np.count_nonzero(shaded) < max(_LEAST_SHADED * len(bright), _ENOUGH):
        return _USUAL_RED_LOSS
    red = (bright - chroma)[shaded] / (tones.thick - tones.thick_chroma)
    loss = float(np.median((1 - red) / (1 - light[shaded])))
    return float(np.clip(loss, *_RED_LOSSES))


def _shares(
    bright: npt.NDArray[np.uint8], thick: float, water: float
) -> tuple[float, float, float]:
    """Count what looks like each class; none is taken for absent or for alone."""
    place = (bright - water) / (thick - water)
    seen = np.array([np.mean(place > _THICK_FROM), 0.0, np.mean(place < _WATER_TO)])
    seen[1] = 1 - seen.sum()
    likely = np.clip(seen, _LEAST_SHARE, 1)
    thick_share, thin_share, water_share = likely / likely.sum()
    return float(thick_share), float(thin_share), float(water_share)


def _median(values: npt.NDArray[Any], default: float) -> float:
    """Return the median, or a default if the values are few."""
    return float(np.median(values)) if len(values) >= _ENOUGH else default
