"""Pictures of a scene in the run report: small, as WebP."""

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from sea_ice_kedro.engines import Task
from sea_ice_kedro.errors import expect_integer
from sea_ice_kedro.imagery.arrays import RGB, ClassMap, FilteredScene, Quality, Scene
from sea_ice_kedro.imagery.classes import (
    ACCESSIBLE,
    NODATA_COLOUR,
    FigureOptions,
    QualityFlag,
    colourise,
    flagged,
)
from sea_ice_kedro.imagery.histogram import histogram_of
from sea_ice_kedro.imagery.predictions import PredictedMap
from sea_ice_kedro.reporting.quicklooks import (
    over_land,
    paint_confidence,
    paint_scene,
    resized,
)

Pictures = Mapping[str, bytes]
"""Name of a picture, a key of `TITLES` or a thumbnail's -> a WebP file."""

TITLES = {
    "original": "as observed",
    "filtered": "filtered",
    "quality": "quality",
    "classes": "classes by brightness",
    "prediction": "classes by the network",
    "confidence": "confidence of the network",
    "polar": "classes by polar, the network that ships",
}
"""Name of a picture -> what it shows, in the order in which they are shown."""

QUALITY_COLOURS: dict[QualityFlag, tuple[int, int, int]] = {
    QualityFlag.THIN_CLOUD: (86, 180, 233),
    QualityFlag.SHADOW: (240, 228, 66),
    QualityFlag.CHANGED: (0, 158, 115),
    QualityFlag.SATURATED: (213, 94, 0),
    QualityFlag.UNTRUSTWORTHY: (255, 255, 255),
}
"""(R, G, B) of the flags, the later painted over the earlier: told apart by readers
with any colour vision (Okabe & Ito 2008)."""

HISTOGRAM = "histogram"
"""Name of the picture of a filtered scene's brightness."""

CHANNEL_COLOURS = {"brightest": (0, 114, 178, 150), "darkest": (213, 94, 0, 150)}
"""(R, G, B, opacity) of the histogram of a channel (Okabe & Ito 2008)."""

_BOTH = (90, 90, 90, 200)
"""Where the histograms of both channels overlap."""

_BAR_PX = 72
"""Rows of a histogram's picture; it has a column for each of 256 values."""

CLEAR_COLOUR = (58, 66, 74)
"""Colour of pixels without a flag."""


@dataclass(frozen=True)
class ReportOptions:
    """How much of the scenes a run report shows."""

    panel_px: int = 384
    """Longest side of a picture."""

    thumbnail_px: int = 96
    """Longest side of a picture on the contact sheet."""

    quality: int = 65
    """Quality of lossy WebP, 1..100."""

    pictured_scenes: int = 66
    """Of more scenes than this, so many are pictured, evenly spread over the index;
    the tables hold all."""

    def __post_init__(self) -> None:
        """Refuse pictures that are too small to see or too large for a report."""
        expect_integer("reporting.panel_px", self.panel_px, 64, 2048)
        expect_integer("reporting.thumbnail_px", self.thumbnail_px, 32, 256)
        expect_integer("reporting.quality", self.quality, 1, 100)
        expect_integer("reporting.pictured_scenes", self.pictured_scenes, 0, 500)


@dataclass(frozen=True)
class Painted:
    """Loads one raster of a scene and keeps nothing of it but its pictures.

    So a worker holds one raster of a scene at a time, however large.
    """

    load: Callable[[], Any]
    paint: Callable[[Any, ReportOptions, FigureOptions], Pictures]
    options: ReportOptions
    figures: FigureOptions = ACCESSIBLE

    def __call__(self) -> Pictures:
        """Load and paint."""
        return self.paint(self.load(), self.options, self.figures)


def pictures_of(
    rasters: Mapping[str, Callable[[], Any]],
    options: ReportOptions,
    figures: FigureOptions = ACCESSIBLE,
) -> Task:
    """Declare the pictures of a scene.

    Args:
        rasters: Loaders of what there is of it: "scene", "filtered", "class_map",
            "prediction", "polar".
        options: Size and quality.
        figures: The colours of the classes.
    """
    inputs = tuple(
        Painted(load, PAINTERS[name], options, figures)
        for name, load in rasters.items()
    )
    return Task(together, inputs)


def together(*parts: Pictures) -> dict[str, bytes]:
    """Put the pictures of a scene together."""
    return {name: picture for part in parts for name, picture in part.items()}


def paint_original(
    scene: Scene, options: ReportOptions, _: FigureOptions
) -> dict[str, bytes]:
    """Paint a scene as observed; no data as grey stripes."""
    return {
        "original": _photo(_shown(scene, options.panel_px), options),
        "thumbnail": _photo(_shown(scene, options.thumbnail_px), options),
    }


