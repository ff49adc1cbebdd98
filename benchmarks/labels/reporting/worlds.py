"""Worlds that a map of sea ice is scored on, drawn from physics alone.

Nothing here is shared with what is measured: no code, no constant. Ranges come from the
literature named beside them, and are drawn anew for each world.

The rule for mixed pixels: the surface is drawn on a grid two times finer (three times
for small worlds), radiance is averaged over the pixel and spread to its neighbours by
the sensor's point spread, and shares of classes are averaged and spread alike. The
truth is the class with the largest share where that is at least 60 %; otherwise the
pixel is not scored. Nor is one whose displayed colour nobody could tell from that of
another class: see `_undecided`.
"""

import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np

from benchmarks.labels.reporting import display, land, optics, sky
from benchmarks.labels.reporting.arrangements import Recipe, draw_recipe
from benchmarks.labels.reporting.display import Look
from benchmarks.labels.reporting.fields import Shape, log_uniform
from benchmarks.labels.reporting.ground import (
    NO_CLASS,
    NOT_SCORED,
    Ground,
    draw_ground,
)
from benchmarks.labels.reporting.sky import Sky
from sea_ice_kedro.imagery.arrays import RGB, Codes, Mask
from sea_ice_kedro.imagery.classes import SeaIceClass

MIXED = ("pack", "floes", "leads", "margin", "polynya", "young")
"""Arrangements of more than one class."""

ENOUGH = 0.6
"""Share of a pixel that makes its truth."""

SURE_CLOUD, SURE_GROUND = 0.8, 0.6
"""Opacity from which cloud hides its ground, and below which it does not."""

TELLABLE = 5.0
"""Levels of 255 that two colours must differ by, beside noise, to be told apart."""

NILAS = 0.14
"""Reflectance up to which water under glint or with sediment is as bright as ice."""

DARK = 0.03
"""Reflectance by which land must differ from water."""

TYPICAL = {
    SeaIceClass.THICK_ICE: optics.as_colour([0.82, 0.82, 0.82]),
    SeaIceClass.THIN_ICE: optics.as_colour([0.20, 0.22, 0.23]),
    SeaIceClass.OPEN_WATER: optics.as_colour([0.02, 0.03, 0.04]),
}
"""Colours of classes that a world does not show."""


@dataclass(frozen=True, eq=False)
class World:
    """A picture and what is known of it."""

    name: str
    """Kind and seed: "haze 12"."""

    kind: str
    rgb: RGB
    """uint8 (H, W, 3): display values of some producer, channels R, G, B."""

    valid_mask: Mask
    """bool (H, W), True where the scene was observed."""

    truth: Codes
    """uint8 (H, W): codes of `SeaIceClass`; `NO_CLASS` (3) on opaque cloud, land,
    icebergs and ice shelves, where a map must give no class; `NOT_SCORED` (255) outside
    the scene, on mixed pixels, melt ponds, shade under cliffs, cloud of opacity
    0.6..0.8, and where nobody could tell."""


@dataclass(frozen=True)
class Kind:
    """How a kind of world differs from a clear scene in an ordinary display."""

    arrangements: tuple[str, ...] = MIXED
    surface: Callable[[np.random.Generator, Recipe], dict[str, Any]] | None = None
    """Draws what replaces fields of the recipe."""

    shade: bool = False
    haze: bool = False
    cloud: bool = False
    light: tuple[float, float] = (0.7, 1.05)
    look: Callable[[np.random.Generator], dict[str, Any]] | None = None
    """Draws what replaces settings of the ordinary display."""

    coarser: tuple[int, int] = (1, 1)
    """Times that the picture was enlarged, first and last."""


