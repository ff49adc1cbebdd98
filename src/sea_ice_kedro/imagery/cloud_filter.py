"""Filters of thin cloud and shadow, each fitted once per scene, never per crop.

The published notebooks fit background, Otsu threshold and min-max ranges to whatever
array they are given, so that a pixel's label depends on the crop around it. Here they
are fitted to the whole scene, before anything is cut.

Once the background is known, every published step maps the difference from it by a
rising function that depends on the scene's histogram alone. So the steps run on the
at most 256 values that occur, and give one limit for the whole scene: the result is
the same pixel by pixel, at a small part of the cost.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import cv2
import numpy as np
import numpy.typing as npt

from sea_ice_kedro.errors import expect_choice, expect_integer, expect_odd
from sea_ice_kedro.imagery.arrays import RGB, FilteredScene, Grey, Mask, Quality, Scene
from sea_ice_kedro.imagery.classes import QualityFlag, flagged
from sea_ice_kedro.imagery.histogram import histogram_of
from sea_ice_kedro.imagery.illumination import IlluminationFilter, filter_illumination
from sea_ice_kedro.imagery.labelling import BrightnessThresholds, label_by_brightness
from sea_ice_kedro.imagery.shortwave import (
    OpaqueCloud,
    find_opaque_cloud,
    leave_under_cloud,
)

THIN_LEVEL = 155
"""Grey of thin ice in the published three-level result."""

_FLAGS = (
    QualityFlag.NODATA,
    QualityFlag.THIN_CLOUD | QualityFlag.CHANGED,
    QualityFlag.SHADOW | QualityFlag.CHANGED,
)

_GREY_OF_RGB = {"rgb": cv2.COLOR_RGB2GRAY, "bgr": cv2.COLOR_BGR2GRAY}


@dataclass(frozen=True)
class PublishedFilter:
    """Settings of the published filter; the defaults are the paper's."""

    channel_order: str = "rgb"
    """"rgb": grey by the true luma weights; "bgr": as the published notebooks, which
    pass B, G, R as if R, G, B, so that blue gets red's weight of 0.299."""

    dilation_px: int = 7
    """Side of the square that dilates grey before the background."""

    window_px: int = 155
    """Side of the median window of the background; odd, at most 255."""

    truncation: int = 235
    """Brightest normalised difference that is kept apart."""

    def __post_init__(self) -> None:
        """Refuse settings that no scene can be filtered with."""
        expect_choice(
            "filtering.published.channel_order", self.channel_order, _GREY_OF_RGB
        )
        where = "filtering.published."
        expect_odd(f"{where}dilation_px", self.dilation_px, 1, 255)
        expect_odd(f"{where}window_px", self.window_px, 3, 255)
        expect_integer(f"{where}truncation", self.truncation, 1, 255)


def filter_as_published(
    rgb: RGB,
    valid_mask: Mask,
    settings: PublishedFilter,
    thresholds: BrightnessThresholds,
) -> tuple[RGB, Quality]:
    """Run the published steps on a whole scene (Iqrah et al. 2024, III-A).

    The published steps use the limits of the labels themselves: what is darker than
    thin ice is water and stays so; a normalised difference from the first brightness
    of thick ice on is thick ice.

    Pixels without data count as white in the background, as water does, and take no
    part in Otsu's threshold and the min-max ranges. Thick ice that becomes thin is
    flagged as thin cloud, thin ice that becomes thick as shadow.

    Args:
        rgb: uint8 (H, W, 3), 0..255.
        valid_mask: bool (H, W), True where the scene was observed.
        settings: Windows and ranges.
        thresholds: The limits that the result will be labelled with.

    Returns:
        uint8 (H, W, 3), three equal channels of 255 (thick ice), 155 (thin ice) and 0
        (open water, no data); and the quality band, uint8 (H, W).
    """
    # Late: loading compiled code is for workers, not for `kedro --help`.
    from sea_ice_kedro.imagery import kernels  # noqa: PLC0415

    rgb, valid_mask = np.ascontiguousarray(rgb), np.ascontiguousarray(valid_mask)
    valid, shape = valid_mask.ravel(), valid_mask.shape
    water_max, thick_min = thresholds.thin_ice_min - 1, thresholds.thick_ice_min
    grey = np.asarray(cv2.cvtColor(rgb, _GREY_OF_RGB[settings.channel_order]), np.uint8)
    bright, quality = np.empty(shape, np.uint8), np.empty(shape, np.uint8)
    kernels.paint_water_white(
        rgb.ravel(), valid, np.uint8(water_max), grey.ravel(), bright.ravel()
    )
    difference = background(grey, settings)
    kernels.closeness(grey.ravel(), difference.ravel())
    histogram = histogram_of(difference, valid_mask)
    thin_max = thin_difference_max(histogram, settings.truncation, thick_min)
    filtered = np.empty((*shape, 3), np.uint8)
    kernels.levels_and_quality(
        difference.ravel(),
        bright.ravel(),
        valid,
        np.array([water_max, thick_min, thin_max], np.uint8),
        np.array([thin_level(thresholds), *_FLAGS], np.uint8),
        filtered.ravel(),
        quality.ravel(),
    )
    return filtered, quality