def paint_filtered(
    scene: FilteredScene, options: ReportOptions, _: FigureOptions
) -> dict[str, bytes]:
    """Paint a scene after the filter, what that says of each pixel, and how bright."""
    factor = _factor(scene.shape, options.panel_px)
    quality = paint_quality(resized(scene.flags, factor))
    if scene.land is not None:
        land = resized(scene.land.mask.view(np.uint8), factor) > 0
        quality = over_land(quality, land)
    return {
        "filtered": _photo(_shown(scene, options.panel_px), options),
        "quality": _drawing(quality),
        HISTOGRAM: _webp(paint_histogram(scene), lossless=True, quality=50),
    }


def paint_histogram(scene: Scene) -> npt.NDArray[np.uint8]:
    """Paint how often each brightness is observed, uint8 (rows, 256, 4), R, G, B, A.

    Limits of classes are of the brightest channel of a pixel, that of thin ice may be
    of the darkest. Heights are roots of counts: a lead is a small part of a scene.
    """
    picture = np.zeros((_BAR_PX, 256, 4), np.uint8)
    channels = scene.rgb.max(axis=-1), scene.rgb.min(axis=-1)
    up = np.arange(_BAR_PX, 0, -1)[:, None]
    for values, colour in zip(channels, CHANNEL_COLOURS.values(), strict=True):
        heights = np.sqrt(histogram_of(values, scene.valid_mask))
        bars = up <= np.ceil(_BAR_PX * heights / max(heights.max(), 1))
        both = bars & (picture[..., 3] > 0)
        picture[bars] = colour
        picture[both] = _BOTH
    return picture


def paint_quality(quality: Quality) -> RGB:
    """Paint quality flags, uint8 (H, W), in their colours, uint8 (H, W, 3)."""
    picture = np.full((*quality.shape, 3), CLEAR_COLOUR, np.uint8)
    for flag, colour in QUALITY_COLOURS.items():
        picture[flagged(quality, flag)] = colour
    picture[flagged(quality, QualityFlag.NODATA)] = NODATA_COLOUR
    return picture


def paint_classes(
    class_map: ClassMap, options: ReportOptions, figures: FigureOptions
) -> dict[str, bytes]:
    """Paint a class map in the colours of the classes."""
    return {
        "classes": _drawing(_coded(class_map, options.panel_px, figures)),
        "thumbnail_classes": _drawing(_coded(class_map, options.thumbnail_px, figures)),
    }


def paint_prediction(
    prediction: PredictedMap, options: ReportOptions, figures: FigureOptions
) -> dict[str, bytes]:
    """Paint the classes of a network, and how sure it is of them."""
    factor = _factor(prediction.shape, options.panel_px)
    confidence = paint_confidence(
        resized(prediction.confidence, factor), resized(prediction.codes, factor)
    )
    return {
        "prediction": _drawing(_coded(prediction, options.panel_px, figures)),
        "confidence": _photo(confidence, options),
        "thumbnail_prediction": _drawing(
            _coded(prediction, options.thumbnail_px, figures)
        ),
    }


def paint_polar(
    prediction: PredictedMap, options: ReportOptions, figures: FigureOptions
) -> dict[str, bytes]:
    """Paint the classes of the network that ships."""
    return {"polar": _drawing(_coded(prediction, options.panel_px, figures))}


PAINTERS: dict[str, Callable[[Any, ReportOptions, FigureOptions], Pictures]] = {
    "scene": paint_original,
    "filtered": paint_filtered,
    "class_map": paint_classes,
    "prediction": paint_prediction,
    "polar": paint_polar,
}
"""What a raster of a scene is -> what paints it."""


def _shown(scene: Scene, px: int) -> RGB:
    return paint_scene(scene, _factor(scene.shape, px))


def _coded(class_map: ClassMap, px: int, figures: FigureOptions) -> RGB:
    codes = resized(class_map.codes, _factor(class_map.shape, px))
    return colourise(codes, figures.colours)


def _factor(shape: tuple[int, int], px: int) -> float:
    """Shrink to `px`; a browser enlarges what is smaller."""
    return min(1.0, px / max(shape))


def _photo(picture: RGB, options: ReportOptions) -> bytes:
    return _webp(picture, quality=options.quality)


def _drawing(picture: RGB) -> bytes:
    """Keep every colour as it is: it stands for a class."""
    return _webp(picture, lossless=True, quality=50)


def _webp(picture: npt.NDArray[np.uint8], **options: bool | int) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, format="WEBP", **options)
    return buffer.getvalue()
