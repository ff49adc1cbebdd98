"""Assembly of one simulated scene: ice, light, cloud, sensor, position, bands."""

import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import cv2
import numpy as np

from sea_ice_kedro.imagery.arrays import RGB, ClassMap, Georeference, Mask, Scene
from sea_ice_kedro.imagery.classes import NODATA
from sea_ice_kedro.imagery.simulate.noise import (
    Field,
    Rng,
    as_field,
    fractal,
    smoothstep,
    standardised,
    streaks,
    top_share_level,
)
from sea_ice_kedro.imagery.simulate.options import SimulationOptions
from sea_ice_kedro.imagery.simulate.surface import Colour, form_ice, light_surface

CLOUD_TONES, CLOUD_TINTS = (205.0, 240.0), (-4.0, 9.0)
"""Reflectance x 255 of a cloud that hides the surface, and how much more of it is blue
than red; both are drawn for each scene."""

SHADOW_TINTS = (-0.02, 0.15)
"""How much deeper a shadow is in red than in blue, relative to its depth: neutral under
a bright overcast, blue where the clear sky lights it; drawn for each scene."""

_RIPPLED_SHARE = 0.5
"""Share of scenes whose cloud is rippled (altocumulus undulatus)."""

_SUN_ELEVATION_DEG = 32.0
"""Late morning at 74° S in mid-November."""


@dataclass(frozen=True, eq=False)
class Atmosphere:
    """The atmosphere between surface and sensor."""

    thin_cloud: Field
    """float32 (H, W): opacity t, 0..1."""

    shadow: Field
    """float32 (H, W): share of the light taken, 0..1."""

    thin_cloud_mask: Mask
    """bool (H, W): True under thin cloud that dims or brightens visibly."""

    shadow_mask: Mask
    """bool (H, W): True in cloud shadow."""

    cloud_colour: tuple[float, float, float]
    """Reflectance x 255 of the cloud where it hides the surface; R, G, B."""

    shadow_tint: tuple[float, float, float]
    """Depth of the shadow in R, G, B, relative to `shadow`."""


def form_atmosphere(
    options: SimulationOptions, valid_mask: Mask, rng: Rng
) -> Atmosphere:
    """Form thin cloud and shadow whose masks cover the wanted shares.

    The shadow is the cloud's own shape, displaced away from the sun by the cloud's
    height; where its wanted share differs it grows or shrinks.

    Args:
        options: What the scene should contain.
        valid_mask: bool (H, W); shares count observed pixels only.
        rng: Source of randomness.

    Returns:
        Fields and masks, zero and False where not valid.
    """
    drop, slide = _displacement(options, rng)
    rows, columns = options.shape
    shape = (rows + abs(drop), columns + abs(slide))
    thickness = _thickness(shape, options, rng)
    top, left = max(drop, 0), max(slide, 0)
    cloud = thickness[top : top + rows, left : left + columns]
    top, left = max(-drop, 0), max(-slide, 0)
    shade = thickness[top : top + rows, left : left + columns]
    cloud_mask = _covering(cloud, valid_mask, options.thin_cloud_fraction)
    shadow_mask = _covering(shade, valid_mask, options.shadow_fraction)
    return Atmosphere(
        _density(cloud, cloud_mask, options, options.cloud_opacity),
        _density(shade, shadow_mask, options, options.shadow_depth),
        cloud_mask,
        shadow_mask,
        draw_cloud_colour(rng),
        draw_shadow_tint(rng),
    )


def draw_cloud_colour(rng: Rng) -> tuple[float, float, float]:
    """Draw the reflectance x 255 of cloud; R, G, B."""
    tone, tint = rng.uniform(*CLOUD_TONES), rng.uniform(*CLOUD_TINTS)
    return tone - tint / 2, tone, tone + tint / 2


def draw_shadow_tint(rng: Rng) -> tuple[float, float, float]:
    """Draw the depth of a shadow in R, G and B, relative to that in G."""
    tint = rng.uniform(*SHADOW_TINTS)
    return 1 + tint / 2, 1.0, 1 - tint / 2


def _displacement(options: SimulationOptions, rng: Rng) -> tuple[int, int]:
    """Return how far the shadow falls, (rows, columns), at most 0.4 of the scene."""
    ground_m = options.cloud_height_m / math.tan(math.radians(_SUN_ELEVATION_DEG))
    distance = min(options.pixels(ground_m), 0.4 * min(options.shape))
    # Any direction: other orbits and projections have their sun elsewhere.
    azimuth = rng.uniform(0, 2 * math.pi)
    return round(distance * math.sin(azimuth)), round(distance * math.cos(azimuth))


def _thickness(shape: tuple[int, int], options: SimulationOptions, rng: Rng) -> Field:
    """Draw the thickness of a cloud field: sheets, fibres and sometimes ripples."""
    short = min(shape)
    wind = rng.uniform(0, math.pi)
    sheets = fractal(shape, rng, max(short / 1.6, 16), 4, 0.52)
    fibres = streaks(shape, rng, wind, max(short / 4, 8), max(short / 70, 3))
    field = sheets + np.float32(0.12) * fibres
    if rng.random() < _RIPPLED_SHARE:
        field = field + _ripples(shape, options, rng, wind)
    return standardised(field)


