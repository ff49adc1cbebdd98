"""How producers make 8-bit pictures of reflectance."""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from benchmarks.labels.reporting.optics import Colour, Colours, as_colour
from sea_ice_kedro.imagery.arrays import RGB

Levels = npt.NDArray[np.float32]
"""float32 (H, W, 3), 0..255, before rounding."""


@dataclass(frozen=True, eq=False)
class Look:
    """One producer's display."""

    white: float
    """Reflectance that is shown as 255."""

    gamma: float
    """Exponent; below 1 brightens."""

    black: float
    """Level (0..255) of no light."""

    gains: Colour
    """Factor a channel, of colour casts."""

    gammas: Colour
    """Further exponent a channel: casts that differ in the dark and the bright."""

    grey: bool
    noise: float
    """Standard deviation in levels."""

    steps: int
    """Number of grey levels; 256 is all."""

    jpeg: int
    """Quality; 0 is no JPEG."""

    def levels(self, reflectance: Colours) -> Levels:
        """Return what is shown before noise and storage."""
        part = np.clip(reflectance / np.float32(self.white) * self.gains, 0, 1)
        part = cv2.pow(part, self.gamma)
        if (self.gammas != 1).any():
            part = part**self.gammas
        if self.grey:
            part = np.repeat(part.mean(axis=-1, keepdims=True), 3, axis=-1)
        return np.asarray(self.black + (255 - self.black) * part, np.float32)

    def stored(self, rng: np.random.Generator, levels: Levels) -> RGB:
        """Return the picture as it is read from a file: uint8 (H, W, 3)."""
        shape = (*levels.shape[:2], 1 if self.grey else 3)
        noisy = levels + rng.standard_normal(shape, np.float32) * np.float32(self.noise)
        if self.steps < 256:
            step = 255 / (self.steps - 1)
            noisy = np.round(noisy / step) * step
        rgb = np.clip(np.round(noisy), 0, 255).astype(np.uint8)
        if not self.jpeg:
            return rgb
        bgr = np.ascontiguousarray(rgb[..., ::-1])
        encoded = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, self.jpeg])[1]
        read = cv2.imdecode(encoded, cv2.IMREAD_COLOR)
        return np.ascontiguousarray(read[..., ::-1])


# directions of casts: green, blue, violet of a low sun, warm, cyan, yellow-green
CASTS = (
    (-1, 1, -1),
    (-1, 0, 1),
    (0.6, -1, 1),
    (1, 0.3, -1),
    (-1, 1, 0.8),
    (0.6, 1, -1.6),
)


def plain(rng: np.random.Generator) -> dict[str, Any]:
    """Draw the settings of an ordinary producer, as arguments of `Look`."""
    return {
        "white": rng.uniform(0.85, 1.15),
        "gamma": rng.uniform(0.8, 1.15),
        "black": max(0.0, rng.uniform(-8, 8)),
        "gains": as_colour(1 - rng.uniform(0, 0.05, 3)),
        "gammas": as_colour([1, 1, 1]),
        "grey": False,
        "noise": rng.uniform(0.2, 1.5),
        "steps": 256,
        "jpeg": int(rng.choice([0, rng.integers(85, 98)])),
    }


def cast(rng: np.random.Generator) -> dict[str, Any]:
    """Draw a colour cast, weak to strong, as arguments of `Look`."""
    way = np.array(CASTS[rng.integers(len(CASTS))]) * rng.uniform(0.06, 0.35)
    bend = rng.uniform(0, 1)
    gains = np.exp(way * (1 - bend))
    return {
        "gains": as_colour(gains / gains.max()),
        "gammas": as_colour(np.exp(-way * bend)),
    }
