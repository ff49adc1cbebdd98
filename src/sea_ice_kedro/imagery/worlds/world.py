"""One world: ground, sky and display drawn together, and the truth of every pixel."""

import math
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from sea_ice_kedro.imagery.arrays import RGB, Codes, Mask
from sea_ice_kedro.imagery.classes import NO_CLASS, NODATA, SeaIceClass
from sea_ice_kedro.imagery.simulate.noise import Field, Rng, as_field, log_uniform
from sea_ice_kedro.imagery.worlds.atmosphere import Sky, draw_sky, look_through
from sea_ice_kedro.imagery.worlds.ground import Ground, lay_ground
from sea_ice_kedro.imagery.worlds.surface import Colour, draw_palette, light_ground


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
    """Number of distinct levels."""

    jpeg_quality: int
    """0: not compressed."""

    noise: float
    """Standard deviation, share of the range."""


def draw_display(rng: Rng) -> Display:
    """Draw a producer: reflectance itself, a stretch, a grey or an odd picture."""
    exposure = rng.uniform(0.75, 1.1) if rng.random() < 0.7 else rng.uniform(0.3, 1.35)
    if rng.random() < 0.08:
        exposure = log_uniform(rng, 0.1, 0.4)
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


# --- One world: ground, sky and display drawn together, and the truth of every pixel

UNSCORED = NODATA
"""Truth where nothing is known or an analyst could go either way."""

_MIXED_BELOW = 0.6
_WHITE_ICE = 0.02
"""Share of a world that is white ice under a clear sky: white cloud looks alike."""

_OPAQUE_FROM, _HIDDEN_FROM = 0.85, 0.55
"""Opacity of cloud that hides the surface; between the two, either answer is right."""


@dataclass(frozen=True, eq=False)
class World:
    """A picture of a polar sea, and what is right about it."""

    name: str
    kind: str
    """Style of the ice and kind of the sky: "floes, haze"."""

    rgb: RGB
    """uint8 (H, W, 3), as its producer shows it; 0 where there is no data."""

    valid_mask: Mask
    """bool (H, W): False beyond the edge of the swath."""

    truth: Codes
    """uint8 (H, W): `SeaIceClass` codes, `NO_CLASS` (opaque cloud, land, icebergs and
    undeclared gaps) or `UNSCORED`."""


def draw_world(seed: int, size_px: int = 512) -> World:
    """Draw one world.

    The truth of a pixel is the class that covers most of what the camera sees as this
    pixel (its point spread). Where no class covers 60 %, the pixel is not scored.
    Opaque cloud (opacity from 0.85) and land have no class; opacity from 0.55 is not
    scored; what is thinner must be seen through. Where the display has clipped
    cloud to white it is not scored over thick ice, nor anywhere if it has clipped much
    of the ice, too.

    Args:
        seed: Non-negative; the same seed and size give the same bytes.
        size_px: Rows and columns, at least 64.
    """
    ground_rng, colour_rng, sky_rng, camera_rng = np.random.default_rng(
        [seed, 8191]
    ).spawn(4)
    shape = (size_px, size_px)
    ground = lay_ground(shape, ground_rng)
    palette = draw_palette(colour_rng)
    surface = light_ground(ground, palette, colour_rng)
    thick = float(palette.thick.mean())
    sky = draw_sky(shape, thick, sky_rng, ground.style == "all water")
    blur = float(camera_rng.choice([0.0, 0.4, 0.7, 1.0, 1.6, 2.5]))
    seen = _blurred(look_through(surface, sky), blur)
    # A producer's white is ice as it looks through the air, or ice itself.
    white = thick + float(sky.air.mean()) * (camera_rng.random() < 0.7)
    if sky.kind == "cloud" and camera_rng.random() < 0.6:
        # … or the brightest cloud, where that is brighter.
        white = max(white, float(np.quantile(seen[::8, ::8].mean(axis=-1), 0.98)))
    rgb = show(seen, white, draw_display(camera_rng), camera_rng)
    truth = _truth(ground, sky, blur)
    white_mask = rgb.min(axis=-1) == np.iinfo(np.uint8).max
    thick_mask = ground.codes == SeaIceClass.THICK_ICE
    hidden_mask = white_mask & (sky.cloud > 0)
    if (white_mask & thick_mask & (sky.cloud <= 0)).mean() < _WHITE_ICE:
        hidden_mask &= thick_mask
    truth[hidden_mask] = UNSCORED
    valid_mask, declared = _swath(shape, camera_rng)
    rgb = np.where(valid_mask[..., None], rgb, np.uint8(0))
    # Where nobody declares the edge of the swath, a map must see it for itself.
    outside = np.uint8(UNSCORED if declared else NO_CLASS)
    truth = np.where(valid_mask, truth, outside)
    if not declared:
        valid_mask = np.ones(shape, bool)
    kind = f"{ground.style}, {sky.kind}"
    return World(f"world_{seed:06d}", kind, rgb, valid_mask, truth)


def _blurred(seen: Colour, sigma: float) -> Colour:
    return seen if sigma <= 0 else as_field(cv2.GaussianBlur(seen, (0, 0), sigma))


def _truth(ground: Ground, sky: Sky, blur: float) -> Codes:
    codes = np.where(ground.land_mask, np.uint8(NO_CLASS), ground.codes)
    shares = [_share(codes == code, blur) for code in range(NO_CLASS + 1)]
    truth = np.argmax(shares, axis=0).astype(np.uint8)
    truth[np.max(shares, axis=0) < _MIXED_BELOW] = UNSCORED
    truth[sky.cloud >= _HIDDEN_FROM] = UNSCORED
    truth[sky.cloud >= _OPAQUE_FROM] = NO_CLASS
    return np.asarray(truth, np.uint8)


def _share(mask: Mask, blur: float) -> Field:
    share = mask.astype(np.float32)
    return share if blur <= 0 else as_field(cv2.GaussianBlur(share, (0, 0), blur))


def _swath(shape: tuple[int, int], rng: Rng) -> tuple[Mask, bool]:
    """Cut a wedge or a strip without data in some worlds; tell if it is declared."""
    inside = np.ones(shape, bool)
    if rng.random() > 0.12:
        return inside, True
    angle = rng.uniform(0, 2 * math.pi)
    y, x = np.mgrid[: shape[0], : shape[1]].astype(np.float32)
    plane = (y - shape[0] / 2) * math.sin(angle) + (x - shape[1] / 2) * math.cos(angle)
    edge = rng.uniform(-0.1, 0.6) * min(shape)
    inside = plane < edge
    if rng.random() < 0.3:
        inside |= plane > edge + rng.uniform(0.05, 0.3) * min(shape)
    return inside, bool(rng.random() < 0.5)
