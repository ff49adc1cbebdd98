"""The whole job, PNG in, all products out: 2 processes against 1, and the overhead.

    python -m benchmarks.whole_job [--scenes 66] [--size 2048] [--repeats 3]

Runs `kedro run --pipelines ingestion,filtering,autolabel` in fresh processes, 1 and 2
workers in turns, each into an empty data root. The overhead is what one worker takes
beyond the bare work on the same files, timed in one loop: every decode and encode that
the job does (PNG; the GeoTIFFs between its pipelines; the products) + filter + label.
Start-up, checksums, tables, drawing of quicklooks and all else is overhead. "One pass"
leaves decoding the GeoTIFFs between the pipelines out of the bare work. "Steps" are the
seconds that the run itself logs for making its products, without Kedro's start.
"""

import argparse
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image

from benchmarks.timing import seconds
from sea_ice_kedro.datasets import ClassMapDataset, FileDataset, SceneDataset
from sea_ice_kedro.imagery.cloud_filter import FilterOptions, filter_scene
from sea_ice_kedro.imagery.labelling import BrightnessThresholds, label_scene
from sea_ice_kedro.imagery.simulate import sample_scenes, simulate_scene
from sea_ice_kedro.reporting.quicklooks import QuicklookOptions, draw_quicklook
from sea_ice_kedro.sources.options import RasterOptions
from sea_ice_kedro.sources.scene_files import read_scene_file

TURNS = 6


def main() -> None:
    """Print seconds and ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scenes", type=int, default=66)
    parser.add_argument("--size", type=int, default=2048)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--folder", type=Path, help="keep and reuse the scenes here")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.folder or Path(temporary) / "scenes"
        make_scenes(folder, arguments.scenes, arguments.size)
        files = sorted(folder.glob("*.png"))[: arguments.scenes]
        job = partial(run_job, folder, Path(temporary) / "data")
        rows = []
        for _ in range(arguments.repeats):
            bare = bare_work(files, Path(temporary) / "bare")
            (one, one_steps), (two, two_steps) = job(1), job(2)
            steps = one_steps / two_steps
            rows.append((one / two, steps, one / sum(bare), one / bare[0]))
            print(
                f"1 process {one:6.1f} s   2 processes {two:6.1f} s "
                f"({one / two:.2f}x; steps {one_steps:.1f} and {two_steps:.1f} s, "
                f"{steps:.2f}x)   bare work {sum(bare):6.1f} s "
                f"(overhead {one / sum(bare) - 1:+.0%}; "
                f"one pass {bare[0]:6.1f} s, {one / bare[0] - 1:+.0%})",
                flush=True,
            )
    speedup, steps, overhead, one_pass = (
        statistics.median(column) for column in zip(*rows, strict=True)
    )
    print(
        f"median: {speedup:.2f}x with 2 processes, {steps:.2f}x of its steps; "
        f"overhead {overhead - 1:+.0%} beyond decode + filter + label + encode, "
        f"{one_pass - 1:+.0%} beyond one pass"
    )


def make_scenes(folder: Path, count: int, size: int) -> None:
    """Write scenes as PNG: simulated ones, and each turned and mirrored."""
    folder.mkdir(parents=True, exist_ok=True)
    if len(list(folder.glob("*.png"))) >= count:
        return
    for scene_id, options, seed in sample_scenes(-(-count // TURNS), size, seed=66):
        rgb = simulate_scene(options, seed).scene.rgb
        for turn in range(min(TURNS, count)):
            picture = np.rot90(rgb if turn < TURNS - 2 else rgb[::-1], turn)
            path = folder / f"{scene_id}_{turn}.png"
            Image.fromarray(picture.copy()).save(path, compress_level=1)


def run_job(folder: Path, data: Path, workers: int) -> tuple[float, float]:
    """Time one fresh `kedro run`: seconds in all, and of the steps that it logs."""
    shutil.rmtree(data, ignore_errors=True)
    command = [
        str(Path(sys.executable).with_name("kedro")),
        "run",
        "--pipelines=ingestion,filtering,autolabel",
        f"--params=ingestion.source=folder,ingestion.folder={folder},"
        f"engine.name=processes,engine.workers={workers}",
    ]
    environment = {**os.environ, "SEA_ICE_DATA": str(data), "DO_NOT_TRACK": "1"}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # as installed for users
    start = time.perf_counter()
    done = subprocess.run(
        command, env=environment, check=True, stdout=subprocess.PIPE, text=True
    )
    elapsed = time.perf_counter() - start
    log = " ".join(done.stdout.split())  # lines may be wrapped
    return elapsed, sum(map(float, re.findall(r"failed in ([0-9.]+) s", log)))


def bare_work(files: list[Path], folder: Path) -> tuple[float, float]:
    """Time decode + filter + label + encode of all files in one loop.

    Returns:
        Seconds of one pass over the scenes, and of decoding in between: each scene and
        filtered scene twice (next pipeline, quicklook), each class map once.
    """
    cv2.setNumThreads(1)
    stages = Stages(folder)
    stages.run(files[0])  # warm-up
    stages.one_pass = stages.between = 0.0
    for path in files:
        stages.run(path)
    shutil.rmtree(folder)
    return stages.one_pass, stages.between


class Stages:
    """The stages of one scene, each timed."""

    def __init__(self, folder: Path) -> None:
        """Write below `folder`."""
        self.folder = folder
        self.one_pass = 0.0
        self.between = 0.0

    def run(self, path: Path) -> None:
        """Take one scene from PNG to all products."""
        scene = self.timed(partial(read_scene_file, str(path), RasterOptions()))
        filtered = self.timed(
            partial(filter_scene, scene, FilterOptions(), BrightnessThresholds())
        )
        class_map = self.timed(partial(label_scene, filtered, BrightnessThresholds()))
        picture = draw_quicklook(scene, filtered, class_map, QuicklookOptions())
        for dataset, name, value, loads in (
            (SceneDataset, "scene.tif", scene, 2),
            (SceneDataset, "filtered.tif", filtered, 2),
            (ClassMapDataset, "class_map.tif", class_map, 1),
            (partial(FileDataset, file_format="png"), "quicklook.png", picture, 0),
        ):
            target = dataset(filepath=str(self.folder / path.stem / name))
            self.timed(partial(target.save, value))
            self.between += loads * seconds(target.load)

    def timed(self, function: Callable[[], Any]) -> Any:  # noqa: ANN401
        """Count what a call takes; give what it returns."""
        start = time.perf_counter()
        result = function()
        self.one_pass += time.perf_counter() - start
        return result


if __name__ == "__main__":
    main()
