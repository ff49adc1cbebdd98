"""One picture a scene: as observed, filtered, classified, with legend and scale."""

import math
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from sea_ice_kedro.errors import expect_integer
from sea_ice_kedro.imagery.arrays import (
    RGB,
    SIMULATED,
    ClassMap,
    Codes,
    FilteredScene,
    Georeference,
    Grey,
    Mask,
    Scene,
)
from sea_ice_kedro.imagery.classes import (
    ACCESSIBLE,
    LAND,
    LAND_COLOUR,
    NODATA,
    NODATA_COLOUR,
    FigureOptions,
    SeaIceClass,
    colourise,
)
from sea_ice_kedro.imagery.predictions import PredictedMap
from sea_ice_kedro.imagery.scores import class_counts, concentration
from sea_ice_kedro.rasters.footprint import north_bearing_deg, pixel_size_m

PAPER, INK, FAINT = (255, 255, 255), (20, 28, 36), (112, 122, 132)
_MARGIN, _TITLE, _FOOT = 16, 46, 64
_ARROW, _SWATCH, _PERIOD = 20, 16, 8
_UNSURE = 33
"""Percent: what a network gives each class that knows nothing."""


@dataclass(frozen=True)
class QuicklookOptions:
    """How large a quicklook is."""

    panel_px: int = 512
    """Longest side of one of the three panels."""

    def __post_init__(self) -> None:
        """Refuse panels too small to read."""
        expect_integer("autolabel.quicklooks.panel_px", self.panel_px, 64, 4096)


def draw_quicklook(
    scene: Scene,
    filtered: Scene,
    class_map: ClassMap,
    options: QuicklookOptions,
    figures: FigureOptions = ACCESSIBLE,
) -> RGB:
    """Draw scene | filtered | classes.

    Args:
        scene: As ingested; pixels without data are hatched grey.
        filtered: After the thin-cloud and shadow filter, on the same grid.
        class_map: The classes, on the same grid.
        options: Size of the panels.
        figures: The colours of the classes.

    Returns:
        uint8 (height, width, 3).
    """
    factor = _factor(scene, options)
    panels = [
        ("scene", paint_scene(scene, factor)),
        ("filtered", paint_scene(filtered, factor)),
        ("classes", colourise(resized(class_map.codes, factor), figures.colours)),
    ]
    return _page(scene, class_map, panels, factor, figures)


def draw_prediction_quicklook(
    scene: Scene,
    prediction: PredictedMap,
    options: QuicklookOptions,
    figures: FigureOptions = ACCESSIBLE,
) -> RGB:
    """Draw scene | predicted classes | how sure the network is of them.

    Args:
        scene: As ingested; pixels without data are hatched grey.
        prediction: Classes and confidence, on the same grid.
        options: Size of the panels.
        figures: The colours of the classes.

    Returns:
        uint8 (height, width, 3).
    """
    factor = _factor(scene, options)
    sure = prediction.confidence[prediction.confidence != NODATA]
    mean = f", mean {sure.mean():.0f} %" if sure.size else ""
    panels = [
        ("scene", paint_scene(scene, factor)),
        ("prediction", colourise(resized(prediction.codes, factor), figures.colours)),
        (
            f"confidence {_UNSURE} to 100 %{mean}",
            paint_confidence(
                resized(prediction.confidence, factor),
                resized(prediction.codes, factor),
            ),
        ),
    ]
    return _page(scene, prediction, panels, factor, figures)


def _factor(scene: Scene, options: QuicklookOptions) -> float:
    factor = options.panel_px / max(scene.shape)
    # A pixel of a small scene becomes a whole square.
    return math.floor(factor) if factor > 1 else factor


def paint_confidence(confidence: Grey, codes: Codes) -> RGB:
    """Paint 33..100 % from dark to bright, land and no data as in the class map."""
    stretched = np.clip((confidence - float(_UNSURE)) / (100 - _UNSURE), 0, 1) * 255
    blue_first = cv2.applyColorMap(stretched.astype(np.uint8), cv2.COLORMAP_VIRIDIS)
    nodata = (confidence == NODATA)[..., None]
    painted = np.where(nodata, np.array(NODATA_COLOUR, np.uint8), blue_first[..., ::-1])
    return over_land(painted, codes == LAND)


def _page(
    scene: Scene,
    class_map: ClassMap,
    panels: list[tuple[str, RGB]],
    factor: float,
    figures: FigureOptions,
) -> RGB:
    """Put panels of one size side by side, with title, scale and legend."""
    height, width = panels[0][1].shape[:2]
    # A narrow scene still needs room for its name and the legend.
    least = 760 if scene.land is None else 940
    page_width = max(3 * width + 4 * _MARGIN, least, _title_width(scene) + 2 * _MARGIN)
    page = Image.new("RGB", (page_width, _TITLE + height + _FOOT), PAPER)
    draw = ImageDraw.Draw(page)
    _title(draw, scene)
    for index, (name, panel) in enumerate(panels):
        left = _MARGIN + index * (width + _MARGIN)
        page.paste(Image.fromarray(panel), (left, _TITLE))
        draw.text((left, _TITLE - 18), name, FAINT, font(13))
    foot = _TITLE + height + 10
    _scale(draw, scene.georeference, scene.shape, factor, foot)
    _legend(draw, class_map, figures, page_width, foot)
    return np.asarray(page)


