"""The whole job, PNG in, all products out: 2 processes against 1, and the overhead.

    python -m benchmarks.whole_job [--scenes 66] [--size 2048] [--repeats 3]

Runs `kedro run --pipelines ingestion,filtering,autolabel` in fresh processes, 1 and 2
workers in turns, each into an empty data root. The overhead is what one worker takes
beyond the bare work on the same files: decode + filter + label + encode, in one loop.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from sea_ice_kedro.datasets import ClassMapDataset, QuicklookDataset, SceneDataset
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
            rows.append((job(1), job(2), bare))
            one, two, bare = rows[-1]
            print(
                f"1 process {one:6.1f} s   2 processes {two:6.1f} s "
                f"({one / two:.2f}x)   bare work {bare:6.1f} s "
                f"(overhead {one / bare - 1:+.0%})",
                flush=True,
            )
    speedup = statistics.median(one / two for one, two, _ in rows)
    overhead = statistics.median(one / bare - 1 for one, _, bare in rows)
    print(f"median: {speedup:.2f}x with 2 processes, overhead {overhead:+.1%}")


def make_scenes(folder: Path, count: int, size: int) -> None:
    """Write scenes as PNG: simulated ones, and each turned and mirrored."""
    folder.mkdir(parents=True, exist_ok=True)
    if len(list(folder.glob("*.png"))) >= count:
        return
    for scene_id, options, seed in sample_scenes(-(-count // TURNS), size, seed=66):
        rgb = simulate_scene(options, seed).scene.rgb
        for turn in range(TURNS):
            picture = np.rot90(rgb if turn < TURNS - 2 else rgb[::-1], turn)
            path = folder / f"{scene_id}_{turn}.png"
            Image.fromarray(picture.copy()).save(path, compress_level=1)


def run_job(folder: Path, data: Path, workers: int) -> float:
    """Time one fresh `kedro run`."""
    shutil.rmtree(data, ignore_errors=True)
    command = [
        str(Path(sys.executable).with_name("kedro")),
        "run",
        "--pipelines=ingestion,filtering,autolabel",
        f"--params=ingestion.source=folder,ingestion.folder={folder},"
        f"engine.name=processes,engine.workers={workers}",
    ]
    environment = {**os.environ, "SEA_ICE_DATA": str(data), "DO_NOT_TRACK": "1"}
    start = time.perf_counter()
    subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def bare_work(files: list[Path], folder: Path) -> float:
    """Time decode + filter + label + encode of all files in one loop.

    Encoding is that of every product of the job, quicklooks included; drawing them is
    not counted here, and so is overhead of the job.
    """
    cv2.setNumThreads(1)
    thresholds, options, raster = BrightnessThresholds(), FilterOptions(), RasterOptions()
    elapsed = 0.0

    def timed(function: Callable[[], object]) -> object:
        nonlocal elapsed
        start = time.perf_counter()
        result = function()
        elapsed += time.perf_counter() - start
        return result

    for path in [files[0], *files]:  # the first once more, as warm-up
        if path is files[0]:
            elapsed = 0.0
        out = folder / path.stem
        scene = timed(lambda path=path: read_scene_file(str(path), raster))
        filtered = timed(lambda scene=scene: filter_scene(scene, options))
        class_map = timed(lambda scene=filtered: label_scene(scene, thresholds))
        picture = draw_quicklook(scene, filtered, class_map, QuicklookOptions())
        for dataset, name, value in (
            (SceneDataset, "scene.tif", scene),
            (SceneDataset, "filtered.tif", filtered),
            (ClassMapDataset, "class_map.tif", class_map),
            (QuicklookDataset, "quicklook.png", picture),
        ):
            target = dataset(filepath=str(out / name))
            timed(partial(target.save, value))
    shutil.rmtree(folder)
    return elapsed


if __name__ == "__main__":
    main()
