"""Tones of water and ice in a scene, and how likely a colour is under each sky."""

import math
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from sea_ice_kedro.imagery.histogram import FINE, Shown, find_modes

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


# --- How likely a colour is under each state of the sky: one table a scene

Table = npt.NDArray[np.float32]
"""float32 (BRIGHTS, CHROMAS, STATES): of a bin of each, and a state of the sky."""

Array = npt.NDArray[np.float32]

STEP = 0.09
"""Of shadow and haze between one state and the next."""

SHADOWS = (np.arange(9) * STEP).astype(np.float32)
HAZES = (np.arange(8) * STEP).astype(np.float32)
STATES = len(SHADOWS) * len(HAZES)
SHADOW_OF_STATE = np.repeat(SHADOWS, len(HAZES))
HAZE_OF_STATE = np.tile(HAZES, len(SHADOWS))

BRIGHTS, BRIGHT_STEP = 128, 2
"""Bins of max(R, G, B)."""

CHROMAS, CHROMA_MIN, CHROMA_STEP = 48, -24, 2
"""Bins of blue less red."""

THICK_SPREAD, WATER_SPREAD = 0.05, 0.018
"""Standard deviations of their brightness, of thick ice's."""

THIN_RANGE = (0.11, 0.90)
"""Of thin ice between water (0) and thick ice (1), any brightness alike."""

BLUER = (-2.0, 0.0, 2.0, YOUNG_ICE_BLUER)
"""By how much young ice is bluer than the line from water to thick ice, each as likely:
ice and the water under it take red light first. A stretch by a power bends the line, so
that it can be a little less blue, too."""

LEAST_LIGHT = 0.05
"""Of a channel, that is left in the deepest shadow."""

_UNEXPLAINED = 2e-5
"""Density of everything else: melt ponds, soot, land."""

_TOO_DARK, _TOO_DARK_FROM = 1e-20, 3.0
"""The same for what is darker than water under the veil, by so many standard
deviations: haze only adds light. A few dark pixels in a cell rule its haze out."""


def log_likelihood(tones: Tones) -> Table:
    """Tabulate ln p(brightness, chroma | shadow, haze).

    Densities are of the restored brightness: a veil that squeezes the tones of ice
    together does not make them likelier.

    Args:
        tones: Of the scene.

    Returns:
        float32 (BRIGHTS, CHROMAS, STATES).
    """
    levels = BRIGHT_STEP * (np.arange(BRIGHTS, dtype=np.float32) + 0.5) - 0.5
    chromas = CHROMA_MIN + CHROMA_STEP * (np.arange(CHROMAS, dtype=np.float32) + 0.5)
    bright, chroma = levels[:, None, None], chromas[None, :, None]
    spread = tones.chroma_spread
    # A veil or shadow lies anywhere between one state and the next; clear is clear.
    veiled = (SHADOW_OF_STATE > 0) | (HAZE_OF_STATE > 0)
    between = np.where(veiled, STEP * tones.thick / math.sqrt(12), 0)
    total = np.empty((BRIGHTS, CHROMAS, STATES), np.float32)
    total[:] = _unexplained(bright, between, tones)
    for share, tone, tone_chroma, width in (
        (tones.shares[0], tones.thick, tones.thick_chroma, THICK_SPREAD),
        (tones.shares[2], tones.water, tones.water_chroma, WATER_SPREAD),
    ):
        sigma = width * tones.thick
        seen, seen_chroma = _seen(
            np.full((1, 1, 1), tone, np.float32), tone_chroma, tones
        )
        squeezed = sigma * _through() + 1
        wide = np.hypot(squeezed, between)
        peak = _normal(bright, seen, wide) * (squeezed / sigma)
        total += share * peak * _normal(chroma, seen_chroma, spread)
    total += _thin_ice(bright, chroma, tones)
    return np.asarray(np.log(total))


def _unexplained(bright: Array, between: Array, tones: Tones) -> Array:
    """Return the density of what is no ice or water: next to none below the veil."""
    sigma = np.hypot(WATER_SPREAD * tones.thick * _through() + 1, between)
    darkest = _through() * tones.water + HAZE_OF_STATE * tones.thick
    hidden = (HAZE_OF_STATE > 0) & (bright < darkest - _TOO_DARK_FROM * sigma)
    return np.where(hidden, np.float32(_TOO_DARK), np.float32(_UNEXPLAINED))


def _thin_ice(bright: Array, chroma: Array, tones: Tones) -> Array:
    """Return the density of thin ice: any tone between water and thick ice."""
    low, high = THIN_RANGE
    reach = tones.thick - tones.water
    restored = (bright - HAZE_OF_STATE * tones.thick) / _through()
    place = (restored - tones.water) / reach
    inside = _step(place - low) * _step(high - place)
    density = tones.shares[1] * inside / ((high - low) * reach * len(BLUER))
    line = tones.water_chroma + (tones.thick_chroma - tones.water_chroma) * place
    fading = np.clip((1 - place) / 0.8, 0, 1) * np.clip(place / 0.1, 0, 1)
    total = np.zeros((BRIGHTS, CHROMAS, STATES), np.float32)
    for bluer in BLUER:
        _, seen_chroma = _seen(restored, line + bluer * fading, tones)
        total += density * _normal(chroma, seen_chroma, tones.chroma_spread)
    return total


def _through() -> Array:
    """Return the share of blue light that comes through, of each state."""
    return np.asarray((1 - HAZE_OF_STATE) * (1 - SHADOW_OF_STATE), np.float32)


def _seen(blue: Array, chroma: Array | float, tones: Tones) -> tuple[Array, Array]:
    """Look at a surface through each state: brightness and chroma."""
    seen_blue = _through() * blue + HAZE_OF_STATE * tones.thick
    red_through = (1 - HAZE_OF_STATE) * left_of_light(SHADOW_OF_STATE, tones.losses[0])
    cloud_red = tones.thick - tones.thick_chroma
    seen_red = red_through * (blue - chroma) + HAZE_OF_STATE * cloud_red
    return seen_blue, seen_blue - seen_red


def left_of_light(shadow: Array, loss: float | npt.NDArray[np.float32]) -> Array:
    """Return the share of a channel's light in a shadow; some always comes through."""
    return np.asarray(np.maximum(1 - shadow * loss, LEAST_LIGHT), np.float32)


def _normal(values: Array, mean: Array, sigma: Array | float) -> Array:
    peak = np.exp(-0.5 * ((values - mean) / sigma) ** 2)
    return np.asarray(peak / (sigma * math.sqrt(2 * math.pi)), np.float32)


def _step(values: Array) -> Array:
    """Rise from 0 to 1 around 0, within some hundredths."""
    return np.asarray(1 / (1 + np.exp(-np.clip(values / 0.02, -50, 50))), np.float32)
