"""Auto-labelling by brightness (Iqrah et al. 2024, III-B), and class limits.

Limits are given, fit a scene by its own modes, or follow from manual labels.
"""

import math
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from sea_ice_kedro.errors import (
    InvalidLabel,
    InvalidOption,
    InvalidScene,
    expect_choice,
    expect_integer,
    expect_number,
)
from sea_ice_kedro.imagery.arrays import (
    RGB,
    ClassMap,
    Codes,
    FilteredScene,
    Land,
    Mask,
    Scene,
)
from sea_ice_kedro.imagery.classes import (
    DARK_TO_BRIGHT,
    LAND,
    NODATA,
    QualityFlag,
    SeaIceClass,
    flagged,
)
from sea_ice_kedro.imagery.histogram import (
    Density,
    Histogram,
    Modes,
    Shown,
    find_modes,
    histogram_of,
    smoothed,
)
from sea_ice_kedro.imagery.scores import class_counts, concentration

_WATER_FROM, _WATER_USUAL, _WATER_TO, _WATER_REACH = 0.05, 0.11, 0.4, 0.07
_THICK_TO, _THICK_USUAL, _THICK_FROM, _THICK_REACH = 0.05, 0.2, 0.4, 0.1
"""Where limits may lie, as shares of the way from water to thick ice, and how far from
the usual place a valley is still preferred to it. The usual place of thin ice is about
that of 31 between 13 and 225 (Iqrah et al. 2024 and their scenes). That of thick ice
lies below their 205: shade and thin haze dim snow by some tenths, grey ice by more."""

_NO_WATER = 0.2
"""Where no water stands out, what is darker than this share of thick ice, in its
darkest channel, still is water: it may be in a few leads only."""

_FINER = 0.6
"""Valleys are looked for with this share of the smoothing of modes."""

_EMPTY = 3e-4
"""Share of the pixels a level below which one is as empty as another."""

_USUAL_WATER = 0.058
"""Water where none stands out, of thick ice's brightness (13 of 225)."""

BOTH = "scene"
NO_WATER = "no water stands out"
NO_THICK_ICE = "no thick ice stands out"
NEITHER = "neither water nor thick ice stands out"
FALLBACKS = (NO_WATER, NO_THICK_ICE, NEITHER)
"""Sources of limits that a scene could not give, or not both."""


@dataclass(frozen=True)
class Limits:
    """Limits of one scene and where they come from."""

    thin_ice_min: int
    """First brightness of thin ice."""

    thick_ice_min: int
    """First brightness max(R, G, B) of thick ice."""

    source: str
    """"scene", "published", "values", "filter"; or why a limit fell back."""

    by_darkest: bool = False
    """Whether `thin_ice_min` is of min(R, G, B), in which water of any colour is dark;
    else of max(R, G, B)."""

    @property
    def pair(self) -> tuple[int, int]:
        """(thin_ice_min, thick_ice_min)."""
        return self.thin_ice_min, self.thick_ice_min


def place_limits(
    brightest: Histogram, darkest: Histogram | None, fallback: tuple[int, int]
) -> Limits:
    """Place the limits in the valleys beside the modes of water and thick ice.

    Where thick ice does not stand out, or neither does, the fallback's limits hold and
    the source says so. Where water does not, a share of thick ice's tone stands in.

    Args:
        brightest: int64 (256,), valid pixels of each brightness max(R, G, B).
        darkest: int64 (256,), the same pixels by min(R, G, B), in which water is looked
            for; None: limits of max(R, G, B) alone.
        fallback: First brightness of thin and of thick ice where a class is missing.

    Returns:
        The limits, 0 < thin_ice_min < thick_ice_min <= 255.
    """
    shown = Shown.of(brightest, brightest if darkest is None else darkest)
    modes = Modes(None, None, None) if shown is None else find_modes(shown)
    if shown is None or modes.thick is None or modes.thick_darkest is None:
        source = NEITHER if modes.water is None else NO_THICK_ICE
        return Limits(*fallback, source)
    bright, dark = (
        smoothed(shares, _FINER * shown.smoothing)
        for shares in (shown.brightest, shown.darkest)
    )
    water = _USUAL_WATER * modes.thick if modes.water is None else modes.water
    way = water - modes.thick
    ends = _THICK_TO, _THICK_USUAL, _THICK_FROM
    thick = _valley(bright, [modes.thick + e * way for e in ends], -_THICK_REACH * way)
    if modes.water is None:
        thin = _NO_WATER * modes.thick_darkest
    else:
        way = modes.thick_darkest - water
        ends = _WATER_FROM, _WATER_USUAL, _WATER_TO
        thin = _valley(dark, [water + e * way for e in ends], _WATER_REACH * way)
    thick_ice_min = max(_first(thick, shown.stretch), 2)
    return Limits(
        min(_first(thin, shown.stretch), thick_ice_min - 1),
        thick_ice_min,
        NO_WATER if modes.water is None else BOTH,
        by_darkest=darkest is not None,
    )


