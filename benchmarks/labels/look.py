"""Real scenes as the defaults filter and label them, to look at: no truth is known.

    python -m benchmarks.labels.look OUT FILE [FILE ...] [--reflectance] [--scale 2]

A PNG a file: as observed | restored above quality | classes, every pixel SCALE x SCALE;
files of fewer than 192 pixels a side, which no sky can be told from, six a row in
`chips.png`. `--reflectance`: Sentinel-2 numbers, bands 3-2-1, offset -0.1.
"""

import argparse
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from benchmarks.labels.pictures import paint_quality, write_picture
from sea_ice_kedro.imagery.arrays import RGB, Scene
from sea_ice_kedro.imagery.classes import SeaIceClass, colourise
from sea_ice_kedro.imagery.cloud_filter import FilterOptions, filter_scene
from sea_ice_kedro.imagery.illumination.shadow_and_haze import SMALLEST_PX
from sea_ice_kedro.imagery.labelling import BrightnessThresholds, label_scene
from sea_ice_kedro.imagery.scores import class_counts
from sea_ice_kedro.sources.options import RasterOptions
from sea_ice_kedro.sources.scene_files import read_scene_file

_PLAIN = RasterOptions()
_NUMBERS = RasterOptions(bands=(3, 2, 1), scale=0.0001, offset=-0.1)
_ROW, _CHIP_PX = 6, 128


def main() -> None:
    """Write the pictures and print each scene's limits and shares."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.labels.look")
    parser.add_argument("out", type=Path)
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--reflectance", action="store_true")
    parser.add_argument("--scale", type=int, default=2)
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    arguments.out.mkdir(parents=True, exist_ok=True)
    chips = []
    for file in arguments.files:
        options = _NUMBERS if arguments.reflectance else _PLAIN
        scene = read_scene_file(str(file), options)
        panels = looked_at(scene)
        if min(scene.shape) < SMALLEST_PX:
            chips.append(np.hstack([_sized(p, _CHIP_PX) for p in panels[::3]]))
            continue
        large = [_sized(p, arguments.scale * max(scene.shape)) for p in panels]
        sheet = np.vstack([np.hstack(large[:2]), np.hstack(large[2:])])
        write_picture(arguments.out / f"{file.stem}.png", sheet)
    if chips:
        blank = [np.full_like(chips[0], 255)] * (-len(chips) % _ROW)
        rows = [[*chips, *blank][i : i + _ROW] for i in range(0, len(chips), _ROW)]
        write_picture(
            arguments.out / "chips.png", np.vstack([np.hstack(row) for row in rows])
        )


def looked_at(scene: Scene) -> list[RGB]:
    """Give the scene, restored, its quality and classes; print what it was cut by."""
    thresholds = BrightnessThresholds()
    filtered = filter_scene(scene, FilterOptions(), thresholds)
    class_map = label_scene(filtered, thresholds)
    counts = class_counts(class_map.codes)
    total = max(sum(counts.values()), 1)
    shares = ", ".join(f"{c.label} {counts[c] / total:.1%}" for c in SeaIceClass)
    print(f"{scene.scene_id[-44:]}: {class_map.limits} ({class_map.limits_source})")
    print(f"  {scene.shape[1]} x {scene.shape[0]}, {shares}")
    flags = paint_quality(filtered.flags)
    return [scene.rgb, filtered.rgb, flags, colourise(class_map.codes)]


def _sized(picture: RGB, side: int) -> npt.NDArray[np.uint8]:
    """Enlarge or shrink to a longest side; chips become squares of it."""
    height, width = picture.shape[:2]
    factor = side / max(height, width)
    size = (round(width * factor), round(height * factor))
    if max(height, width) < SMALLEST_PX:
        size = (side, side)
    method = cv2.INTER_NEAREST
    return np.asarray(cv2.resize(picture, size, interpolation=method), np.uint8)


if __name__ == "__main__":
    main()