def thin_level(thresholds: BrightnessThresholds) -> int:
    """Return the grey of thin ice in the three-level result: 155, as published.

    Where the limits would label that as another class, the middle between them.
    """
    low, high = thresholds.thin_ice_min, thresholds.thick_ice_min
    return THIN_LEVEL if low <= THIN_LEVEL < high else (low + high) // 2


def background(grey: Grey, settings: PublishedFilter) -> Grey:
    """Estimate illumination: the wide median of dilated grey, uint8 (H, W)."""
    # Late: compiling and loading the median is for workers, not for `kedro --help`.
    from sea_ice_kedro.imagery.median import median_filter  # noqa: PLC0415

    square = np.ones((settings.dilation_px, settings.dilation_px), np.uint8)
    dilated = np.asarray(cv2.dilate(grey, square), np.uint8)
    return median_filter(dilated, settings.window_px)


def thin_difference_max(
    histogram: npt.NDArray[np.int64], truncation: int, thick_min: int
) -> int:
    """Find the last difference, 0..255, that the published steps call thin ice.

    The steps in their order: what is not above Otsu's threshold becomes 0; min-max to
    0..255; truncation; min-max again; the limit of thick ice. None of them ever turns
    a larger difference into a smaller one, so one limit says it all; and min-max turns
    the smallest into 0, so there always is a difference of thin ice.

    Args:
        histogram: int64 (256,), valid pixels of each difference.
        truncation: Brightest normalised difference that is kept apart.
        thick_min: First normalised difference of thick ice, at least 1.

    Returns:
        The limit; 255 where the scene holds no thick ice.
    """
    present = np.flatnonzero(histogram).astype(np.uint8)
    if present.size == 0:
        return 255
    kept = np.where(present > otsu_threshold(histogram), present, np.uint8(0))
    stretched = _min_max(np.minimum(_min_max(kept), truncation))
    thick = present[stretched >= thick_min]
    return int(thick[0]) - 1 if thick.size else 255


