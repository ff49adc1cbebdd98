"""Pictures of labels and their errors, for the docs and for looking.

    python -m benchmarks.labels.pictures FOLDER [--seeds development] [--size 2048]
        [--conditions clear ...] [--scenes "pack 101" ...]

A row a scene: as observed | restored | quality | classes | wrong classes. In quality
yellow is shadow, blue haze, green a changed class, white untrustworthy.
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
from benchmarks.labels.score import accuracy, confusion
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
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    arguments.folder.mkdir(parents=True, exist_ok=True)
    for name in arguments.conditions:
        condition = condition_named(name)
        for scene, made in scenes_of(condition, arguments.seeds, arguments.size):
            if arguments.scenes and scene not in arguments.scenes:
                continue
            picture, share = panels(made, arguments.panel)
            file = (
                f"{name}_{scene}".replace(" ", "_").replace(",", "") + arguments.suffix
            )
            cv2.imwrite(str(arguments.folder / file), picture[..., ::-1])
            print(f"{file}: {share:.4f} right")


def panels(made: SimulatedScene, panel_px: int) -> tuple[RGB, float]:
    """Label a scene by the defaults and draw what came of it.

    Returns:
        uint8 (panel_px, 5 · panel_px, 3), and the share of right labels.
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
    small = [_shrunk(picture, panel_px) for picture in pictures]
    return np.hstack(small), accuracy(confusion(truth, codes))


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
