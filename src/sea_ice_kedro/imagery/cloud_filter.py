"""The thin-cloud and shadow filter of Iqrah et al. (2024, III-A), once per scene.

The published notebooks fit background, Otsu threshold and min-max ranges to whatever
array they are given, so that a pixel's label depends on the crop around it. Here they
are fitted to the whole scene, before anything is cut.

After the background is known, every published step maps the 256 possible
differences through a function that depends on the scene's histogram alone. The steps
therefore run on a table of at most 256 values, and the scene is looked up in it once:
the result is the same pixel by pixel, at a small part of the cost.
"""

from dataclasses import dataclass, field

import cv2
import numpy as np
import numpy.typing as npt

from sea_ice_kedro.imagery.arrays import FilteredScene, Grey, Mask, Quality, Scene
from sea_ice_kedro.imagery.classes import QualityFlag
from sea_ice_kedro.imagery.labelling import brightness
from sea_ice_kedro.imagery.options import expect_choice, expect_integer, expect_odd

WHITE = 255
THIN_LEVEL = 155
"""Grey of thin ice in the published three-level result."""

_EXACT_COUNT = 2**24
"""OpenCV counts in float32, which holds every whole number up to here."""

_GREY_OF_RGB = {"rgb": cv2.COLOR_RGB2GRAY, "bgr": cv2.COLOR_BGR2GRAY}


@dataclass(frozen=True)
class PublishedFilter:
    """Settings of the published filter; the defaults are the paper's."""

    channel_order: str = "rgb"
    """"rgb": grey by the true luma weights; "bgr": as the published notebooks, which
    pass B, G, R as if R, G, B, so that blue gets red's weight of 0.299."""

    water_max: int = 30
    """Last brightness max(R, G, B) of open water."""

    dilation_px: int = 7
    """Side of the square that dilates grey before the background."""

    window_px: int = 155
    """Side of the median window of the background; odd, at most 255."""

    truncation: int = 235
    """Brightest normalised difference that is kept apart."""

    thick_ice_min: int = 205
    """First normalised difference of thick ice."""

    def __post_init__(self) -> None:
        """Refuse settings that no scene can be filtered with."""
        expect_choice("channel_order", self.channel_order, _GREY_OF_RGB)
        expect_integer("water_max", self.water_max, 0, 254)
        expect_odd("dilation_px", self.dilation_px, 1, 255)
        expect_odd("window_px", self.window_px, 3, 255)
        expect_integer("truncation", self.truncation, 1, 255)
        expect_integer("thick_ice_min", self.thick_ice_min, 1, 255)


@dataclass(frozen=True)
class FilterOptions:
    """Which filter runs, and its settings."""

    method: str = "published"
    """"published" or "none" (scenes pass unchanged)."""

    published: PublishedFilter = field(default_factory=PublishedFilter)

    def __post_init__(self) -> None:
        """Refuse unknown methods; build the nested record from configuration."""
        expect_choice("filtering.method", self.method, ("published", "none"))
        if isinstance(self.published, dict):
            object.__setattr__(self, "published", PublishedFilter(**self.published))


def filter_scene(scene: Scene, options: FilterOptions) -> FilteredScene:
    """Take thin cloud and cloud shadow out of one scene.

    Args:
        scene: The scene as ingested.
        options: The method and its settings.

    Returns:
        The filtered scene with its quality band, on the same grid.
    """
    if options.method == "none":
        rgb, quality = scene.rgb, _quality(scene.valid_mask)
    else:
        rgb, quality = filter_as_published(
            scene.rgb, scene.valid_mask, options.published
        )
    return FilteredScene(
        scene_id=scene.scene_id,
        rgb=rgb,
        valid_mask=scene.valid_mask,
        georeference=scene.georeference,
        acquired=scene.acquired,
        origin=scene.origin,
        quality=quality,
    )


