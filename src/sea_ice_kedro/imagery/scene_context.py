"""What a whole scene tells about each of its pixels: its ends of brightness and tint.

A grey patch is thick ice in shade in one scene and thin ice in another: an analyst
looks at the whole scene before calling it. A network that sees a window at a time gets
the quantiles of the scene beside it.
"""

import numpy as np
import numpy.typing as npt

from sea_ice_kedro.imagery.arrays import RGB, Mask

Context = npt.NDArray[np.float32]
"""float32 (CONTEXT_SIZE,), about -1..1."""

QUANTILES = (0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.98, 0.995)

DARK_END, BRIGHT_END = 1, 9
"""Positions in `QUANTILES` of what counts as the dark and the bright end of a scene."""

CONTEXT_SIZE = 4 * len(QUANTILES)

SEEN_PX = 512
"""A scene is looked at on a grid of about so many rows and columns."""


def context_of(rgb: RGB, valid_mask: Mask) -> Context:
    """Describe a scene by quantiles over its observed pixels.

    Args:
        rgb: uint8 (H, W, 3), the whole scene or a regular subset of its pixels.
        valid_mask: bool (H, W), True where pixels were observed.

    Returns:
        Quantiles of the root of the mean, of the smallest and of the largest channel
        (each 0..1), and of blue less red over their sum; zeros where nothing was
        observed.
    """
    step = max(1, min(rgb.shape[:2]) // SEEN_PX)
    seen = rgb[::step, ::step][valid_mask[::step, ::step]].astype(np.float32)
    if not len(seen):
        return np.zeros(CONTEXT_SIZE, np.float32)
    total = seen.sum(axis=1)
    tint = 3 * (seen[:, 2] - seen[:, 0]) / (total + 1)
    values = [total / 3, seen.min(axis=1), seen.max(axis=1)]
    roots = [np.sqrt(value / 255) for value in values]
    quantiles = [np.quantile(v, QUANTILES) for v in (*roots, np.clip(tint, -1, 1))]
    return np.asarray(np.concatenate(quantiles), np.float32)
