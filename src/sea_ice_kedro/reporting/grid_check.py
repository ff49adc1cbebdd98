"""Do labels depend on where chips are cut? The published way, and that of a run.

A scene is cut twice, the second time half a chip further. The published notebooks
filter and label each chip on its own, so that its neighbours decide on a pixel's class.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from sea_ice_kedro.errors import expect_integer
from sea_ice_kedro.imagery.arrays import RGB, Codes, Mask, Scene
from sea_ice_kedro.imagery.classes import ACCESSIBLE, FigureOptions, colourise
from sea_ice_kedro.imagery.cloud_filter import FilterOptions, filter_scene
from sea_ice_kedro.imagery.labelling import BrightnessThresholds, label_scene
from sea_ice_kedro.reporting.quicklooks import FAINT, INK, PAPER

PUBLISHED_LIMITS = BrightnessThresholds(source="published")

BANDS = ("published", "published_moved", "own", "own_moved")
"""Names beside a scene of its labels: each way, on each of the two grids."""


@dataclass(frozen=True)
class GridCheckOptions:
    """How scenes are cut, and how large the figure is."""

    chip_px: int = 256
    """Side of a chip (Iqrah et al. 2024, III-A)."""

    panel_px: int = 400
    """Longest side of each of the figure's five panels."""

    def __post_init__(self) -> None:
        """Refuse chips and panels of nothing."""
        expect_integer("grid_check.chip_px", self.chip_px, 16, 4096)
        expect_integer("grid_check.panel_px", self.panel_px, 64, 4096)


def label_on_two_grids(
    scene: Scene,
    options: GridCheckOptions,
    filtering: FilterOptions,
    thresholds: BrightnessThresholds,
) -> Scene:
    """Label a scene four times: the published way and a run's own, on two grids.

    Args:
        scene: As ingested.
        options: Size of a chip.
        filtering: The run's filter; its settings of the published filter hold for both.
        thresholds: The run's limits.

    Returns:
        The scene with the labels beside it, named as `BANDS` says: uint8 (H, W) each,
        255 where there is none.
    """
    published = replace(filtering, method="published")
    size, grids = options.chip_px, (0, options.chip_px // 2)
    per_chip = [label_chips(scene, size, at, published) for at in grids]
    whole = [label_whole(scene, size, at, filtering, thresholds) for at in grids]
    labels = dict(zip(BANDS, [*per_chip, *whole], strict=True))
    return replace(scene, extra_bands=labels)


def label_chips(
    scene: Scene, chip_px: int, offset: int, filtering: FilterOptions
) -> Codes:
    """Filter and label each chip on its own, by the published limits.

    Args:
        scene: As ingested.
        chip_px: Side of a chip.
        offset: Rows and columns of the first, partial chips; 0: none are.
        filtering: The filter.
    """
    codes = np.empty(scene.shape, np.uint8)
    for window in windows(scene.shape, chip_px, offset):
        chip = Scene("chip", scene.rgb[window], scene.valid_mask[window])
        filtered = filter_scene(chip, filtering, PUBLISHED_LIMITS)
        codes[window] = label_scene(filtered, PUBLISHED_LIMITS).codes
    return codes


def label_whole(
    scene: Scene,
    chip_px: int,
    offset: int,
    filtering: FilterOptions,
    thresholds: BrightnessThresholds,
) -> Codes:
    """Filter and label the scene as a whole, and cut the labels into chips."""
    labelled = label_scene(filter_scene(scene, filtering, thresholds), thresholds).codes
    codes = np.empty(scene.shape, np.uint8)
    for window in windows(scene.shape, chip_px, offset):
        codes[window] = labelled[window]
    return codes


def windows(
    shape: tuple[int, int], chip_px: int, offset: int
) -> Iterator[tuple[slice, slice]]:
    """Cut a raster into chips, each once; those at its edges may be smaller."""
    tops, lefts = (
        range(offset - chip_px if offset else 0, side, chip_px) for side in shape
    )
    for top in tops:
        for left in lefts:
            yield (
                slice(max(top, 0), top + chip_px),
                slice(max(left, 0), left + chip_px),
            )


def differences(labelled: Scene) -> tuple[Mask, Mask]:
    """Return where the published way's and the own labels depend on the grid.

    Args:
        labelled: Of `label_on_two_grids`.

    Returns:
        bool (H, W) each.
    """
    first, second, own, moved = (labelled.extra_bands[name] for name in BANDS)
    return np.asarray(first != second), np.asarray(own != moved)


def count_differences(labelled: Scene) -> dict[str, int]:
    """Count pixels: `pixels` that were observed, `published` and `own` that differ."""
    published, own = (np.count_nonzero(mask) for mask in differences(labelled))
    observed = np.count_nonzero(labelled.valid_mask)
    return {"pixels": observed, "published": published, "own": own}


# --- Where labels depend on the grid of chips: the published way beside a run's own

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
