"""From reflectance to the 8-bit picture that a producer publishes."""

import math
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from sea_ice_kedro.imagery.arrays import RGB
from sea_ice_kedro.imagery.simulate.noise import Rng, as_field
from sea_ice_kedro.imagery.worlds.surface import Colour


@dataclass(frozen=True)
class Display:
    """How one producer shows reflectance."""

    gains: npt.NDArray[np.float32]
    """float32 (3,): share of the display's range that white gets, by channel."""

    black: npt.NDArray[np.float32]
    """float32 (3,): level of no light, -0.2..0.25 of the range; below 0 is crushed."""

    gamma: npt.NDArray[np.float32]
    """float32 (3,): brightness ~ reflectance ** (1 / gamma), by channel."""

    saturation: float
    """0 is grey, 1 as it is."""

    levels: int
    """So many levels are told apart."""

    jpeg_quality: int
    """0: not compressed."""

    noise: float
    """Standard deviation, share of the range."""


def draw_display(rng: Rng) -> Display:
    """Draw a producer: reflectance itself, a stretch, a grey or an odd picture."""
    exposure = rng.uniform(0.75, 1.1) if rng.random() < 0.7 else rng.uniform(0.3, 1.35)
    if rng.random() < 0.08:
        exposure = float(np.exp(rng.uniform(math.log(0.1), math.log(0.4))))
    cast = np.ones(3)
    if rng.random() < 0.25:
        cast = 1 + rng.uniform(-0.15, 0.15, 3)
        cast = cast / cast.max()
    gamma = (
        np.ones(3)
        if rng.random() < 0.45
        else np.full(3, np.exp(rng.uniform(-0.7, 0.5)))
    )
    if rng.random() < 0.06:
        # Each channel was stretched by itself: ice looks yellow, green or violet.
        cast = rng.uniform(0.5, 1.0, 3)
        cast = cast / cast.max()
        gamma = np.exp(rng.uniform(-0.5, 0.5, 3))
    black = np.zeros(3)
    if rng.random() < 0.3:
        black = np.full(3, rng.uniform(-0.04, 0.2)) + rng.uniform(-0.03, 0.05, 3)
    saturation = 1.0
    if rng.random() < 0.5:
        saturation = 0.0 if rng.random() < 0.3 else rng.uniform(0.5, 1.6)
    return Display(
        as_field(exposure * cast),
        as_field(black),
        as_field(gamma),
        float(saturation),
        int(rng.choice([256, 256, 256, 64, 32, 20])) if rng.random() < 0.15 else 256,
        int(rng.integers(40, 96)) if rng.random() < 0.35 else 0,
        float(rng.choice([0.0, 0.004, 0.012])) * rng.random(),
    )


def show(reflectance: Colour, white: float, display: Display, rng: Rng) -> RGB:
    """Show reflectance as one producer does.

    Args:
        reflectance: float32 (H, W, 3), linear.
        white: Reflectance that `display.gains` are relative to.
        display: The producer.
        rng: Source of the noise.

    Returns:
        uint8 (H, W, 3).
    """
    share = np.maximum(reflectance / np.float32(white), 0) ** (1 / display.gamma)
    value = display.black + (1 - display.black) * display.gains * share
    if display.saturation != 1:
        grey = value.mean(axis=-1, keepdims=True)
        value = grey + np.float32(display.saturation) * (value - grey)
    if display.noise > 0:
        grain = rng.standard_normal(value.shape, np.float32)
        value = value + np.float32(display.noise) * grain
    steps = display.levels - 1
    value = np.rint(np.clip(value, 0, 1) * steps) / steps
    rgb = np.rint(value * 255).astype(np.uint8)
    if display.jpeg_quality:
        quality = [cv2.IMWRITE_JPEG_QUALITY, display.jpeg_quality]
        encoded = cv2.imencode(".jpg", rgb[..., ::-1], quality)[1]
        decoded = np.asarray(cv2.imdecode(encoded, cv2.IMREAD_COLOR))
        rgb = np.ascontiguousarray(decoded[..., ::-1])
    return np.asarray(rgb, np.uint8)
