"""Filters of thin cloud and shadow, each fitted once per scene, never per crop."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np

from sea_ice_kedro.imagery.arrays import RGB, FilteredScene, Mask, Quality, Scene
from sea_ice_kedro.imagery.classes import QualityFlag, flagged
from sea_ice_kedro.imagery.illumination import IlluminationFilter, filter_illumination
from sea_ice_kedro.imagery.labelling import BrightnessThresholds, label_by_brightness
from sea_ice_kedro.imagery.options import expect_choice
from sea_ice_kedro.imagery.published_filter import PublishedFilter, filter_as_published
from sea_ice_kedro.imagery.shortwave import (
    OpaqueCloud,
    find_opaque_cloud,
    leave_under_cloud,
)


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
        options: The method and its settings.
        thresholds: The limits that the filtered scene will be labelled with.

    Returns:
        The filtered scene with its quality band, on the same grid; land as it was.
    """
    whole = scene.rgb
    if scene.land is not None:
        # As what was not observed: whatever colour land has, it is none of ice.
        sea = np.where(scene.land.mask[..., None], np.uint8(0), whole)
        scene = replace(scene, rgb=sea)
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
