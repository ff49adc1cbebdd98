"""Where a plain RGB picture was observed, when nothing says so."""

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from sea_ice_kedro.imagery.arrays import Mask

SMALLEST_REGION_PX = 64
"""Smaller black regions at the border are dark water, not a swath edge."""


def valid_by_border(rgb: npt.NDArray[Any], margin_px: int = 0) -> Mask:
    """Call regions of exact zero that touch the border no data.

    Black inside a scene can be water in deep shadow; a swath edge always reaches the
    border. Regions are 8-connected and have at least `SMALLEST_REGION_PX` pixels.

    Args:
        rgb: (H, W, C); zero in all channels is black.
        margin_px: Pixels this close to such a region are no data too: resampling
            mixes them with black, and they would be labelled water.

    Returns:
        bool (H, W), True where the scene was observed.
    """
    if _border(rgb).any(axis=-1).all():
        return np.ones(rgb.shape[:2], bool)
    black = (rgb == 0).all(axis=-1).astype(np.uint8)
    count, regions, facts, _ = cv2.connectedComponentsWithStats(black, connectivity=8)
    absent = np.zeros(count, bool)
    absent[np.unique(_border(regions))] = True
    absent &= facts[:, cv2.CC_STAT_AREA] >= SMALLEST_REGION_PX
    absent[0] = False  # region 0 is everything that is not black
    invalid = absent[regions].astype(np.uint8)
    square = np.ones((2 * margin_px + 1, 2 * margin_px + 1), np.uint8)
    return np.asarray(cv2.dilate(invalid, square) == 0)


def _border(raster: npt.NDArray[Any]) -> npt.NDArray[Any]:
    return np.concatenate([raster[0], raster[-1], raster[:, 0], raster[:, -1]])
