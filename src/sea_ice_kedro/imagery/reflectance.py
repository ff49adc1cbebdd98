"""From reflectance to the 8-bit scene: one function, used by every source."""

from typing import Any

import numpy as np
import numpy.typing as npt


def to_eight_bit(
    reflectance: npt.NDArray[np.floating[Any]], white_reflectance: float, gamma: float
) -> npt.NDArray[np.uint8]:
    """Scale reflectance to brightness.

    The published limits (thick ice from 205, water up to 30) fit top-of-atmosphere
    reflectance with white = 1.0 and no gamma: 205 / 255 = 0.80, 30 / 255 = 0.12.

    Args:
        reflectance: Any shape, 0..1 and beyond; NaN becomes 0.
        white_reflectance: Reflectance that becomes 255; brighter pixels saturate.
        gamma: Brightness is proportional to reflectance ** (1 / gamma).

    Returns:
        uint8, the same shape, rounded to the nearest level.
    """
    share = np.clip(np.nan_to_num(reflectance) / white_reflectance, 0.0, 1.0)
    if gamma != 1.0:
        share = share ** (1.0 / gamma)
    return np.asarray(np.rint(share * 255.0), np.uint8)