def _valley(density: Density, ends: list[float], reach: float) -> float:
    """Return the emptiest level in bounds; far from the usual one it must be emptier.

    Args:
        density: float64 (256,).
        ends: A bound, the usual level, the other bound.
        reach: Distance from the usual level that counts as half a nat.
    """
    first, last = round(min(ends)), round(max(ends))
    levels = np.arange(max(first, 1), max(min(last, 255), first, 1) + 1)
    away = (levels - ends[1]) / max(reach, 1.0)
    return float(levels[np.argmin(np.log(density[levels] + _EMPTY) + 0.5 * away**2)])


def _first(limit: float, stretch: float) -> int:
    """Return the first of a scene's own levels that is spread to a limit or above."""
    return max(math.ceil(limit / stretch - 0.5), 1)


# --- Auto-labelling by brightness (Iqrah et al. 2024, III-B)

_CODES = np.array(
    [SeaIceClass.THICK_ICE, SeaIceClass.THIN_ICE, SeaIceClass.OPEN_WATER, NODATA],
    np.uint8,
)
"""In the order that the kernel takes them in."""


PUBLISHED = (31, 205)
"""First brightness of thin and of thick ice (Iqrah et al. 2024, III-B)."""

_ROWS = 512
"""So many rows at least tell a scene's tones; of a larger one every second, ..."""

SOURCES = ("scene", "published", "values")

YOURS = "yours"
"""Source of limits that somebody has set for one scene."""


