"""Real Sentinel-2 chips of Arctic sea ice, read as reflectance and labelled.

    python -m benchmarks.native_chips ../shared/data/native_chips [--figure chips.png]

Chips of four bands B02, B03, B04, B08 with the offset of 1000 in their numbers, read by
the source "folder" as a user would, bands=3-2-1, scale=0.0001, offset=-0.1. A chip is
misread when a pixel is lost, a class is not that of its reflectance, or a reflectance
is none. Dark water, known by the near infrared, which no label looks at, must be below
the limit; without the offset it would not be. The table at the end gives the blue of
pixels that are dark in the near infrared (docs/decisions/23-near-infrared.md).
"""

import argparse
import math
from pathlib import Path

import numpy as np
import pandas as pd
import rasterio
from PIL import Image, ImageDraw

from sea_ice_kedro.imagery.arrays import Scene
from sea_ice_kedro.imagery.classes import SeaIceClass, colourise
from sea_ice_kedro.imagery.labelling import BrightnessThresholds, label_by_brightness
from sea_ice_kedro.sources.options import RasterOptions
from sea_ice_kedro.sources.scene_files import read_scene_file

AS_REFLECTANCE = RasterOptions(bands=(3, 2, 1), scale=0.0001, offset=-0.1)
WITHOUT_OFFSET = RasterOptions(bands=(3, 2, 1), scale=0.0001)
LIMITS = BrightnessThresholds()
OFFSET = 0.099
"""Chips without the near infrared hold 0 there, which reads as -0.1."""

DARK = 0.03
"""Reflectance in the near infrared: water and ponds have less, ice has more."""

BLUE = (-0.1, 0.03, 0.06, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.7)
CELL_PX, SHOWN_PX = 150, 120


def main() -> None:
    """Print a line a chip that has water or is misread, and the totals."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--figure", type=Path)
    arguments = parser.parse_args()
    paths = sorted(arguments.folder.glob("*.tiff"))
    misread, dark, dark_above, turned = 0, 0, 0, 0
    cells: list[tuple[str, Scene, np.ndarray]] = []
    measured: list[np.ndarray] = []
    for path in paths:
        scene = read_scene_file(str(path), AS_REFLECTANCE)
        codes = label_by_brightness(scene.rgb, scene.valid_mask, LIMITS)
        reflectance = true_reflectance(path)
        wrong = is_misread(scene, codes, reflectance)
        water = dark_water(reflectance)
        wet = codes == SeaIceClass.OPEN_WATER
        naive = read_scene_file(str(path), WITHOUT_OFFSET)
        dry = label_by_brightness(naive.rgb, naive.valid_mask, LIMITS)
        misread += wrong
        dark += int(water.sum())
        dark_above += int((water & ~wet).sum())
        turned += int((wet & (dry != SeaIceClass.OPEN_WATER)).sum())
        if wrong or wet.any():
            print(f"{path.stem[-60:]}: {wet.mean():.1%} open water, misread: {wrong}")
        cells.append((path.stem, scene, codes))
        measured.append(reflectance[:, reflectance.min(axis=0) > -OFFSET])
    print(
        f"{len(paths)} chips, {misread} misread; {dark} pixels of dark water, "
        f"{dark_above} of them above the limit; without the offset {turned} pixels of "
        "open water would be ice"
    )
    print(blue_where_dark(np.concatenate(measured, axis=1)).to_string(index=False))
    if arguments.figure:
        figure(cells).save(arguments.figure)


def true_reflectance(path: Path) -> np.ndarray:
    """Read all four bands by the definition, (DN - 1000) / 10 000, float (4, H, W)."""
    with rasterio.open(path) as file:
        return (file.read().astype(float) - 1000) / 10_000


def blue_where_dark(reflectance: np.ndarray) -> pd.DataFrame:
    """Tabulate how blue pixels are that the near infrared alone calls water.

    Args:
        reflectance: float (4, N): blue, green, red, near infrared.
    """
    blue = reflectance[0][reflectance[3] < DARK]
    counts, _ = np.histogram(blue, BLUE)
    low, high = BLUE[:-1], BLUE[1:]
    return pd.DataFrame({"blue from": low, "to": high, "pixels": counts})


def dark_water(reflectance: np.ndarray) -> np.ndarray:
    """Find pixels with at most 0.05 in every band, near infrared included."""
    measured = reflectance[3] > -0.1
    return np.asarray((reflectance <= 0.05).all(axis=0) & measured)


def is_misread(scene: Scene, codes: np.ndarray, reflectance: np.ndarray) -> bool:
    """Compare a chip with its reflectance, class by class."""
    brightest = np.rint(np.clip(reflectance[:3].max(axis=0), 0, 1) * 255)
    expected = np.select([brightest <= 30, brightest <= 204], [2, 1], 0)
    plausible = -0.02 <= reflectance[:3].min() and reflectance[:3].max() <= 1.3
    whole = bool(scene.valid_mask.all()) and scene.georeference is not None
    return not (whole and plausible and np.array_equal(codes, expected))


def figure(cells: list[tuple[str, Scene, np.ndarray]]) -> Image.Image:
    """Draw every chip beside its classes."""
    columns = 5
    rows = math.ceil(len(cells) / columns)
    sheet = Image.new("RGB", (columns * 2 * CELL_PX, rows * CELL_PX), "white")
    draw = ImageDraw.Draw(sheet)
    for index, (name, scene, codes) in enumerate(cells):
        x, y = (index % columns) * 2 * CELL_PX, (index // columns) * CELL_PX
        for shift, rgb in ((0, scene.rgb), (SHOWN_PX + 5, colourise(codes))):
            picture = Image.fromarray(np.ascontiguousarray(rgb))
            picture.thumbnail((SHOWN_PX, SHOWN_PX), Image.Resampling.NEAREST)
            factor = SHOWN_PX / max(picture.size)
            size = tuple(round(side * factor) for side in picture.size)
            sheet.paste(picture.resize(size, Image.Resampling.NEAREST), (x + shift, y))
        percent = (codes == SeaIceClass.OPEN_WATER).mean() * 100
        title = f"{name.split('_')[2][:8]} {name.split('_')[-3]} water {percent:.1f} %"
        draw.text((x, y + SHOWN_PX + 4), title, fill="black")
    return sheet


if __name__ == "__main__":
    main()
