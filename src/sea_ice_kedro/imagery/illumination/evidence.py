"""How likely a colour is under each state of the sky: one table a scene."""

import math

import numpy as np
import numpy.typing as npt

from sea_ice_kedro.imagery.illumination.water_and_ice_tones import (
    YOUNG_ICE_BLUER,
    Tones,
)

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
