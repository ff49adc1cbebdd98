"""How labels depend on where chips are cut: the published filter per chip, and ours.

    python -m benchmarks.labels.grid [--chip 256] [--size 2048] [--write FILE.png]

A scene is cut twice, the second time half a chip further. Each chip is filtered and
labelled on its own, as the published notebooks do, or the scene is as a whole; of any
scenes by `kedro run --pipelines ingestion,grid_check`.
"""

import argparse
from pathlib import Path

import cv2

from benchmarks.labels.conditions import condition_named, scenes_of
from benchmarks.labels.pictures import write_picture
from sea_ice_kedro.imagery.cloud_filter import FilterOptions
from sea_ice_kedro.imagery.labelling import BrightnessThresholds
from sea_ice_kedro.reporting.grid_check import (
    GridCheckOptions,
    count_differences,
    draw_differences,
    label_on_two_grids,
)


def main() -> None:
    """Print the shares of pixels that differ; draw the first scene where asked."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.labels.grid")
    parser.add_argument("--chip", type=int, default=256)
    parser.add_argument("--size", type=int, default=2048)
    parser.add_argument("--write", type=Path)
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    options = GridCheckOptions(chip_px=arguments.chip)
    for name, made in scenes_of(condition_named("both"), "test", arguments.size):
        labelled = label_on_two_grids(
            made.scene, options, FilterOptions(), BrightnessThresholds()
        )
        counts = count_differences(labelled)
        published, own = (
            counts[key] / counts["pixels"] for key in ("published", "own")
        )
        print(f"{name:24s} published per chip {published:6.2%}, ours {own:.2%}")
        if arguments.write:
            picture = draw_differences(labelled, options)
            write_picture(arguments.write, picture)
            return


if __name__ == "__main__":
    main()