_KINDS: dict[str, Kind] = {
    "clear": Kind(),
    "shadow": Kind(shade=True),
    "haze": Kind(haze=True),
    "haze and shadow": Kind(haze=True, shade=True),
    "cloud": Kind(cloud=True),
    "low light": Kind(
        light=(0.3, 0.5),
        surface=lambda rng, _: {"relief": log_uniform(rng, 0.03, 0.09)},
    ),
    "bright light": Kind(light=(1.0, 1.2)),
    "low gamma": Kind(look=lambda rng: {"gamma": rng.uniform(0.45, 0.75)}),
    "high gamma": Kind(look=lambda rng: {"gamma": rng.uniform(1.25, 1.6)}),
    "lifted blacks": Kind(look=lambda rng: {"black": rng.uniform(15, 50)}),
    "clipped whites": Kind(look=lambda rng: {"white": rng.uniform(0.4, 0.7)}),
    "colour cast": Kind(look=display.cast),
    "coloured water": Kind(
        arrangements=("floes", "margin", "polynya"),
        surface=lambda rng, _: {
            "coloured_water": True,
            "thin_share": max(0.0, rng.uniform(-0.3, 0.5)),
        },
    ),
    "grey picture": Kind(look=lambda _: {"grey": True}),
    "jpeg and few levels": Kind(
        look=lambda rng: {
            "steps": int(rng.integers(20, 64)),
            "jpeg": int(rng.integers(30, 75)),
            "noise": 0.5,
        }
    ),
    "coarse pixels": Kind(
        surface=lambda _, recipe: {"scale": max(recipe.scale * 0.4, 6)}, coarser=(1, 4)
    ),
    "all water": Kind(
        arrangements=("water",),
        surface=lambda rng, _: {
            "thin_share": 0.0,
            "coloured_water": bool(rng.random() < 0.4),
        },
    ),
    "all pack": Kind(
        arrangements=("sheet",),
        surface=lambda *_: {"thin_share": 0.0, "young_floes": 0.0},
    ),
    "land": Kind(
        surface=lambda rng, _: {"land": True, "bergs": bool(rng.random() < 0.4)}
    ),
    "young ice": Kind(
        arrangements=("young",),
        surface=lambda rng, _: {"thin_share": rng.uniform(0.4, 0.95)},
    ),
    "melt": Kind(
        arrangements=("pack", "floes", "leads", "margin"),
        surface=lambda rng, _: {"ponds": rng.uniform(0.08, 0.4), "thin_share": 0.0},
    ),
}

KINDS: tuple[str, ...] = tuple(_KINDS)
"""Names of the kinds of worlds."""


