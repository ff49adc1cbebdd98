"""Peak memory of cutting one L1C granule of 10 980 x 10 980 pixels into scenes.

    python -m benchmarks.granule_cutting [--size 10980] [--scene 2048] [--zip]

A `.SAFE` product of simulated ice, JP2 in tiles of 1024 as ESA writes them; `kedro run
--pipelines ingestion` in one process reads and writes all scenes. The peak is the
operating system's own figure for that process.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from sea_ice_kedro.imagery.simulate import sample_scenes, simulate_scene
from tests.products import Fabricated

TILE = 2048


def main() -> None:
    """Print seconds and GiB."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=10_980)
    parser.add_argument("--scene", type=int, default=TILE)
    parser.add_argument("--zip", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "products"
        packed = str(int(arguments.zip))
        subprocess.run(
            [sys.executable, "-c", MAKE, str(folder), str(arguments.size), packed],
            check=True,
        )
        data = Path(temporary) / "data"
        start = time.perf_counter()
        peak_gib = run(folder, data, arguments.scene)
        elapsed_s = time.perf_counter() - start
        scenes = len(list((data / "02_intermediate/scenes").glob("*.tif")))
    print(
        f"{arguments.size} x {arguments.size} in {scenes} scenes: {elapsed_s:.0f} s, "
        f"peak {peak_gib:.2f} GiB"
    )


MAKE = """
import sys
from pathlib import Path
from benchmarks.granule_cutting import make_product
make_product(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3] == "1")
"""


def make_product(folder: Path, size: int, packed: bool) -> None:
    """Write a product of simulated ice, tile by tile the same."""
    _, options, seed = sample_scenes(1, TILE, seed=1)[0]
    tile = simulate_scene(options, seed).scene.rgb.transpose(2, 0, 1)
    repeats = -(-size // TILE)
    numbers = np.empty((3, size, size), np.uint16)
    for band in range(3):
        levels = np.tile(tile[band], (repeats, repeats))[:size, :size]
        numbers[band] = levels.astype(np.uint16) * 39 + 1000
    product = Fabricated(numbers, baseline="05.10", offset=-1000)
    if packed:
        product.zipped(folder)
    else:
        product.write(folder)


def run(folder: Path, data: Path, scene_px: int) -> float:
    """Run the ingestion in one fresh process, and give its peak memory in GiB."""
    command = [
        str(Path(sys.executable).with_name("kedro")),
        "run",
        "--pipelines=ingestion",
        f"--params=ingestion.source=safe,ingestion.folder={folder},"
        f"ingestion.cutting.size_px={scene_px},engine.name=sequential",
    ]
    environment = {**os.environ, "SEA_ICE_DATA": str(data), "DO_NOT_TRACK": "1"}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit("the run failed")
    return usage.ru_maxrss / 2**20


if __name__ == "__main__":
    main()
