"""Where labels depend on the grid of chips: the published way beside a run's own."""

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from sea_ice_kedro.imagery.arrays import RGB, Mask, Scene
from sea_ice_kedro.imagery.classes import ACCESSIBLE, FigureOptions, colourise
from sea_ice_kedro.imagery.grid_check import (
    BANDS,
    GridCheckOptions,
    count_differences,
    differences,
)
from sea_ice_kedro.reporting.quicklooks import FAINT, INK, PAPER

DIFFERS = (255, 0, 255)
"""Colour of a pixel whose class depends on the grid."""

_DIMMED = 3
_MARGIN, _TITLE, _CAPTION = 12, 34, 20


def draw_differences(
    labelled: Scene, options: GridCheckOptions, figures: FigureOptions = ACCESSIBLE
) -> RGB:
    """Draw scene | published labels | where they change | own | where they change.

    A pixel is magenta where half a chip further another class is found for it.

    Args:
        labelled: Of `label_on_two_grids`.
        options: Size of the panels, and of the chips.
        figures: The colours of the classes.

    Returns:
        uint8 (height, width, 3).
    """
    masks, counts = differences(labelled), count_differences(labelled)
    differing = counts["published"], counts["own"]
    moved = options.chip_px // 2
    captions = ["scene"]
    panels = [_shrunk(labelled.rgb, options)]
    names = ("published filter on each chip", "filter and limits of this run")
    for name, band, mask, many in zip(names, BANDS[::2], masks, differing, strict=True):
        share = many / max(counts["pixels"], 1)
        said = f"another class {moved} px further: {share:.2%}, {many:,} pixels"
        captions += [name, said]
        panels += [
            _shrunk(colourise(labelled.extra_bands[band], figures.colours), options),
            _marked(labelled.rgb, mask, options),
        ]
    return _page(labelled.scene_id, panels, captions)


def _shrunk(picture: RGB, options: GridCheckOptions) -> RGB:
    factor = options.panel_px / max(picture.shape[:2])
    height, width = (max(1, round(side * factor)) for side in picture.shape[:2])
    method = cv2.INTER_AREA if factor < 1 else cv2.INTER_NEAREST
    return np.asarray(
        cv2.resize(picture, (width, height), interpolation=method), np.uint8
    )


def _marked(rgb: RGB, mask: Mask, options: GridCheckOptions) -> RGB:
    """Paint over a dimmed scene, then shrink: few pixels tint, many colour."""
    colour = np.array(DIFFERS, np.uint8)
    marked = np.where(mask[..., None], colour, rgb // np.uint8(_DIMMED))
    return _shrunk(np.asarray(marked, np.uint8), options)


def _page(title: str, panels: list[RGB], captions: list[str]) -> RGB:
    """Put panels side by side under a title, each with its caption."""
    height, width = panels[0].shape[:2]
    step = max(width, 200) + _MARGIN
    size = (len(panels) * step + _MARGIN, _TITLE + _CAPTION + height + _MARGIN)
    page = Image.new("RGB", size, PAPER)
    draw = ImageDraw.Draw(page)
    draw.text((_MARGIN, 8), title, INK, ImageFont.load_default(16))
    for index, (panel, caption) in enumerate(zip(panels, captions, strict=True)):
        left = _MARGIN + index * step
        draw.text((left, _TITLE), caption, FAINT, ImageFont.load_default(12))
        page.paste(Image.fromarray(panel), (left, _TITLE + _CAPTION))
    return np.asarray(page)
