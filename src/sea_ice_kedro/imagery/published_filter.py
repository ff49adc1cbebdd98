"""The thin-cloud and shadow filter of Iqrah et al. (2024, III-A), once per scene.

The published notebooks fit background, Otsu threshold and min-max ranges to whatever
array they are given, so that a pixel's label depends on the crop around it. Here they
are fitted to the whole scene, before anything is cut.

Once the background is known, every published step maps the difference from it by a
rising function that depends on the scene's histogram alone. So the steps run on the
at most 256 values that occur, and give one limit for the whole scene: the result is
the same pixel by pixel, at a small part of the cost.
"""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from sea_ice_kedro.imagery.arrays import RGB, Grey, Mask, Quality
from sea_ice_kedro.imagery.classes import QualityFlag
from sea_ice_kedro.imagery.histogram import histogram_of
from sea_ice_kedro.imagery.labelling import BrightnessThresholds
from sea_ice_kedro.imagery.options import expect_choice, expect_integer, expect_odd

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
