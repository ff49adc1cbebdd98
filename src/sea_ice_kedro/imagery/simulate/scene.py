"""Assembly of one simulated scene: ice, light, cloud, sensor, position."""

import math
from dataclasses import dataclass

import cv2
import numpy as np

from sea_ice_kedro.imagery.arrays import RGB, ClassMap, Mask, Scene
from sea_ice_kedro.imagery.classes import NODATA
from sea_ice_kedro.imagery.simulate.atmosphere import form_atmosphere, look_through
from sea_ice_kedro.imagery.simulate.ice import form_ice
from sea_ice_kedro.imagery.simulate.noise import Field, Rng, as_field
from sea_ice_kedro.imagery.simulate.options import SimulationOptions
from sea_ice_kedro.imagery.simulate.position import acquisition_time, place_scene
from sea_ice_kedro.imagery.simulate.surface import Colour, light_surface


@dataclass(frozen=True, eq=False)
class SimulatedScene:
    """A scene as the satellite sees it, and everything that is true about it."""

    scene: Scene
    """The observation: cloud, shadow and noise in it; 0 where there is no data."""

    clear: RGB
    """uint8 (H, W, 3): the same surface through the same sensor, without cloud,
    shadow and noise; 0 where there is no data."""

    truth: ClassMap
    """The physical class of every pixel; 255 where there is no data."""

    thin_cloud_mask: Mask
    """bool (H, W): True under thin cloud; False where there is no data."""

    shadow_mask: Mask
    """bool (H, W): True in cloud shadow; False where there is no data."""

    thin_cloud: Field
    """float32 (H, W): opacity of the thin cloud, 0..1."""

    shadow: Field
    """float32 (H, W): share of the light that the shadow takes, 0..1."""


def simulate_scene(
    options: SimulationOptions, seed: int, scene_id: str | None = None
) -> SimulatedScene:
    """Simulate one Sentinel-2 scene of the Ross Sea with known truth.

    Ice, light, cloud, noise and position draw from random streams of their own: the
    same seed with other cloud options gives the same ice under another sky.

    Args:
        options: What the scene should contain.
        seed: Non-negative; the same seed and options give the same bytes.
        scene_id: Name of the scene; by default made from the seed.

    Returns:
        The observation with its truth.
    """
    streams = np.random.default_rng(seed).spawn(6)
    name = f"sim_ross_sea_seed_{seed}" if scene_id is None else scene_id
    place, when = place_scene(options, streams[0]), acquisition_time(streams[0])
    valid_mask = _swath(options, streams[1])
    geometry = form_ice(options, streams[2])
    surface = _sensed(light_surface(geometry, options, streams[3]), options)
    atmosphere = form_atmosphere(options, valid_mask, streams[4])
    observed = _with_noise(look_through(surface, atmosphere), options, streams[5])
    rgb = _counts(observed, valid_mask, options)
    codes = np.where(valid_mask, geometry.codes, NODATA).astype(np.uint8)
    return SimulatedScene(
        scene=Scene(name, rgb, valid_mask, place, when),
        clear=_counts(surface, valid_mask, options),
        truth=ClassMap(name, codes, place, when),
        thin_cloud_mask=atmosphere.thin_cloud_mask,
        shadow_mask=atmosphere.shadow_mask,
        thin_cloud=atmosphere.thin_cloud,
        shadow=atmosphere.shadow,
    )


def _swath(options: SimulationOptions, rng: Rng) -> Mask:
    """Cut a diagonal wedge off the scene, as a swath edge does: True inside."""
    angle = rng.uniform(0.2, 1.3) + rng.integers(4) * math.pi / 2
    if options.nodata_wedge_fraction <= 0:
        return np.ones(options.shape, bool)
    y = np.arange(options.height)[:, None] * math.sin(angle)
    x = np.arange(options.width)[None, :] * math.cos(angle)
    beyond = y + x
    return beyond <= np.quantile(beyond, 1 - options.nodata_wedge_fraction)


def _sensed(surface: Colour, options: SimulationOptions) -> Colour:
    """Apply sun level and the sensor's blur."""
    lit = surface * np.float32(options.light)
    if options.psf_sigma_px <= 0:
        return lit
    sigma = options.psf_sigma_px
    size = 2 * math.ceil(3 * sigma) + 1
    blurred = cv2.GaussianBlur(lit, (size, size), sigma, borderType=cv2.BORDER_REFLECT)
    return as_field(blurred)


def _with_noise(observed: Colour, options: SimulationOptions, rng: Rng) -> Colour:
    """Add photon and read noise: 0.3 counts on water, 0.9 on snow (S2 SNR > 150)."""
    if options.noise <= 0:
        return observed
    deviation = np.float32(0.06 * options.noise) * np.sqrt(np.maximum(observed, 16))
    grain = rng.standard_normal(observed.shape, np.float32)
    return as_field(observed + deviation * grain)


def _counts(colour: Colour, valid_mask: Mask, options: SimulationOptions) -> RGB:
    """Round reflectance x 255 to uint8, stretched; observed pixels are never 0."""
    if options.stretch != 1:
        share = np.maximum(colour, 0) * np.float32(1 / 255)
        colour = cv2.pow(share, options.stretch) * np.float32(255)
    counts = np.clip(np.rint(colour), 1, 255).astype(np.uint8)
    return np.where(valid_mask[..., None], counts, np.uint8(0))
