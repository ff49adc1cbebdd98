"""Shadow and haze of one scene, on a coarse grid, and the surface without them."""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from sea_ice_kedro.errors import expect_integer, expect_number
from sea_ice_kedro.imagery.arrays import RGB, Mask, Quality
from sea_ice_kedro.imagery.classes import QualityFlag
from sea_ice_kedro.imagery.illumination import likelihood
from sea_ice_kedro.imagery.illumination.likelihood import (
    Half,
    Tones,
    find_tones,
    left_of_light,
)

_WHERE = "filtering.illumination."


@dataclass(frozen=True)
class IlluminationFilter:
    """How illumination and haze are estimated; lengths in pixels of the scene."""

    cell_px: int = 32
    """Side of a cell of the coarse grid; structures of cloud and shadow smaller than
    a quarter of it are not resolved. A multiple of 4, 8 to 128."""

    shadow_smoothness: float = 4.0
    """Cost of one step (0.09) of shadow between neighbouring cells, in nats."""

    haze_smoothness: float = 1.0
    """Cost of one step (0.09) of haze between neighbouring cells, in nats."""

    shadow_prior: float = 1.5
    """Cost of any shadow in a cell, in nats."""

    haze_prior: float = 0.6
    """Cost of any haze in a cell, in nats. Less than that of shadow, which thin ice is
    easily taken for: under haze nothing is dark, which is evidence of its own."""

    likelihood_weight: float = 0.35
    """Weight of a pixel's log-likelihood, 0..1: neighbours are not independent."""

    max_haze: float = 0.55
    """Opacity from which the surface cannot be restored: untrustworthy."""

    max_shadow: float = 0.7
    """Share of the light taken from which the same holds."""

    def __post_init__(self) -> None:
        """Refuse settings that no scene can be filtered with."""
        expect_integer(f"{_WHERE}cell_px", self.cell_px, 8, 128)
        if self.cell_px % 4:
            expect_integer(f"{_WHERE}cell_px / 4", self.cell_px / 4, 2, 32)
        expect_number(f"{_WHERE}shadow_smoothness", self.shadow_smoothness, 0, 100)
        expect_number(f"{_WHERE}haze_smoothness", self.haze_smoothness, 0, 100)
        expect_number(f"{_WHERE}shadow_prior", self.shadow_prior, 0, 100)
        expect_number(f"{_WHERE}haze_prior", self.haze_prior, 0, 100)
        expect_number(f"{_WHERE}likelihood_weight", self.likelihood_weight, 0, 1)
        expect_number(f"{_WHERE}max_haze", self.max_haze, 0.1, 0.9)
        expect_number(f"{_WHERE}max_shadow", self.max_shadow, 0.1, 0.9)


# --- Shadow and haze of one scene, as fields on a coarse grid

Field = npt.NDArray[np.float32]
"""float32 (h, w): a value a cell."""

Mask2 = npt.NDArray[np.bool_]

_EVERY, _SAMPLED = 4, 100
"""One in four of the halved pixels' rows and columns, and fewer in a scene of more than
so many times that: enough to tell tones by."""

MOST_CELLS = 70_000
"""A larger scene gets larger cells: a cell takes 3 KB while its neighbours talk."""

SMALLEST_PX = 192
"""A scene with a shorter side has too few cells to tell a sky from a surface."""

MOST_SHADOW = 0.8
"""Share of the cells that may lie in shadow: without sunlit ice there is no measure."""

VISIBLE = 0.03
"""Shadow or haze below this is left alone: it changes no brightness by more than 8."""

_LIFTED_WATER = 0.09
"""Red of water, of thick ice's, above which a display's blacks are lifted or the water
is nilas: water reflects 0.02 to 0.04 and clear air adds as much (Pope & Fry 1997;
Bodhaine et al. 1999), thick ice 0.8. Haze mixes linearly with the surface; in such a
display young ice is as bright as water under haze."""

_MOST_SATURATION, _BRIGHTENED, _MOST_COLOURED = 0.25, 0.3, 0.25
"""Restored ice has at most this saturation, of thick ice's white; judged where it is
brighter than so much of thick ice. A scene in which a larger share of the shadow fails
is left alone: its water or land has a colour that shadow is told by."""