def draw_world(kind: str, seed: int, size_px: int = 768) -> World:
    """Draw one world.

    Args:
        kind: one of `KINDS`.
        seed: the same kind, seed and size are the same bytes.
        size_px: height and width in pixels; a smaller world shows a smaller area.

    Raises:
        ValueError: if there is no such kind.
    """
    if kind not in _KINDS:
        raise ValueError(f"kind: expected one of {', '.join(KINDS)}, got {kind!r}")
    how = _KINDS[kind]
    rng = np.random.default_rng([zlib.crc32(kind.encode()), seed, size_px])
    times = int(rng.integers(how.coarser[0], how.coarser[1] + 1))
    shape = (-(-size_px // times), -(-size_px // times))
    fine = 2 if shape[0] > 400 else 3
    ground = _draw_ground(rng, how, shape, fine)
    colours, shares = _averaged(ground, fine, rng.uniform(0.35, 0.8))
    above = _draw_sky(rng, how, shape)
    look = Look(**(display.plain(rng) | (how.look(rng) if how.look else {})))
    levels = look.levels(above.over(colours))
    truth = _truth(shares, above)
    truth = np.where(_undecided(colours, truth, above, look), NOT_SCORED, truth)
    if times > 1:
        enlarged = int(rng.choice([cv2.INTER_NEAREST, cv2.INTER_LINEAR]))
        levels = _enlarged(levels, times, size_px, enlarged)
        truth = _enlarged(truth, times, size_px, cv2.INTER_NEAREST)
    valid_mask = _observed(rng, (size_px, size_px))
    rgb = np.where(valid_mask[..., None], look.stored(rng, levels), np.uint8(0))
    truth = np.where(valid_mask, truth, np.uint8(NOT_SCORED))
    return World(f"{kind} {seed}", kind, rgb, valid_mask, truth.astype(np.uint8))


def _draw_ground(
    rng: np.random.Generator, how: Kind, shape: Shape, fine: int
) -> Ground:
    recipe = draw_recipe(rng, str(rng.choice(how.arrangements)), fine)
    if how.surface:
        recipe = replace(recipe, **how.surface(rng, recipe))
    ground = draw_ground(rng, (shape[0] * fine, shape[1] * fine), recipe)
    if recipe.land:
        ground = land.with_coast(rng, ground)
    if recipe.bergs:
        ground = land.with_icebergs(rng, ground, recipe)
    return ground


def _draw_sky(rng: np.random.Generator, how: Kind, shape: Shape) -> Sky:
    drawn = sky.clear_sky(rng, shape, rng.uniform(*how.light))
    if how.shade:
        drawn = sky.with_shadow(rng, drawn)
    if how.haze:
        drawn = sky.with_haze(rng, drawn)
    return sky.with_cloud(rng, drawn) if how.cloud else drawn


def _averaged(
    ground: Ground, fine: int, spread: float
) -> tuple[optics.Colours, optics.Colours]:
    """Return colours (H, W, 3) and shares of codes 0..3 (H, W, 4) of whole pixels."""
    size = (ground.codes.shape[1] // fine, ground.codes.shape[0] // fine)
    parts = [ground.colours, np.stack([ground.codes == c for c in range(4)], axis=-1)]
    whole = [
        cv2.resize(p.astype(np.float32), size, interpolation=cv2.INTER_AREA)
        for p in parts
    ]
    colours, shares = (cv2.GaussianBlur(p, (0, 0), spread) for p in whole)
    return colours, shares


def _truth(shares: optics.Colours, above: Sky) -> Codes:
    """Return the class of the largest share, or of opaque cloud."""
    mixed = shares.max(axis=-1) < ENOUGH
    truth = np.where(mixed, NOT_SCORED, shares.argmax(axis=-1)).astype(np.uint8)
    truth[above.opacity > SURE_GROUND] = NOT_SCORED
    truth[above.opacity >= SURE_CLOUD] = NO_CLASS
    return truth


def _undecided(colours: optics.Colours, truth: Codes, above: Sky, look: Look) -> Mask:
    """Return where nobody could tell the class from the picture.

    A pixel is shown again under the same sky in the same display as if it were of
    another class; where both look alike it is not scored. Thin ice is shown as the
    scene's typical water and thick ice; water and thick ice are changed by what the
    typical colours differ by, so that dim thick ice beside bright thin ice stays. Land
    as dark as water is not scored either, nor ice as dark as nilas where no water is in
    the scene to compare it with.
    """
    typical = {
        code: np.median(colours[truth == code], axis=0)
        if (truth == code).sum() > 50
        else default
        for code, default in TYPICAL.items()
    }
    lost = np.zeros(truth.shape, bool)
    for code, own in typical.items():
        here = truth == code
        if not here.any():
            continue
        there, surface = above.at(here), colours[here][None]
        shown = look.levels(there.over(surface))
        for other, colour in typical.items():
            if other == code:
                continue
            thin = code is SeaIceClass.THIN_ICE
            changed = surface * 0 + colour if thin else surface + (colour - own)
            as_other = look.levels(there.over(np.clip(changed, 0, 1)))
            apart = np.abs(as_other - shown).max(axis=-1)[0]
            lost[here] |= apart < TELLABLE + 1.5 * look.noise
    land_like = (truth == NO_CLASS) & (above.opacity < SURE_GROUND)
    water = typical[SeaIceClass.OPEN_WATER]
    lost |= land_like & (np.abs(colours - water).max(axis=-1) < DARK)
    if not (truth == SeaIceClass.OPEN_WATER).any():
        nilas = colours.max(axis=-1) < NILAS
        lost |= (truth == SeaIceClass.THIN_ICE) & nilas
    return lost


def _enlarged(
    values: np.ndarray[Any, Any], times: int, size: int, how: int
) -> np.ndarray[Any, Any]:
    large = (values.shape[1] * times, values.shape[0] * times)
    return cv2.resize(values, large, interpolation=how)[:size, :size]


def _observed(rng: np.random.Generator, shape: Shape) -> Mask:
    """Draw the mask of observed pixels: one scene in five has a wedge without data."""
    valid = np.ones(shape, np.uint8)
    if rng.random() < 0.2:
        angle, reach = rng.uniform(0, 2 * np.pi), rng.uniform(0.35, 0.65) * shape[0]
        normal = np.array([np.cos(angle), np.sin(angle)])
        along = np.array([-normal[1], normal[0]]) * 3 * shape[0]
        start = np.array(shape[::-1]) / 2 + normal * reach
        far = start + normal * 3 * shape[0]
        corners = [start - along, start + along, far + along, far - along]
        cv2.fillConvexPoly(valid, np.round(corners).astype(np.int32), 0)
    return valid > 0