def otsu_threshold(histogram: npt.NDArray[np.int64]) -> int:
    """Find the level that splits a histogram best (Otsu 1979), as OpenCV does.

    Args:
        histogram: int64 (256,), pixels of each level, at least one.

    Returns:
        The first level that maximises the variance between the two classes; the upper
        class lies above it. 0 when no split separates anything.
    """
    share = histogram / histogram.sum()
    below = np.cumsum(share)
    mean_below = np.cumsum(share * np.arange(256))
    above = 1.0 - below
    splits = (np.minimum(below, above) >= np.finfo(np.float32).eps) & (
        np.maximum(below, above) <= 1.0 - np.finfo(np.float32).eps
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        between = (mean_below[-1] * below - mean_below) ** 2 / (below * above)
    between = np.where(splits, between, 0.0)
    return int(np.argmax(between)) if between.max() > 0 else 0


def _min_max(values: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Stretch values, uint8 (n,), to 0..255 with OpenCV's rounding.

    One single value has no range: `cv2.normalize` maps it to 0, and so do we.
    """
    stretched = cv2.normalize(values, None, 0, 255, cv2.NORM_MINMAX, cv2.CV_8UC1)  # type: ignore[call-overload]
    return np.asarray(stretched, np.uint8).reshape(values.shape)


# --- Which filter runs


@dataclass(frozen=True)
class FilterOptions:
    """Which filter runs, and its settings."""

    method: str = "illumination"
    """"illumination", "published" or "none" (scenes pass unchanged)."""

    illumination: IlluminationFilter = field(default_factory=IlluminationFilter)

    opaque_cloud: OpaqueCloud = field(default_factory=OpaqueCloud)
    """Of the illumination filter, where a scene has short-wave infrared bands."""

    published: PublishedFilter = field(default_factory=PublishedFilter)

    def __post_init__(self) -> None:
        """Refuse unknown methods; build the nested records from configuration."""
        expect_choice("filtering.method", self.method, FILTERS)
        if isinstance(self.illumination, dict):
            given = IlluminationFilter(**self.illumination)
            object.__setattr__(self, "illumination", given)
        if isinstance(self.opaque_cloud, dict):
            object.__setattr__(self, "opaque_cloud", OpaqueCloud(**self.opaque_cloud))
        if isinstance(self.published, dict):
            object.__setattr__(self, "published", PublishedFilter(**self.published))


def filter_scene(
    scene: Scene, options: FilterOptions, thresholds: BrightnessThresholds
) -> FilteredScene:
    """Take thin cloud and cloud shadow out of one scene.

    Args:
        scene: The scene as ingested.
        options: The method, unless the scene has one of its own, and its settings.
        thresholds: The limits that the filtered scene will be labelled with.

    Returns:
        The filtered scene with its quality band, on the same grid; land as it was.
    """
    whole = scene.rgb
    if scene.land is not None:
        # As what was not observed: whatever colour land has, it is none of ice.
        sea = np.where(scene.land.mask[..., None], np.uint8(0), whole)
        scene = replace(scene, rgb=sea)
    if scene.given_filter:
        options = replace(options, method=scene.given_filter)
    settings = getattr(options, options.method, None)
    limits = thresholds = thresholds.for_scene(scene)
    if options.method == "published" and thresholds.source == "scene":
        # Its three levels are made of max(R, G, B) alone.
        pair = thresholds.of(scene.rgb, scene.valid_mask, by_darkest=False).pair
        limits = BrightnessThresholds(*pair, source="values")
    cloud_mask, observed = None, scene.valid_mask
    if options.method == "illumination":
        cloud_mask = find_opaque_cloud(scene, options.opaque_cloud)
    if cloud_mask is not None:
        # Nothing is learnt of the sky from what hides the surface.
        observed = observed & ~cloud_mask
    rgb, quality = FILTERS[options.method](scene.rgb, observed, settings, limits)
    if cloud_mask is not None and cloud_mask.any():
        rgb, quality = leave_under_cloud(scene, rgb, quality, cloud_mask)
    if scene.land is not None:
        rgb = np.where(scene.land.mask[..., None], whole, rgb)
    return FilteredScene(
        scene_id=scene.scene_id,
        rgb=rgb,
        valid_mask=scene.valid_mask,
        georeference=scene.georeference,
        acquired=scene.acquired,
        origin=scene.origin,
        quality=quality,
        given_limits=scene.given_limits,
        given_filter=scene.given_filter,
        limits=limits.limits if options.method == "published" else None,
        land=scene.land,
    )


def leave_unfiltered(
    rgb: RGB, valid_mask: Mask, settings: None, thresholds: BrightnessThresholds
) -> tuple[RGB, Quality]:
    """Pass a scene as it is; its quality band says only where there is no data."""
    del settings, thresholds
    quality = np.where(valid_mask, 0, QualityFlag.NODATA).astype(np.uint8)
    return rgb, quality


def restore(
    rgb: RGB,
    valid_mask: Mask,
    settings: IlluminationFilter,
    thresholds: BrightnessThresholds,
) -> tuple[RGB, Quality]:
    """Take shadow and haze out: see `filter_illumination`.

    Flagged as changed is what another class is found for, by the limits that the
    restored scene will be labelled with.

    Args:
        rgb: uint8 (H, W, 3), 0..255.
        valid_mask: bool (H, W), True where the scene was observed.
        settings: Cells, smoothness, weights.
        thresholds: How the result will be labelled.

    Returns:
        uint8 (H, W, 3), and the quality band, uint8 (H, W).
    """
    # Late: loading compiled code is for workers, not for `kedro --help`.
    from sea_ice_kedro.imagery.illumination import kernels  # noqa: PLC0415

    restored, quality = filter_illumination(rgb, valid_mask, settings)
    trusted = valid_mask & ~flagged(quality, QualityFlag.UNTRUSTWORTHY)
    limits = thresholds.of(restored, trusted)
    before = label_by_brightness(rgb, valid_mask, limits)
    after = label_by_brightness(restored, valid_mask, limits)
    flag = np.uint8(QualityFlag.CHANGED)
    kernels.mark_changed(before.ravel(), after.ravel(), flag, quality.ravel())
    return restored, quality


FILTERS: dict[str, Callable[..., tuple[RGB, Quality]]] = {
    "illumination": restore,
    "published": filter_as_published,
    "none": leave_unfiltered,
}
"""Method -> (rgb, valid mask, the options' record of that name, limits) -> (filtered
rgb, quality band)."""