def filter_as_published(
    rgb: npt.NDArray[np.uint8], valid_mask: Mask, settings: PublishedFilter
) -> tuple[npt.NDArray[np.uint8], Quality]:
    """Run the published steps on a whole scene (Iqrah et al. 2024, III-A).

    Pixels without data count as white in the background, as water does, and take no
    part in Otsu's threshold and the min-max ranges.

    Args:
        rgb: uint8 (H, W, 3), 0..255.
        valid_mask: bool (H, W), True where the scene was observed.
        settings: Window sizes and limits.

    Returns:
        uint8 (H, W, 3), three equal channels of 255 (thick ice), 155 (thin ice) and 0
        (open water, no data); and the quality band, uint8 (H, W).
    """
    bright = brightness(rgb)
    dark_or_invalid = (bright <= settings.water_max) | ~valid_mask
    grey = np.asarray(cv2.cvtColor(rgb, _GREY_OF_RGB[settings.channel_order]), np.uint8)
    grey[dark_or_invalid] = WHITE
    deviation = cv2.absdiff(grey, background(grey, settings))
    difference = np.asarray(cv2.bitwise_not(deviation), np.uint8)
    histogram = histogram_of(difference, valid_mask)
    level = np.asarray(cv2.LUT(difference, level_table(histogram, settings)), np.uint8)
    level[dark_or_invalid] = 0
    quality = _quality(valid_mask, bright >= settings.thick_ice_min, level)
    return np.asarray(cv2.merge([level, level, level]), np.uint8), quality


def background(grey: Grey, settings: PublishedFilter) -> Grey:
    """Estimate illumination: the wide median of dilated grey, uint8 (H, W)."""
    # Late: compiling and loading the median is for workers, not for `kedro --help`.
    from sea_ice_kedro.imagery.median import median_filter  # noqa: PLC0415

    square = np.ones((settings.dilation_px, settings.dilation_px), np.uint8)
    dilated = np.asarray(cv2.dilate(grey, square), np.uint8)
    return median_filter(dilated, settings.window_px)


def histogram_of(grey: Grey, valid_mask: Mask) -> npt.NDArray[np.int64]:
    """Count the valid pixels of each grey level: int64 (256,)."""
    rows = max(1, _EXACT_COUNT // max(1, grey.shape[1]))
    total = np.zeros(256, np.int64)
    for top in range(0, grey.shape[0], rows):
        mask = valid_mask[top : top + rows].view(np.uint8)
        counts = cv2.calcHist([grey[top : top + rows]], [0], mask, [256], [0, 256])
        total += counts.ravel().astype(np.int64)
    return total


def level_table(
    histogram: npt.NDArray[np.int64], settings: PublishedFilter
) -> npt.NDArray[np.uint8]:
    """Map each difference, 0..255, to thick (255) or thin (155) ice.

    The published steps in their order: what is not above Otsu's threshold becomes 0;
    min-max to 0..255; truncation; min-max again; the limit of thick ice.

    Args:
        histogram: int64 (256,), valid pixels of each difference.
        settings: Truncation and the limit of thick ice.

    Returns:
        uint8 (256,); differences that the scene does not hold map to thin ice.
    """
    table = np.full(256, THIN_LEVEL, np.uint8)
    present = np.flatnonzero(histogram).astype(np.uint8)
    if present.size == 0:
        return table
    kept = np.where(present > otsu_threshold(histogram), present, np.uint8(0))
    stretched = _min_max(np.minimum(_min_max(kept), settings.truncation))
    table[present[stretched >= settings.thick_ice_min]] = WHITE
    return table


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


def _quality(
    valid_mask: Mask, thick_before: Mask | None = None, level: Grey | None = None
) -> Quality:
    """Flag what the filter did, uint8 (H, W) of `QualityFlag` bits.

    Thick ice that becomes thin was brightened by cloud; thin ice that becomes thick
    lay in shadow.
    """
    quality = np.where(valid_mask, np.uint8(0), np.uint8(QualityFlag.NODATA))
    if thick_before is None or level is None:
        return quality
    cloud = thick_before & (level == THIN_LEVEL)
    shadow = ~thick_before & (level == WHITE)
    quality[cloud] = QualityFlag.THIN_CLOUD | QualityFlag.CHANGED
    quality[shadow] = QualityFlag.SHADOW | QualityFlag.CHANGED
    return quality
