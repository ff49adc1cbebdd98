"""Peak memory of the whole job on one granule of 10 980 x 10 980 pixels.

    python -m benchmarks.granule_memory [--size 10980]

A GeoTIFF of simulated ice in UTM; `kedro run` in one process: read, filter, label,
write all products, quicklook included. The peak is the operating system's own figure
for that process.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from sea_ice_kedro.datasets import SceneDataset
from sea_ice_kedro.imagery.arrays import Georeference, Scene
from sea_ice_kedro.imagery.simulate import sample_scenes, simulate_scene

TILE = 2048
UTM = Georeference("EPSG:32701", (10.0, 0.0, 300_000.0, 0.0, -10.0, 1_800_000.0))


def main() -> None:
    """Print seconds and GiB."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=10_980)
    size = parser.parse_args().size
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "scenes"
        folder.mkdir()
        subprocess.run(
            [sys.executable, "-c", MAKE, str(folder / "granule.tif"), str(size)],
            check=True,
        )
        made_gib = peak_gib()
        start = time.perf_counter()
        run(folder, Path(temporary) / "data")
        elapsed_s = time.perf_counter() - start
    peak = peak_gib()
    bound = " (or less: making the scene took as much)" if peak == made_gib else ""
    print(f"{size} x {size}: {elapsed_s:.0f} s, peak {peak:.2f} GiB{bound}")


MAKE = """
import sys
from benchmarks.granule_memory import make_granule
make_granule(sys.argv[1], int(sys.argv[2]))
"""


def make_granule(path: str, size: int) -> None:
    """Write a granule of simulated ice, tile by tile the same."""
    _, options, seed = sample_scenes(1, TILE, seed=1)[0]
    tile = simulate_scene(options, seed).scene.rgb
    rgb = np.empty((size, size, 3), np.uint8)
    for row in range(0, size, TILE):
        for column in range(0, size, TILE):
            part = rgb[row : row + TILE, column : column + TILE]
            part[...] = tile[: part.shape[0], : part.shape[1]]
    scene = Scene("granule", rgb, np.ones((size, size), bool), UTM)
    SceneDataset(filepath=path).save(scene)


def run(folder: Path, data: Path) -> None:
    """Run the job in one fresh process."""
    command = [
        str(Path(sys.executable).with_name("kedro")),
        "run",
        "--pipelines=ingestion,filtering,autolabel",
        f"--params=ingestion.source=folder,ingestion.folder={folder},"
        "engine.name=sequential",
    ]
    environment = {**os.environ, "SEA_ICE_DATA": str(data), "DO_NOT_TRACK": "1"}
    subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)


def peak_gib() -> float:
    """Give the largest peak of any child process so far."""
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 2**20


if __name__ == "__main__":
    main()