@dataclass(frozen=True)
class BrightnessThresholds:
    """Where one class ends and the next begins, in brightness max(R, G, B)."""

    thin_ice_min: int = 31
    """First brightness of thin ice, 0..255; darker pixels are open water."""

    thick_ice_min: int = 205
    """First brightness of thick or snow-covered ice, 0..255."""

    source: str = "scene"
    """"scene": each scene's own, see `place_limits`; the values above stand in for what
    a scene does not show. "published": 31 and 205. "values": those above."""

    limit_step: float = 0.05
    """How far the limit of thin ice may be off, as a share of the way to that of thick
    ice: what `place_limits` leaves open."""

    def __post_init__(self) -> None:
        """Refuse limits that leave a class without a brightness."""
        expect_choice("autolabel.thresholds.source", self.source, SOURCES)
        expect_integer("autolabel.thresholds.thin_ice_min", self.thin_ice_min, 0, 255)
        expect_integer("autolabel.thresholds.thick_ice_min", self.thick_ice_min, 0, 255)
        expect_number("autolabel.thresholds.limit_step", self.limit_step, 0.0, 1.0)
        if not 0 < self.thin_ice_min < self.thick_ice_min:
            raise InvalidOption(
                "expected autolabel.thresholds with 0 < thin_ice_min < thick_ice_min "
                "<= 255, got "
                f"{self.thin_ice_min} and {self.thick_ice_min}"
            )

    @property
    def limits(self) -> tuple[int, int]:
        """(thin_ice_min, thick_ice_min) of a scene that has none of its own."""
        if self.source == "published":
            return PUBLISHED
        return self.thin_ice_min, self.thick_ice_min

    def for_filter(self) -> "BrightnessThresholds":
        """Return what a filtered scene depends on: all but the step of the limit."""
        return replace(self, limit_step=BrightnessThresholds.limit_step)

    def for_scene(self, scene: Scene) -> "BrightnessThresholds":
        """Return those that hold for one scene: its own where somebody has set some."""
        if scene.given_limits is None:
            return self
        thin, thick = scene.given_limits
        return replace(self, thin_ice_min=thin, thick_ice_min=thick, source="values")

    def of(self, rgb: RGB, valid_mask: Mask, by_darkest: bool = True) -> Limits:
        """Return the limits of one scene.

        Args:
            rgb: uint8 (H, W, 3), as it will be labelled.
            valid_mask: bool (H, W), True where pixels count.
            by_darkest: Whether a scene's own limit of thin ice may be one of
                min(R, G, B).
        """
        if self.source != "scene":
            thin, thick = self.limits
            return Limits(thin, thick, self.source)
        # Late: loading compiled code is for workers, not for `kedro --help`.
        from sea_ice_kedro.imagery import kernels  # noqa: PLC0415

        counts = np.zeros((kernels.TABLES, 256), np.int64)
        every = max(min(valid_mask.shape) // _ROWS, 1)
        pixels = np.ascontiguousarray(rgb[::every])
        valid = np.ascontiguousarray(valid_mask[::every])
        kernels.count_ends(pixels.ravel(), valid.ravel(), counts)
        brightest, darkest = counts[::2].sum(axis=0), counts[1::2].sum(axis=0)
        return place_limits(brightest, darkest if by_darkest else None, self.limits)


def label_by_brightness(
    rgb: RGB, valid_mask: Mask, thresholds: BrightnessThresholds | Limits
) -> Codes:
    """Label each pixel by max(R, G, B) (Iqrah et al. 2024, III-B).

    The published HSV bounds leave hue and saturation free, so brightness alone
    decides: the labels are the same for all 16.7 M colours. Limits of a scene's own
    may tell water by min(R, G, B): see `Limits.by_darkest`.

    Args:
        rgb: uint8 (H, W, 3), 0..255, channels R, G, B.
        valid_mask: bool (H, W), True where the scene was observed.
        thresholds: First brightness of thin and of thick ice, whatever their source.

    Returns:
        uint8 (H, W) of `SeaIceClass` codes; NODATA where not valid.
    """
    # Late: loading compiled code is for workers, not for `kedro --help`.
    from sea_ice_kedro.imagery import kernels  # noqa: PLC0415

    by_darkest = isinstance(thresholds, Limits) and thresholds.by_darkest
    pair = thresholds.pair if isinstance(thresholds, Limits) else thresholds.limits
    limits = np.array(pair, np.uint8)
    codes = np.empty(valid_mask.shape, np.uint8)
    pixels, valid = np.ascontiguousarray(rgb), np.ascontiguousarray(valid_mask)
    label = kernels.label_by_ends if by_darkest else kernels.label
    label(pixels.ravel(), valid.ravel(), limits, _CODES, codes.ravel())
    return codes


def label_scene(scene: Scene, thresholds: BrightnessThresholds) -> ClassMap:
    """Make the class map of one scene, on the scene's own grid.

    Pixels that the filter could not restore have no class: they are counted apart.
    Land has a code of its own, and no part in the limits.

    Raises:
        InvalidScene: if the scene was filtered for other limits: the published filter
            leaves three levels, on which a moved limit would change nothing.
    """
    filtered_for = getattr(scene, "limits", None)
    thresholds = thresholds.for_scene(scene)
    expect_filtered_for(filtered_for, thresholds, scene.scene_id)
    lost = scene.valid_mask & untrustworthy(scene)
    trusted = scene.valid_mask & ~lost
    if filtered_for is None:
        limits = thresholds.of(scene.rgb, trusted)
    else:
        limits = Limits(filtered_for[0], filtered_for[1], "filter")
    return ClassMap(
        scene_id=scene.scene_id,
        codes=with_land(label_by_brightness(scene.rgb, trusted, limits), scene.land),
        georeference=scene.georeference,
        acquired=scene.acquired,
        limits=limits.pair,
        limits_source=limits.source if scene.given_limits is None else YOURS,
        water_by_darkest=limits.by_darkest,
        concentration_range=concentration_range(
            scene.rgb, trusted, limits, thresholds.limit_step
        ),
        untrustworthy_pixels=int(np.count_nonzero(lost)),
        source=scene.origin.source if scene.origin else "",
        land_source="" if scene.land is None else scene.land.source,
    )


def concentration_range(
    rgb: RGB, valid_mask: Mask, limits: Limits, limit_step: float
) -> tuple[float, float]:
    """Return sea ice concentration with the limit of thin ice moved up and down.

    Args:
        rgb: uint8 (H, W, 3), as it is labelled.
        valid_mask: bool (H, W), True where pixels count.
        limits: As it is labelled with.
        limit_step: How far the limit is moved: see `BrightnessThresholds.limit_step`.

    Returns:
        The lower and the higher one, 0..1; NaN where nothing counts.
    """
    thin, thick = limits.pair
    step = limit_step * (thick - thin)
    moved = (min(max(round(thin + way * step), 1), thick - 1) for way in (1, -1))
    lower, upper = (
        concentration(
            class_counts(
                label_by_brightness(rgb, valid_mask, replace(limits, thin_ice_min=to))
            )
        )
        for to in moved
    )
    return lower, upper


def with_land(codes: Codes, land: Land | None) -> Codes:
    """Write the code of land where a scene has land: uint8 (H, W)."""
    return codes if land is None else np.where(land.mask, np.uint8(LAND), codes)


def untrustworthy(scene: Scene) -> Mask:
    """Give what the filter could not restore: bool (H, W), False where it was none."""
    if not isinstance(scene, FilteredScene) or scene.quality is None:
        return np.zeros(scene.shape, bool)
    return flagged(scene.quality, QualityFlag.UNTRUSTWORTHY)


def expect_filtered_for(
    limits: tuple[int, int] | None, thresholds: BrightnessThresholds, scene_id: str
) -> None:
    """Refuse to label a scene by other limits than it was filtered for.

    Raises:
        InvalidScene: naming both and the command that brings them together.
    """
    # Limits of its own a scene got when it was filtered.
    if thresholds.source != "scene" and limits not in (None, thresholds.limits):
        raise InvalidScene(
            f"{scene_id}: expected a scene filtered for autolabel.thresholds "
            f"{thresholds.limits}, got one filtered for {limits}; filter again: "
            "kedro run --pipelines filtering,autolabel"
        )


# --- Brightness of scenes' pixels by manual label, and limits from that

Counts = npt.NDArray[np.int64]
"""int64 (4, 256): pixels of each brightness labelled thick ice, thin ice and open
water; the last row is all pixels, labelled or not."""


def count_brightness(scene: Scene, label: ClassMap | None = None) -> Counts:
    """Count the pixels of each brightness max(R, G, B), what is valid and trusted.

    Args:
        scene: As it will be labelled.
        label: By a person, on the same grid; None: nobody has labelled it.

    Returns:
        int64 (4, 256).

    Raises:
        InvalidLabel: if the label has another size.
    """
    if label is not None and label.shape != scene.shape:
        raise InvalidLabel(
            f"{scene.scene_id}: expected a label of the scene's size {scene.shape}, "
            f"got {label.shape}"
        )
    bright = np.asarray(scene.rgb.max(axis=-1), np.uint8)
    trusted = scene.valid_mask & ~untrustworthy(scene)
    masks = [
        trusted & (label.codes == c) if label is not None else np.zeros_like(trusted)
        for c in SeaIceClass
    ]
    return np.stack([histogram_of(bright, mask) for mask in [*masks, trusted]])


def limits_of_labels(counts: Counts) -> tuple[int, int] | None:
    """Find the limits that tell manual labels apart best.

    Each limit is that which finds the most of both sides, each side counting alike, so
    that a rare class is not given up for a frequent one; the middle where several do.

    Args:
        counts: int64 (4, 256), of one scene or the sum of many.

    Returns:
        First brightness of thin and of thick ice; None where a class is not labelled.
    """
    water, thin, thick = (counts[c].astype(np.float64) for c in DARK_TO_BRIGHT)
    if not thick.any() or not thin.any() or not water.any():
        return None
    thin_min, thick_min = _split(water, thin), _split(thin, thick)
    return (thin_min, thick_min) if thin_min < thick_min else None


def _split(below: npt.NDArray[np.float64], above: npt.NDArray[np.float64]) -> int:
    """Return the first level of the upper class."""
    found = (
        np.cumsum(below)[:-1] / below.sum() + 1 - np.cumsum(above)[:-1] / above.sum()
    )
    best = np.flatnonzero(found >= found.max() - 1e-12)
    return int(best[len(best) // 2]) + 1
