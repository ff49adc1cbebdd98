"""Two Gloo workers, one core each, against one worker on one core: images a second.

    python -m benchmarks.two_workers [--scenes 8] [--batch 4] [--epochs 3] [--repeats 3]

Needs Horovod and two cores. Each run is a process of its own; images a second are those
of the last epoch, as `training_history` has them. `--paper` takes the paper's network.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.chips import NO_AUGMENTATION, PAPER, SMALL, all_chips, make_shards
from sea_ice_kedro.training.batches import read_header
from sea_ice_kedro.training.launch import train
from sea_ice_kedro.training.options import (
    TrainingOptions,
    WorkersOptions,
)
from sea_ice_kedro.training.plan import TrainingPlan


def main() -> None:
    """Print images a second of both and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scenes", type=int, default=8)
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--paper", action="store_true")
    parser.add_argument("--workers", type=int)
    parser.add_argument("--folder", type=Path)
    arguments = parser.parse_args()
    if arguments.workers:
        print("images/s:", rate_of(arguments))
        return
    with tempfile.TemporaryDirectory() as folder:
        make_shards(Path(folder), arguments.scenes)
        rows = []
        for _ in range(arguments.repeats):
            one, two = run(1, folder), run(2, folder)
            rows.append(two / one)
            print(
                f"1: {one:.1f} images/s   2: {two:.1f}   {two / one:.2f}x", flush=True
            )
    print(f"median: {statistics.median(rows):.2f}x")


def run(workers: int, folder: str) -> float:
    """Train in a fresh process; one worker gets one core."""
    command = [sys.executable, "-m", "benchmarks.two_workers", *sys.argv[1:]]
    command += ["--workers", str(workers), "--folder", folder]
    if workers == 1:
        command = ["taskset", "-c", "0", *command]
    done = subprocess.run(
        command, check=True, stdout=subprocess.PIPE, text=True, env={**os.environ}
    )
    return float(done.stdout.rpartition("images/s:")[2])


def rate_of(arguments: argparse.Namespace) -> float:
    """Train some epochs and give the speed of the last."""
    shards = [read_header(str(p)) for p in sorted(arguments.folder.glob("*.tfrecord"))]
    with tempfile.TemporaryDirectory() as work:
        plan = TrainingPlan(
            name="benchmark",
            train=all_chips(shards),
            validation=(),
            chip_px=256,
            class_fractions=(1.0, 1.0, 1.0),
            unet=PAPER if arguments.paper else SMALL,
            options=TrainingOptions(
                epochs=arguments.epochs,
                batch_size=arguments.batch,
                augmentation=NO_AUGMENTATION,
            ),
            workers=WorkersOptions(count=arguments.workers),
            folder=work,
        )
        return train(plan).history[-1]["images_per_s"]


if __name__ == "__main__":
    main()
