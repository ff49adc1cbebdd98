"""The surface of a scene without shadow and haze, and what was done to it."""

import cv2
import numpy as np
import numpy.typing as npt

from sea_ice_kedro.imagery.arrays import RGB, Mask, Quality
from sea_ice_kedro.imagery.classes import QualityFlag
from sea_ice_kedro.imagery.illumination.evidence import left_of_light
from sea_ice_kedro.imagery.illumination.options import IlluminationFilter
from sea_ice_kedro.imagery.illumination.shadow_and_haze import (
    VISIBLE,
    Sky,
    estimate_sky,
)


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
    from sea_ice_kedro.imagery.illumination import removal  # noqa: PLC0415

    shape, cell = valid_mask.shape, sky.cell_px
    gains, offsets = _undoing(sky)
    rgb = np.ascontiguousarray(rgb)
    flat, restored = (
        rgb.reshape(shape[0], -1),
        np.empty((shape[0], 3 * shape[1]), np.uint8),
    )
    removal.remove(
        flat,
        _wide(gains, shape[1], cell),
        _wide(offsets, shape[1], cell),
        _in_cells(shape[0], cell),
        restored,
    )
    quality = np.empty(shape, np.uint8)
    removal.flag(flat, valid_mask, _flags(sky, options), cell, quality)
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