_NEVER = 1e4
"""Cost of a state that is ruled out, in nats."""

_SWEEPS = 3
_SHARPNESS = 0.6
"""Of the mean over states: 1 / nats."""

_REFINEMENTS = 2
_CORRECTION = 0.06
"""Most that ice and water may correct a cell's shadow or haze by."""

_SURE = 0.06
"""Shadow or haze from which on it is certainly there."""

_INERTIA = 0.08
"""Share of a cell's pixels that the coarse estimate counts as."""


@dataclass(frozen=True, eq=False)
class Sky:
    """The atmosphere between the surface and the sensor."""

    tones: Tones

    shadow: Field
    """float32 (h, w), share of the light taken, 0..0.72."""

    haze: Field
    """float32 (h, w), opacity of thin cloud, 0..0.66."""

    cell_px: int
    """Side of a cell in pixels of the scene."""


def estimate_sky(rgb: RGB, valid_mask: Mask, options: IlluminationFilter) -> Sky | None:
    """Estimate shadow and haze once for a whole scene.

    Args:
        rgb: uint8 (H, W, 3), 0..255.
        valid_mask: bool (H, W), True where the scene was observed.
        options: Cells, smoothness, weights.

    Returns:
        The sky; None where there is nothing to tell it by: too few pixels, no colour,
        no sunlit ice.
    """
    if min(valid_mask.shape) < SMALLEST_PX:
        return None
    # Late: loading compiled code is for workers, not for `kedro --help`.
    from sea_ice_kedro.imagery.illumination import kernels  # noqa: PLC0415

    shape = valid_mask.shape[0] // 2, valid_mask.shape[1] // 2
    half, ok = _halved(rgb, shape), np.empty(shape, bool)
    kernels.observed_whole(np.ascontiguousarray(valid_mask), ok)
    tones = find_tones(half, ok, max(_EVERY, min(shape) // _SAMPLED))
    if tones is None:
        return None
    cell = options.cell_px // 2
    while _cells(shape, cell)[0] * _cells(shape, cell)[1] > MOST_CELLS:
        cell *= 2
    if tones.stretch > 1:
        half = np.asarray(cv2.convertScaleAbs(half, alpha=tones.stretch), np.uint8)
    shadow, haze = _coarse(half, ok, tones, cell, options)
    shadow, haze = _refined(half, ok, tones, cell // 2, (shadow, haze))
    shaded = shadow >= VISIBLE
    wrong = shaded & _coloured(half, cell // 2, shadow, tones)
    if np.mean(shaded) > MOST_SHADOW or wrong.sum() > _MOST_COLOURED * shaded.sum():
        return None
    shadow = np.where(wrong, np.float32(0), shadow)
    return Sky(tones, shadow, haze, cell)


def _halved(rgb: RGB, shape: tuple[int, int]) -> Half:
    """Give the means of each 2 x 2 pixels; of odd sides the last pixel is left out."""
    even = rgb[: 2 * shape[0], : 2 * shape[1]]
    halved = cv2.resize(even, shape[::-1], interpolation=cv2.INTER_AREA)
    return np.asarray(halved, np.uint8)


def _cells(shape: tuple[int, ...], cell: int) -> tuple[int, int]:
    return -(-shape[0] // cell), -(-shape[1] // cell)


def _coarse(
    half: Half, ok: Mask2, tones: Tones, cell: int, options: IlluminationFilter
) -> tuple[Field, Field]:
    """Find the fields that explain the pixels and vary little."""
    from sea_ice_kedro.imagery.illumination import kernels  # noqa: PLC0415

    red_water = tones.water - tones.water_chroma
    lifted = red_water > _LIFTED_WATER * (tones.thick - tones.thick_chroma)
    haze_prior = _NEVER if lifted else options.haze_prior
    prior = np.where(likelihood.SHADOW_OF_STATE > 0, options.shadow_prior, 0.0)
    prior += np.where(likelihood.HAZE_OF_STATE > 0, haze_prior, 0.0)
    shape = _cells(ok.shape, cell)
    costs = np.tile(prior.astype(np.float32), (*shape, 1))
    # Cells of any size weigh alike: their pixels are not independent.
    weight = options.likelihood_weight * (16 / cell) ** 2 / 4
    bins = np.array([likelihood.CHROMA_MIN, likelihood.CHROMA_STEP, weight], np.float32)
    kernels.gather(half, ok, likelihood.log_likelihood(tones), bins, cell, costs)
    steps = np.array([options.shadow_smoothness, options.haze_smoothness], np.float32)
    states = len(likelihood.SHADOWS), len(likelihood.HAZES)
    heard = np.zeros((4, *costs.shape), np.float32)
    kernels.propagate(costs, steps, states, _SWEEPS, heard)
    beliefs = costs + heard.sum(axis=0)
    beliefs -= beliefs.min(axis=-1, keepdims=True)
    chance = np.exp(-_SHARPNESS * beliefs)
    chance /= chance.sum(axis=-1, keepdims=True)
    return (
        np.asarray(chance @ likelihood.SHADOW_OF_STATE.astype(np.float32)),
        np.asarray(chance @ likelihood.HAZE_OF_STATE.astype(np.float32)),
    )


def _refined(
    half: Half, ok: Mask2, tones: Tones, cell: int, coarse: tuple[Field, Field]
) -> tuple[Field, Field]:
    """Correct the fields, on cells of half the side, by thick ice and by water.

    Where there is a shadow, thick ice shows how deep it is; water shows the haze.
    """
    from sea_ice_kedro.imagery.illumination import kernels  # noqa: PLC0415

    shape = _cells(ok.shape, cell)
    start = [_doubled(field)[: shape[0], : shape[1]] for field in coarse]
    known = np.array([tones.water, tones.thick], np.float32)
    shadow, haze = (np.ascontiguousarray(field) for field in start)
    for _ in range(_REFINEMENTS):
        sums = np.zeros((*shape, 4), np.float32)
        kernels.measure(half, ok, shadow, haze, known, cell, sums)
        sums = np.asarray(cv2.GaussianBlur(sums, (0, 0), 1.0), np.float32)
        inertia = np.float32(_INERTIA * cell * cell / 4)
        shadow = _corrected(start[0], shadow, sums[..., :2], inertia)
        haze = _corrected(start[1], haze, sums[..., 2:], inertia)
    soft = [cv2.GaussianBlur(field, (0, 0), 0.7) for field in (shadow, haze)]
    return np.asarray(soft[0], np.float32), np.asarray(soft[1], np.float32)


def _corrected(start: Field, now: Field, sums: Field, inertia: np.float32) -> Field:
    """Move a field to what was measured, where the coarse one is not clear."""
    measured = (sums[..., 1] + inertia * now) / (sums[..., 0] + inertia)
    change = np.clip(measured - start, -_CORRECTION, _CORRECTION)
    there = np.clip(start / np.float32(_SURE), 0, 1)
    return np.asarray(np.clip(start + there * change, 0, 0.85), np.float32)


def _coloured(half: Half, cell: int, shadow: Field, tones: Tones) -> Mask2:
    """Mark where the restored light would make a colour that ice never has.

    Coloured water, restored as if it were ice in shadow, is more saturated than thick
    ice: bool (h, w), by the mean colour of each cell.
    """
    rows, columns = shadow.shape
    bottom, right = rows * cell - half.shape[0], columns * cell - half.shape[1]
    whole = cv2.copyMakeBorder(half, 0, bottom, 0, right, cv2.BORDER_REPLICATE)
    means = cv2.resize(whole, (columns, rows), interpolation=cv2.INTER_AREA)
    through = likelihood.left_of_light(
        shadow[..., None], np.array(tones.losses, np.float32)
    )
    white = tones.thick - np.array(tones.thick_tint, np.float32)
    restored = means / (through * white)
    most = restored.max(axis=-1)
    paler = restored.min(axis=-1) >= (1 - _MOST_SATURATION) * most
    return np.asarray((most > _BRIGHTENED) & ~paler)


def _doubled(field: Field) -> Field:
    """Interpolate a field to cells of half the side."""
    size = (2 * field.shape[1], 2 * field.shape[0])
    return np.asarray(cv2.resize(field, size, interpolation=cv2.INTER_LINEAR))


# --- The surface of a scene without shadow and haze, and what was done to it


def filter_illumination(
    rgb: RGB, valid_mask: Mask, options: IlluminationFilter
) -> tuple[RGB, Quality]:
    """Take shadow and haze out of a whole scene.

    Args:
        rgb: uint8 (H, W, 3), 0..255.
        valid_mask: bool (H, W), True where the scene was observed.
        options: Cells, smoothness, weights, and what cannot be restored.

    Returns:
        uint8 (H, W, 3), the restored scene, equal to `rgb` where that is clear; and the
        quality band, uint8 (H, W), without `CHANGED`, which depends on the limits.
    """
    sky = estimate_sky(rgb, valid_mask, options)
    if sky is None:
        return rgb, _plain_quality(rgb, valid_mask)
    return _restored(rgb, valid_mask, sky, options)


def _plain_quality(rgb: RGB, valid_mask: Mask) -> Quality:
    saturated = np.where((rgb == 255).any(axis=-1), QualityFlag.SATURATED, 0)  # noqa: PLR2004
    return np.where(valid_mask, saturated, QualityFlag.NODATA).astype(np.uint8)


def _restored(
    rgb: RGB, valid_mask: Mask, sky: Sky, options: IlluminationFilter
) -> tuple[RGB, Quality]:
    # Late: loading compiled code is for workers, not for `kedro --help`.
    from sea_ice_kedro.imagery.illumination import kernels  # noqa: PLC0415

    shape, cell = valid_mask.shape, sky.cell_px
    gains, offsets = _undoing(sky)
    rgb = np.ascontiguousarray(rgb)
    flat, restored = (
        rgb.reshape(shape[0], -1),
        np.empty((shape[0], 3 * shape[1]), np.uint8),
    )
    kernels.remove(
        flat,
        _wide(gains, shape[1], cell),
        _wide(offsets, shape[1], cell),
        _in_cells(shape[0], cell),
        restored,
    )
    quality = np.empty(shape, np.uint8)
    kernels.flag(flat, valid_mask, _flags(sky, options), cell, quality)
    return restored.reshape(rgb.shape), quality


def _in_cells(pixels: int, cell_px: int) -> npt.NDArray[np.float32]:
    """Return where each pixel's middle lies, in cells from the first one's middle."""
    place = (np.arange(pixels) + 0.5) / cell_px - 0.5
    last = -(-pixels // cell_px) - 1
    return np.clip(place, 0, last).astype(np.float32)


def _wide(
    nodes: npt.NDArray[np.float32], columns: int, cell_px: int
) -> npt.NDArray[np.float32]:
    """Interpolate (h, w, 3) along its rows to all columns: float32 (h, 3 · W)."""
    size = (nodes.shape[1] * cell_px, nodes.shape[0])
    wide = cv2.resize(nodes, size, interpolation=cv2.INTER_LINEAR)[:, :columns]
    return np.asarray(wide, np.float32).reshape(len(nodes), -1)


def _undoing(sky: Sky) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Return what undoes the sky, restored = gain · seen + offset: (h, w, 3) each."""
    haze, shadow = sky.haze[..., None], sky.shadow[..., None]
    losses = np.array(sky.tones.losses, np.float32)
    through = (1 - haze) * left_of_light(shadow, losses)
    cloud = sky.tones.thick - np.array(sky.tones.thick_tint, np.float32)
    cloud /= np.float32(sky.tones.stretch)
    clear = (shadow < VISIBLE) & (haze < VISIBLE)
    gains = np.where(clear, np.float32(1), 1 / through)
    offsets = np.where(clear, np.float32(0), -haze * cloud / through)
    return gains.astype(np.float32), offsets.astype(np.float32)


def _flags(sky: Sky, options: IlluminationFilter) -> Quality:
    """Flag the cells: uint8 (h, w)."""
    lost = (sky.shadow >= options.max_shadow) | (sky.haze >= options.max_haze)
    flags = np.where(sky.shadow >= VISIBLE, QualityFlag.SHADOW, 0)
    flags |= np.where(sky.haze >= VISIBLE, QualityFlag.THIN_CLOUD, 0)
    flags |= np.where(lost, QualityFlag.UNTRUSTWORTHY, 0)
    return flags.astype(np.uint8)
