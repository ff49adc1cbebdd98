"""The surface of a scene without shadow and haze, and what was done to it."""

import numpy as np

from sea_ice_kedro.imagery.arrays import RGB, Mask, Quality
from sea_ice_kedro.imagery.classes import QualityFlag
from sea_ice_kedro.imagery.illumination.evidence import DIMMING
from sea_ice_kedro.imagery.illumination.options import IlluminationFilter
from sea_ice_kedro.imagery.illumination.sky import Sky, estimate_sky

VISIBLE = 0.03
"""Shadow or haze below this is left alone: it changes no brightness by more than 8."""


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

    cloud = [sky.tones.thick - tint for tint in sky.tones.thick_tint]
    restored, quality = np.empty_like(rgb), np.empty(valid_mask.shape, np.uint8)
    removal.remove(
        np.ascontiguousarray(rgb),
        valid_mask,
        sky.shadow,
        sky.haze,
        np.array([*cloud, *DIMMING], np.float32),
        np.array([VISIBLE, options.max_shadow, options.max_haze], np.float32),
        sky.cell_px,
        restored,
        quality,
    )
    return restored, quality
