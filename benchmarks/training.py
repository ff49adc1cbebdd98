"""Training the paper's U-Net against a plain Keras `fit`: images a second and memory.

    python -m benchmarks.training [--chips 96] [--batch 32] [--repeats 3]
    python -m benchmarks.training --times 44 --steps 3 --repeats 1

The plain way holds all chips as normalised float32 with one-hot labels in NumPy, and
calls `fit`; both train the same network on the same chips, each in its own process, in
turns. Images a second are those of the second epoch; memory is the process's peak.
`--small` takes the default network instead. `--times 44` takes the chips 44 times, the
paper's 4 224, and `--steps` stops an epoch early: for memory, not for speed.
"""

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np


def main() -> None:
    """Print both sides and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--chips", type=int, default=96)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--times", type=int, default=1)
    parser.add_argument("--steps", type=int, default=10**9)
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--side", choices=["ours", "plain"])
    parser.add_argument("--folder", type=Path)
    arguments = parser.parse_args()
    if arguments.side:
        side = ours if arguments.side == "ours" else plain
        print(json.dumps(side(arguments)))
        return
    with tempfile.TemporaryDirectory() as folder:
        from benchmarks.chips import make_shards  # noqa: PLC0415 - TensorFlow

        make_shards(Path(folder), -(-arguments.chips // 16))
        rows = []
        for _ in range(arguments.repeats):
            sides = {name: run(name, folder) for name in ("ours", "plain")}
            rows.append(sides)
            print(sides, flush=True)
    speed = statistics.median(
        r["ours"]["images_per_s"] / r["plain"]["images_per_s"] for r in rows
    )
    memory = statistics.median(r["ours"]["mb"] / r["plain"]["mb"] for r in rows)
    grown = statistics.median(
        r["ours"]["grown_mb"] / r["plain"]["grown_mb"] for r in rows
    )
    print(
        f"median: {speed:.2f}x images/s; {memory:.2f}x peak memory "
        f"({grown:.2f}x beyond the imports)"
    )


def run(side: str, folder: str) -> dict[str, float]:
    """Run one side in a fresh process."""
    command = [sys.executable, "-m", "benchmarks.training", "--side", side]
    command += ["--folder", folder, *sys.argv[1:]]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def ours(arguments: Any) -> dict[str, float]:  # noqa: ANN401
    """Train as the `modeling` pipeline does."""
    import tensorflow  # noqa: F401, PLC0415

    from benchmarks.chips import (  # noqa: PLC0415
        NO_AUGMENTATION,
        PAPER,
        SMALL,
        all_chips,
    )
    from sea_ice_kedro.training.batches import read_header  # noqa: PLC0415
    from sea_ice_kedro.training.fit import fit  # noqa: PLC0415
    from sea_ice_kedro.training.launch import OneWorker  # noqa: PLC0415
    from sea_ice_kedro.training.options import (  # noqa: PLC0415
        TrainingOptions,
        WorkersOptions,
    )
    from sea_ice_kedro.training.plan import TrainingPlan  # noqa: PLC0415

    before = peak_mb()
    shards = [read_header(str(p)) for p in sorted(arguments.folder.glob("*.tfrecord"))]
    options = TrainingOptions(
        epochs=2,
        batch_size=arguments.batch,
        learning_rate=0.001,
        cosine_decay=False,
        augmentation=NO_AUGMENTATION,
    )
    with tempfile.TemporaryDirectory() as work:
        plan = TrainingPlan(
            name="benchmark",
            train=all_chips(shards) * arguments.times,
            validation=(),
            chip_px=256,
            class_fractions=(1.0, 1.0, 1.0),
            unet=SMALL if arguments.small else PAPER,
            options=options,
            workers=WorkersOptions(),
            folder=work,
        )
        with limited_to(arguments.steps):
            state = fit(plan, OneWorker())
    return result(state.history[1]["images_per_s"], before)


@contextmanager
def limited_to(steps: int) -> Iterator[None]:
    """Have epochs end after so many batches."""
    from sea_ice_kedro.training.batches import ChipBatches  # noqa: PLC0415

    whole = ChipBatches.steps
    fewer = property(lambda batches: min(whole.fget(batches), steps))  # type: ignore[attr-defined, misc]
    ChipBatches.steps = fewer  # type: ignore[assignment, method-assign]
    try:
        yield
    finally:
        ChipBatches.steps = whole  # type: ignore[method-assign]


def plain(arguments: Any) -> dict[str, float]:  # noqa: ANN401
    """Train as the published scripts do: all chips in NumPy arrays, `model.fit`."""
    import keras  # noqa: PLC0415
    import tensorflow  # noqa: F401, PLC0415

    from benchmarks.chips import PAPER, SMALL, all_chips  # noqa: PLC0415
    from sea_ice_kedro.training.batches import (  # noqa: PLC0415
        ChipBatches,
        read_header,
    )
    from sea_ice_kedro.training.unet import build_unet  # noqa: PLC0415

    before = peak_mb()
    shards = [read_header(str(p)) for p in sorted(arguments.folder.glob("*.tfrecord"))]
    batches = list(ChipBatches(all_chips(shards), 256, 32, cache_mb=0).epoch())
    unet = build_unet(SMALL if arguments.small else PAPER)
    normalise = unet.get_layer("normalise")
    times = arguments.times
    images = np.concatenate([np.asarray(normalise(b[0])) for b in batches] * times)
    labels = np.concatenate([np.asarray(b[1]) for b in batches] * times)
    del batches
    one_hot = keras.utils.to_categorical(np.where(labels == 255, 0, labels), 3)
    model = keras.Model(normalise.output, unet.output)
    model.compile("adam", "categorical_crossentropy", metrics=["accuracy"])
    steps = min(len(images) // arguments.batch, arguments.steps)
    settings = {"batch_size": arguments.batch, "steps_per_epoch": steps, "verbose": 0}
    model.fit(images, one_hot, **settings)
    start = time.perf_counter()
    model.fit(images, one_hot, **settings)
    return result(steps * arguments.batch / (time.perf_counter() - start), before)


def result(images_per_s: float, before_mb: float) -> dict[str, float]:
    """Put speed and memory together."""
    peak = peak_mb()
    return {"images_per_s": images_per_s, "mb": peak, "grown_mb": peak - before_mb}


def peak_mb() -> float:
    """Give the peak memory of this process so far, MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3


if __name__ == "__main__":
    main()
