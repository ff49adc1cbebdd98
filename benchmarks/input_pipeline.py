"""The input pipeline alone against what the networks consume: images a second.

    python -m benchmarks.input_pipeline [--scenes 16] [--repeats 3]

Cached: chips kept in memory, as in all epochs but the first. Streamed: read from the
shards in every epoch. Consumption is the training step of the default network and of
the paper's, on the same machine, without input.
"""

import argparse
import statistics
import tempfile
import time
from pathlib import Path

import tensorflow as tf

from benchmarks.chips import NO_AUGMENTATION, PAPER, SMALL, all_chips, make_shards
from sea_ice_kedro.training.batches import ChipBatches
from sea_ice_kedro.training.fit import TrainStep, make_optimizer
from sea_ice_kedro.training.launch import OneWorker
from sea_ice_kedro.training.options import (
    TrainingOptions,
    UNetOptions,
    WorkersOptions,
)
from sea_ice_kedro.training.plan import TrainingPlan
from sea_ice_kedro.training.unet import build_unet

BATCH = 32


def main() -> None:
    """Print rates and ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scenes", type=int, default=16)
    parser.add_argument("--repeats", type=int, default=3)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        chips = all_chips(make_shards(Path(folder), arguments.scenes))
        cached = ChipBatches(chips, 256, BATCH, seed=1, cache_mb=10**6)
        streamed = ChipBatches(chips, 256, BATCH, seed=1, cache_mb=0)
        rates: dict[str, list[float]] = {}
        list(cached.epoch(0))  # fills the cache
        for turn in range(1, arguments.repeats + 1):
            for name, batches in (("cached", cached), ("streamed", streamed)):
                rates.setdefault(name, []).append(input_rate(batches, turn))
            for name, unet in (("small net", SMALL), ("paper's net", PAPER)):
                rates.setdefault(name, []).append(training_rate(unet, cached))
    medians = {name: statistics.median(values) for name, values in rates.items()}
    print({name: round(rate, 1) for name, rate in medians.items()}, "images/s")
    for way in ("cached", "streamed"):
        for net in ("small net", "paper's net"):
            print(f"{way}: {medians[way] / medians[net]:.0f}x the {net}")


def input_rate(batches: ChipBatches, epoch: int) -> float:
    """Go once through the batches."""
    start = time.perf_counter()
    count = sum(int(images.shape[0]) for images, _ in batches.epoch(epoch))
    return count / (time.perf_counter() - start)


def training_rate(unet: UNetOptions, batches: ChipBatches, steps: int = 3) -> float:
    """Train some steps on one batch."""
    options = TrainingOptions(batch_size=BATCH, augmentation=NO_AUGMENTATION)
    plan = TrainingPlan(
        "benchmark", (), (), 256, (1, 1, 1), unet, options, WorkersOptions(), ""
    )
    model, optimizer = build_unet(unet), make_optimizer("float32")
    optimizer.build(model.trainable_variables)
    step = TrainStep(plan, model, optimizer, OneWorker())
    batch = tuple(tf.identity(part) for part in next(iter(batches.epoch(0))))
    step.launch(batch, 0.001, (0, 0))
    step.wait()
    start = time.perf_counter()
    for number in range(steps):
        step.launch(batch, 0.001, (0, number))
        step.wait()
    return steps * BATCH / (time.perf_counter() - start)


if __name__ == "__main__":
    main()