def _ripples(
    shape: tuple[int, int], options: SimulationOptions, rng: Rng, wind: float
) -> Field:
    """Draw patches of cloud waves across the wind, 250 to 500 m from crest to crest."""
    wave = 2 * math.pi / max(options.pixels(rng.uniform(250, 500)), 6)
    y = np.arange(shape[0], dtype=np.float32) * np.float32(wave * math.sin(wind))
    x = np.arange(shape[1], dtype=np.float32) * np.float32(wave * math.cos(wind))
    bend = fractal(shape, rng, max(min(shape) / 3, 16), 12, 0.45)
    broken = fractal(shape, rng, max(options.pixels(500), 8), 4, 0.6)
    where = smoothstep(fractal(shape, rng, max(min(shape) / 2, 16), 16, 0.4), 0.2, 1.2)
    crests = np.sin(y[:, None] + x[None, :] + np.float32(2.2) * bend)
    return as_field(np.float32(0.45) * where * (crests + np.float32(0.7) * broken))


def _covering(field: Field, valid_mask: Mask, share: float) -> Mask:
    """Mark the highest part of a field so that it covers a share of valid pixels."""
    if share <= 0 or not valid_mask.any():
        return np.zeros(field.shape, bool)
    level = top_share_level(field[valid_mask][:, None], share)
    return (field > level) & valid_mask


def _density(
    field: Field, covered_mask: Mask, options: SimulationOptions, most: float
) -> Field:
    """Grow opacity from the edge of the cover inwards, up to `most`."""
    if not covered_mask.any():
        return np.zeros(field.shape, np.float32)
    edge = float(field[covered_mask].min())
    width = 0.06 + 1.4 * options.cloud_softness
    rise = np.float32(0.7) * smoothstep(field, edge - 0.25 * width, edge + 0.75 * width)
    rise += np.float32(0.3) * smoothstep(field, edge, edge + 2.5)
    return as_field(np.where(covered_mask | (field < edge), most * rise, 0))


def look_through(surface: Colour, atmosphere: Atmosphere) -> Colour:
    """Darken a surface by shadow, then veil it with thin cloud.

    rho = (1 - t) · rho_surface · (1 - s) + t · rho_cloud: single scattering above a
    dark or bright surface, so haze lifts water and hardly touches snow.

    Args:
        surface: float32 (H, W, 3), reflectance x 255.
        atmosphere: Opacity t and shadow s.

    Returns:
        float32 (H, W, 3), reflectance x 255.
    """
    clear = 1 - atmosphere.thin_cloud
    seen = [
        (1 - depth * atmosphere.shadow) * clear * surface[..., channel]
        + cloud * atmosphere.thin_cloud
        for channel, (cloud, depth) in enumerate(
            zip(atmosphere.cloud_colour, atmosphere.shadow_tint, strict=True)
        )
    ]
    return as_field(cv2.merge(seen))


# --- Place and time of a scene

_EQUATOR_M = 6_378_137.0
_ECCENTRICITY = 0.081_819_190_842_6
_TRUE_SCALE = math.radians(71)
"""WGS 84 and the latitude of true scale of EPSG:3031."""


def place_scene(options: SimulationOptions, rng: Rng) -> Georeference:
    """Choose a place in the Ross Sea box of Iqrah et al. (2024, III-A).

    Args:
        options: Size of the scene.
        rng: Source of randomness.

    Returns:
        EPSG:3031, the origin on a multiple of 10 m.
    """
    x, y = polar_stereographic(rng.uniform(-76.2, -72), rng.uniform(-174, -146))
    size = options.pixel_size_m
    left = round((x - options.width * size / 2) / 10) * 10
    top = round((y + options.height * size / 2) / 10) * 10
    return Georeference("EPSG:3031", (size, 0.0, float(left), 0.0, -size, float(top)))


def polar_stereographic(latitude: float, longitude: float) -> tuple[float, float]:
    """Project degrees to EPSG:3031, metres (Snyder 1987, eq. 15-9, 21-33, 21-34)."""
    phi, theta = math.radians(-latitude), math.radians(longitude)
    scale = math.cos(_TRUE_SCALE) / math.sqrt(
        1 - (_ECCENTRICITY * math.sin(_TRUE_SCALE)) ** 2
    )
    radius = _EQUATOR_M * scale * _conformal(phi) / _conformal(_TRUE_SCALE)
    return radius * math.sin(theta), radius * math.cos(theta)


def _conformal(phi: float) -> float:
    """Return Snyder's t of a latitude in radians (eq. 15-9)."""
    bulge = _ECCENTRICITY * math.sin(phi)
    squash = math.pow((1 - bulge) / (1 + bulge), _ECCENTRICITY / 2)
    return math.tan(math.pi / 4 - phi / 2) / squash


def acquisition_time(rng: Rng) -> datetime:
    """Choose a time on a November 2019 day, late morning in the Ross Sea, in UTC."""
    day = datetime(2019, 11, 1, 20, tzinfo=UTC) + timedelta(days=int(rng.integers(30)))
    return day + timedelta(seconds=int(rng.integers(7200)))


# --- Assembly of one simulated scene: ice, light, cloud, sensor, position


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
