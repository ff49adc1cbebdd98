"""Context that a whole scene gives to each of its pixels: brightness, tint and limits.

A grey patch is thick ice in shade in one scene and thin ice in another: an analyst
looks at the whole scene before calling it. A network that sees a window at a time gets
the quantiles of the scene beside it.
"""

import math
from collections.abc import Callable, Sequence

import cv2
import numpy as np
import numpy.typing as npt

from sea_ice_kedro.imagery.arrays import RGB, Mask
from sea_ice_kedro.imagery.classes import SeaIceClass
from sea_ice_kedro.imagery.labelling import (
    BOTH,
    NEITHER,
    NO_THICK_ICE,
    NO_WATER,
    Limits,
    label_by_brightness,
    place_limits,
)

Context = npt.NDArray[np.float32]
"""float32 (CONTEXT_SIZE,), about -1..1."""

QUANTILES = (0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.98, 0.995)

DARK_END, BRIGHT_END = 1, 9
"""Positions in `QUANTILES` of what counts as the dark and the bright end of a scene."""

THIN_LIMIT, THICK_LIMIT, WATER_FOUND, THICK_FOUND = range(
    4 * len(QUANTILES), 4 * len(QUANTILES) + 4
)
"""Positions of the limits by brightness: of thin ice, in the darkest channel where
thick ice stands out, else in the brightest; of thick ice, in the brightest."""

CONTEXT_SIZE = THICK_FOUND + 1

_FALLBACK = 31, 205
"""Limits of Iqrah et al. (2024, III-B), where a scene shows no thick ice."""

LEANING = 0.5
"""How much likelier, in log odds, a class is that a pixel has by its scene's limits."""

SEEN_PX = 512
"""A scene is looked at on a grid of about so many rows and columns."""


def context_of(rgb: RGB, valid_mask: Mask) -> Context:
    """Describe a scene by quantiles over its observed pixels.

    Args:
        rgb: uint8 (H, W, 3), the whole scene or a regular subset of its pixels.
        valid_mask: bool (H, W), True where pixels were observed.

    Returns:
        Quantiles of the root of the mean, of the smallest and of the largest channel
        (each 0..1), and of blue less red over their sum. Then what `place_limits`
        finds: the roots of both limits, and whether water and thick ice stand out (0 or
        1). Zeros where nothing was observed.
    """
    seen_px = coarse_grid(rgb.shape[:2])
    seen = rgb[seen_px][valid_mask[seen_px]].astype(np.float32)
    if not len(seen):
        return np.zeros(CONTEXT_SIZE, np.float32)
    total = seen.sum(axis=1)
    tint = 3 * (seen[:, 2] - seen[:, 0]) / (total + 1)
    values = [total / 3, seen.min(axis=1), seen.max(axis=1)]
    roots = [np.sqrt(value / 255) for value in values]
    quantiles = [np.quantile(v, QUANTILES) for v in (*roots, np.clip(tint, -1, 1))]
    counts = (
        np.bincount(seen.max(axis=1).astype(np.uint8), minlength=256),
        np.bincount(seen.min(axis=1).astype(np.uint8), minlength=256),
    )
    limits = place_limits(*counts, _FALLBACK)
    found = [
        limits.source not in (absent, NEITHER) for absent in (NO_WATER, NO_THICK_ICE)
    ]
    roots = [math.sqrt(limit / 255) for limit in limits.pair]
    return np.asarray(np.concatenate([*quantiles, roots, found]), np.float32)


def coarse_grid(shape: Sequence[int]) -> tuple[npt.NDArray[np.intp], ...]:
    """Choose the pixels that a scene is looked at: about `SEEN_PX` rows and columns.

    They are those that GDAL reads by the nearest neighbour into an array of that
    shape, so that a scene on disk and the same in memory have one context.

    Args:
        shape: (H, W) of the scene.

    Returns:
        Indices (h, 1) and (1, w), as `numpy.ix_` makes them.
    """
    step = max(1, min(shape) // SEEN_PX)
    counts = [length // step for length in shape]
    return np.ix_(
        *(
            (2 * np.arange(count, dtype=np.intp) + 1) * length // (2 * count)
            for length, count in zip(shape, counts, strict=True)
        )
    )


def lean_on_limits(
    probabilities: npt.NDArray[np.float32],
    images: npt.NDArray[np.uint8],
    context: Context,
) -> npt.NDArray[np.float32]:
    """Let a scene's limits by brightness decide where a network is unsure.

    Worlds are harder than most scenes: a network that learns from them trusts
    brightness less than it may (docs/polar.md says how this was chosen).

    Args:
        probabilities: float32 (N, H, W, K) of the classes by code, K >= 3.
        images: uint8 (N, H, W, 3), from one scene.
        context: Of that scene, from `context_of`.

    Returns:
        float32 (N, H, W, K): the chance of the class by brightness times e ** LEANING,
        and normalised again.
    """
    thin_ice_min, thick_ice_min = np.rint(255 * context[[THIN_LIMIT, THICK_LIMIT]] ** 2)
    limits = Limits(
        int(thin_ice_min),
        int(thick_ice_min),
        BOTH,
        by_darkest=bool(context[THICK_FOUND]),
    )
    everywhere = np.ones(images.shape[:-1], bool)
    codes = label_by_brightness(images, everywhere, limits)
    leaned = probabilities.copy()
    for code in SeaIceClass:
        leaned[..., code] *= np.where(codes == code, np.float32(math.exp(LEANING)), 1)
    leaned /= leaned.sum(axis=-1, keepdims=True)
    return leaned


def mean_logits(
    network: Callable[[npt.NDArray[np.uint8]], npt.NDArray[np.float32]],
    images: npt.NDArray[np.uint8],
    scales: Sequence[int],
) -> npt.NDArray[np.float32]:
    """Ask a network at several scales, and average what it answers.

    In coarser pixels it sees further around each of them, and noise is less (averages
    over scales: Chen et al. 2016, "Attention to scale", section 3.2).

    Args:
        network: From uint8 (N, H, W, 3) to logits, float32 (N, H, W, K), K <= 4.
        images: uint8 (N, H, W, 3).
        scales: Sides of the coarser pixels, 1 first; H and W are multiples of each.

    Returns:
        float32 (N, H, W, K).
    """
    height, width = images.shape[1:3]
    logits = network(images)
    for scale in scales[1:]:
        shape = width // scale, height // scale
        coarse = [cv2.resize(i, shape, interpolation=cv2.INTER_AREA) for i in images]
        answers = network(np.stack(coarse))
        finer = [cv2.resize(a, (width, height)) for a in answers]  # bilinearly
        logits += np.reshape(finer, logits.shape)
    return logits / np.float32(len(scales))
