"""How labels depend on where chips are cut: the published filter per chip, and ours.

    python -m benchmarks.labels.grid [--chip 256] [--size 2048] [--write FILE.png]

A scene is cut twice, the second time half a chip further. Each chip is filtered and
labelled on its own, as the published notebooks do, or the scene is as a whole.
"""

import argparse
from pathlib import Path

import cv2
import numpy as np

from benchmarks.labels.conditions import condition_named, scenes_of
from sea_ice_kedro.imagery.arrays import RGB, Codes, Scene
from sea_ice_kedro.imagery.classes import colourise
from sea_ice_kedro.imagery.cloud_filter import FilterOptions, filter_scene
from sea_ice_kedro.imagery.labelling import BrightnessThresholds, label_scene

PUBLISHED = FilterOptions(method="published"), BrightnessThresholds(source="published")
OURS = FilterOptions(), BrightnessThresholds()

_DIFFERS = (255, 0, 255)


def main() -> None:
    """Print the shares of pixels that differ; draw the last scene where asked."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.labels.grid")
    parser.add_argument("--chip", type=int, default=256)
    parser.add_argument("--size", type=int, default=2048)
    parser.add_argument("--write", type=Path)
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    chip = arguments.chip
    for name, made in scenes_of(condition_named("both"), "test", arguments.size):
        per_chip = [by_chip(made.scene, chip, offset) for offset in (0, chip // 2)]
        whole = [by_scene(made.scene, chip, offset) for offset in (0, chip // 2)]
        shares = [np.mean(first != second) for first, second in (per_chip, whole)]
        print(f"{name:24s} published per chip {shares[0]:6.2%}, ours {shares[1]:.2%}")
        if arguments.write:
            picture = drawn(made.scene, per_chip, whole)
            cv2.imwrite(str(arguments.write), picture[..., ::-1])
            return


def by_chip(scene: Scene, chip_px: int, offset: int) -> Codes:
    """Filter and label each chip on its own, by the published steps."""
    codes = np.empty(scene.shape, np.uint8)
    for window in _windows(scene.shape, chip_px, offset):
        chip = Scene("chip", scene.rgb[window], scene.valid_mask[window])
        filtered = filter_scene(chip, *PUBLISHED)
        codes[window] = label_scene(filtered, PUBLISHED[1]).codes
    return codes


def by_scene(scene: Scene, chip_px: int, offset: int) -> Codes:
    """Filter and label the scene, then cut it."""
    codes = np.empty(scene.shape, np.uint8)
    labelled = label_scene(filter_scene(scene, *OURS), OURS[1]).codes
    for window in _windows(scene.shape, chip_px, offset):
        codes[window] = labelled[window]
    return codes


def _windows(
    shape: tuple[int, int], chip_px: int, offset: int
) -> list[tuple[slice, slice]]:
    starts = [range(offset - chip_px if offset else 0, side, chip_px) for side in shape]
    return [
        (slice(max(top, 0), top + chip_px), slice(max(left, 0), left + chip_px))
        for top in starts[0]
        for left in starts[1]
    ]


def drawn(scene: Scene, per_chip: list[Codes], whole: list[Codes]) -> RGB:
    """Draw scene | published labels and where they differ | ours and where they do."""
    panels = [scene.rgb]
    for first, second in (per_chip, whole):
        panels += [
            colourise(first),
            np.where((first != second)[..., None], np.uint8(_DIFFERS), scene.rgb // 3),
        ]
    small = [
        cv2.resize(panel.astype(np.uint8), (400, 400), interpolation=cv2.INTER_AREA)
        for panel in panels
    ]
    return np.asarray(np.hstack(small), np.uint8)


if __name__ == "__main__":
    main()
