"""Pictures of labels and their errors, for the docs and for looking.

    python -m benchmarks.labels.pictures FOLDER [--seeds development] [--size 2048]
        [--conditions clear ...] [--scenes "pack 101" ...] [--sheet | --plain]

A row a scene: as observed | restored | quality | classes | wrong classes. In quality
yellow is shadow, blue haze, green a changed class, white untrustworthy. `--sheet`: as
observed | restored above quality | wrong classes over the restored scene. `--plain`: as
observed, at full size, for the source "folder".
"""

import argparse
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from benchmarks.labels.conditions import (
    CONDITIONS,
    SEEDS,
    condition_named,
    scenes_of,
)
from sea_ice_kedro.imagery.arrays import RGB, Quality
from sea_ice_kedro.imagery.classes import NODATA, QualityFlag, colourise
from sea_ice_kedro.imagery.cloud_filter import FilterOptions, filter_scene
from sea_ice_kedro.imagery.labelling import BrightnessThresholds, label_scene
from sea_ice_kedro.imagery.simulate import SimulatedScene

_COLOURS = {
    QualityFlag.THIN_CLOUD: (70, 110, 230),
    QualityFlag.SHADOW: (225, 200, 60),
    QualityFlag.CHANGED: (60, 160, 80),
    QualityFlag.UNTRUSTWORTHY: (255, 255, 255),
}


def main() -> None:
    """Write a picture a scene and print its accuracy."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.labels.pictures")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seeds", choices=SEEDS, default="development")
    parser.add_argument("--size", type=int, default=2048)
    parser.add_argument("--panel", type=int, default=400)
    parser.add_argument("--suffix", default=".png")
    parser.add_argument("--conditions", nargs="+", default=[c.name for c in CONDITIONS])
    parser.add_argument("--scenes", nargs="+")
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--sheet", action="store_true")
    how.add_argument("--plain", action="store_true")
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    arguments.folder.mkdir(parents=True, exist_ok=True)
    for name in arguments.conditions:
        condition = condition_named(name)
        for scene, made in scenes_of(condition, arguments.seeds, arguments.size):
            if arguments.scenes and scene not in arguments.scenes:
                continue
            stem = f"{name}_{scene}".replace(" ", "_").replace(",", "")
            file = arguments.folder / (stem + arguments.suffix)
            if arguments.plain:
                write_picture(file, made.scene.rgb)
                continue
            pictures, share = panels(made)
            small = [_shrunk(picture, arguments.panel) for picture in pictures]
            drawn = sheet(small) if arguments.sheet else np.hstack(small)
            write_picture(file, drawn)
            print(f"{stem}: {share:.4f} right")


def panels(made: SimulatedScene) -> tuple[list[RGB], float]:
    """Label a scene by the defaults and paint what came of it.

    Returns:
        Five pictures, uint8 (H, W, 3), and the share of right labels.
    """
    thresholds = BrightnessThresholds()
    filtered = filter_scene(made.scene, FilterOptions(), thresholds)
    codes, truth = label_scene(filtered, thresholds).codes, made.truth.codes
    wrong = np.where(codes == truth, np.uint8(NODATA), codes)
    pictures = [
        made.scene.rgb,
        filtered.rgb,
        paint_quality(filtered.flags),
        colourise(codes),
        colourise(wrong),
    ]
    return pictures, float((codes == truth)[truth != NODATA].mean())


def sheet(small: list[npt.NDArray[np.uint8]]) -> npt.NDArray[np.uint8]:
    """Put four pictures of a scene in a square, what is wrong over the restored one."""
    scene, restored, quality, _, wrong = small
    over = np.where(wrong.any(axis=-1, keepdims=True), wrong, restored // np.uint8(2))
    return np.vstack([np.hstack([scene, restored]), np.hstack([quality, over])])


def write_picture(path: Path, rgb: npt.NDArray[np.uint8]) -> None:
    """Write a picture, a JPEG as small as those in `docs/` should be."""
    small = (cv2.IMWRITE_JPEG_QUALITY, 80) if path.suffix == ".jpg" else ()
    cv2.imwrite(str(path), rgb[..., ::-1], small)


def paint_quality(quality: Quality) -> RGB:
    """Paint the flags, the graver over the lesser."""
    picture = np.zeros((*quality.shape, 3), np.uint8)
    for flag, colour in _COLOURS.items():
        picture[(quality & flag) > 0] = colour
    return picture


def _shrunk(picture: RGB, size: int) -> npt.NDArray[np.uint8]:
    shrunk = cv2.resize(picture, (size, size), interpolation=cv2.INTER_AREA)
    return np.asarray(shrunk, np.uint8)


if __name__ == "__main__":
    main()
