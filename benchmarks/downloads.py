"""Two hundred scenes from Earth Engine on loopback, a fifth of the answers failing.

    python -m benchmarks.downloads [--scenes 200] [--failing 0.2]

Google's own client against a server on this machine that computes what it is asked for;
the failing answers are 429, 500, 503, cut bodies, closed connections and too few
pixels. Every scene is compared with what is right, pixel by pixel, and every answer
that was good is counted.
"""

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from kedro.framework.session import KedroSession
from kedro.framework.startup import bootstrap_project

from sea_ice_kedro.datasets import SceneDataset
from tests.earth_engine import PROJECT, EarthEngine, GranuleThere, every, serving

ROOT = Path(__file__).parents[1]
SIZE_PX = 256
ACROSS = 10
"""Scenes a side of a granule."""

KINDS = ["429", "500", "503", "truncated", "reset", "short", "small"]


def main() -> None:
    """Print what arrived."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scenes", type=int, default=200)
    parser.add_argument("--failing", type=float, default=0.2)
    arguments = parser.parse_args()
    side = SIZE_PX * ACROSS
    granules = [
        GranuleThere(f"201911{day:02d}T190919_x_T03CWT", shape=(side, side))
        for day in range(1, 1 - (-arguments.scenes // ACROSS**2))
    ]
    bootstrap_project(ROOT)
    with serving(granules) as server, tempfile.TemporaryDirectory() as folder:
        fault = every(arguments.failing, KINDS)
        server.faults.append(fault)
        os.environ["SEA_ICE_DATA"] = folder
        os.environ["EARTHENGINE_PROJECT"] = PROJECT
        key = server.key(Path(folder) / "key.json")
        os.environ["GOOGLE_APPLICATION_CREDENTIALS"] = str(key)
        start = time.perf_counter()
        run(server, arguments.scenes)
        elapsed_s = time.perf_counter() - start
        report(server, Path(folder) / "01_raw/downloads", elapsed_s)


def run(server: EarthEngine, scenes: int) -> None:
    """Run the ingestion pipeline as `kedro run` does."""
    ingestion = {
        "source": "earth_engine",
        "search": {
            "region": [-180, -78, -140, -70],
            "start": "2019-11-01",
            "end": "2019-11-30",
            "max_scenes": scenes,
        },
        "cutting": {"size_px": SIZE_PX},
        "earth_engine": {
            "url": server.url,
            "first_wait_s": 0.05,
            "requests_per_s": 100.0,
        },
    }
    with KedroSession.create(ROOT, runtime_params={"ingestion": ingestion}) as session:
        session.run(pipeline_names=["ingestion"])


def report(server: EarthEngine, downloads: Path, elapsed_s: float) -> None:
    """Compare every scene with what is right."""
    paths = sorted(downloads.glob("*.tif"))
    right = sum(is_right(server, path) for path in paths)
    asked = server.asked("computePixels")
    print(
        f"{len(paths)} scenes in {elapsed_s:.1f} s, {right} right in each pixel; "
        f"{asked} requests for pixels, of which {asked - server.answered.total()} "
        f"failed; answered well more than once: "
        f"{sum(n > 1 for n in server.answered.values())}; most at a time: "
        f"{server.most_at_a_time}"
    )
    if right != len(paths):
        sys.exit("some scenes are wrong")


def is_right(server: EarthEngine, path: Path) -> bool:
    """Hold a scene that was downloaded against the server's own numbers."""
    index, place = path.stem.rsplit("_", 1)
    row, column = (int(number) for number in place.removeprefix("y").split("x"))
    bands = server.granule(index).pixels(
        np.arange(row, row + SIZE_PX), np.arange(column, column + SIZE_PX)
    )
    raw = SceneDataset(filepath=str(path), content="digital_numbers").load()
    numbers = np.stack([bands[name][0] for name in ("B4", "B3", "B2")])
    return np.array_equal(raw.numbers, numbers) and np.array_equal(
        raw.valid_mask, bands["B4"][1]
    )


if __name__ == "__main__":
    main()