def paint_scene(scene: Scene, factor: float) -> RGB:
    """Show a scene, and no data as diagonal grey stripes: black would be water.

    Land is as observed, so that it shows where its mask lies; once filtered, which
    means nothing there, it has its colour.
    """
    picture = resized(scene.rgb, factor)
    seen = (
        scene.valid_mask if scene.land is None else scene.valid_mask | scene.land.mask
    )
    if scene.land is not None and isinstance(scene, FilteredScene):
        land = resized(scene.land.mask.view(np.uint8), factor) > 0
        picture = over_land(picture, land)
    rows, columns = np.nonzero(resized(seen.view(np.uint8), factor) == 0)
    stripes = np.where((rows + columns) % _PERIOD < _PERIOD // 2, 150, 190)
    picture[rows, columns] = stripes.astype(np.uint8)[:, None]
    return picture


def over_land(picture: RGB, land: Mask) -> RGB:
    """Give land, bool (H, W), its colour in a picture, uint8 (H, W, 3)."""
    return np.where(land[..., None], np.array(LAND_COLOUR, np.uint8), picture)


def resized(picture: npt.NDArray[np.uint8], factor: float) -> npt.NDArray[np.uint8]:
    """Shrink colours by averaging, everything else by picking pixels; a new array."""
    height, width = picture.shape[:2]
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    average = factor < 1 and picture.ndim == 3  # noqa: PLR2004 - (H, W, 3)
    method = cv2.INTER_AREA if average else cv2.INTER_NEAREST
    return np.array(cv2.resize(picture, size, interpolation=method), np.uint8)


def font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """Return the font of all pictures, in a size of so many pixels."""
    return ImageFont.load_default(size)


def _title(draw: ImageDraw.ImageDraw, scene: Scene) -> None:
    draw.text((_MARGIN, 6), scene.scene_id, INK, font(16))
    start = _MARGIN + font(16).getlength(scene.scene_id)
    draw.text((start, 8), _when(scene), FAINT, font(13))


def _title_width(scene: Scene) -> int:
    width = font(16).getlength(scene.scene_id) + font(13).getlength(_when(scene))
    return math.ceil(width)


def _when(scene: Scene) -> str:
    when = f"  {scene.acquired:%Y-%m-%d %H:%M} UTC" if scene.acquired else ""
    simulated = scene.origin is not None and scene.origin.source == SIMULATED
    return f"{when}  simulated, no observation" if simulated else when


def _scale(
    draw: ImageDraw.ImageDraw,
    georeference: Georeference | None,
    shape: tuple[int, int],
    factor: float,
    top: int,
) -> None:
    """Draw a bar of a round length, and where north is, if the scene knows."""
    target = 110 / factor
    if georeference is None:
        length = _round_down(target)
        text = f"{length:g} px"
    else:
        side_m = pixel_size_m(georeference, shape)
        metres, text = round_metres(target * side_m)
        length = metres / side_m
        _north(draw, north_bearing_deg(georeference, shape), top)
    left, y = _MARGIN + 44, top + 10
    right = left + length * factor
    draw.line([(left, y - 4), (left, y), (right, y), (right, y - 4)], INK, 2)
    draw.text((left, y + 4), text, INK, font(13))


def round_metres(most: float) -> tuple[float, str]:
    """Return the longest round length, in m, that is not above `most`, and its text."""
    metres = _round_down(most)
    return metres, f"{metres / 1000:g} km" if metres >= 1000 else f"{metres:g} m"  # noqa: PLR2004


def _round_down(value: float) -> float:
    """Return the largest of 1, 2, 5 times a power of ten that is not above `value`."""
    power = 10.0 ** math.floor(math.log10(value))
    return max(step * power for step in (1, 2, 5) if step * power <= value)


def _north(draw: ImageDraw.ImageDraw, bearing_deg: float, top: int) -> None:
    centre = np.array([_MARGIN + _ARROW / 2, top + _ARROW / 2])
    angle = math.radians(bearing_deg)
    ahead = np.array([math.sin(angle), -math.cos(angle)]) * _ARROW / 2
    aside = np.array([-ahead[1], ahead[0]]) * 0.6
    tip, tail = centre + ahead, centre - ahead
    corners = [tuple(p) for p in (tip, tail + aside, centre - ahead / 3, tail - aside)]
    draw.polygon(corners, fill=INK)
    draw.text((centre[0] - 4, top + _ARROW + 2), "N", INK, font(12))


def _legend(
    draw: ImageDraw.ImageDraw,
    class_map: ClassMap,
    figures: FigureOptions,
    page_width: int,
    top: int,
) -> None:
    counts = class_counts(class_map.codes)
    valid = sum(counts.values())
    entries = [
        (figures.colours[c], f"{c.label} {_percent(counts[c], valid)}")
        for c in SeaIceClass
    ]
    land = int(np.count_nonzero(class_map.codes == LAND))
    missing = class_map.codes.size - valid - land
    for pixels, colour, name in (
        (land, LAND_COLOUR, "land"),
        (missing, NODATA_COLOUR, "no data"),
    ):
        if pixels:
            share = _percent(pixels, class_map.codes.size)
            entries.append((colour, f"{name} {share} of scene"))
    widths = [_SWATCH + 6 + draw.textlength(t, font(13)) + 18 for _, t in entries]
    x = page_width - _MARGIN - sum(widths) + 18
    for (colour, text), width in zip(entries, widths, strict=True):
        draw.rectangle([x, top, x + _SWATCH, top + _SWATCH], colour, INK)
        draw.text((x + _SWATCH + 6, top), text, INK, font(13))
        x += width
    if valid:
        text = f"sea ice concentration {concentration(counts):.1%}"
        width = draw.textlength(text, font(13))
        draw.text((page_width - _MARGIN - width, top + 24), text, INK, font(13))


def _percent(part: int, whole: int) -> str:
    return f"{part / whole:.1%}" if whole else "-"
