"""One measurement of Table III, in a process of its own: see `measure_once`.

Chips are learnt from as the `modeling` pipeline does it, by `training.launch.train`.
"""

import os
import statistics
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from sea_ice_kedro.imagery.chips import ChipOptions, cut_chips
from sea_ice_kedro.imagery.simulate import (
    SimulationOptions,
    sample_scenes,
    simulate_scene,
)
from sea_ice_kedro.training.launch import gpu_count, train
from sea_ice_kedro.training.options import TrainingOptions, UNetOptions, WorkersOptions
from sea_ice_kedro.training.plan import Selection, TrainingPlan


@dataclass(frozen=True)
class TrainingRequest:
    """Measurement for one process."""

    shards: str
    """Folder of the chips, as shards."""

    unet: UNetOptions
    training: TrainingOptions
    """Epochs are those of the measurement, without a decay of the learning rate."""

    chips: int
    """That all workers together see in an epoch."""

    chip_px: int
    scene_px: int
    seed: int
    """Of the simulated scenes that chips are cut from."""

    workers: int = 1
    cores: int | None = None
    """That the workers of this measurement share; None: all (they have GPUs)."""

    all_reduces: int = 0
    sizes: tuple[int, ...] = ()
    """Bytes of the arrays whose averaging is timed."""

    folder: str = ""
    """Folder of this process alone."""

    @property
    def chips_a_side(self) -> int:
        """Whole chips along a side of a scene."""
        return self.scene_px // self.chip_px

    @property
    def chips_a_scene(self) -> int:
        """Chips of one scene."""
        return self.chips_a_side**2


def training_request(told: dict[str, object]) -> TrainingRequest:
    """Make a request of what was written as JSON."""
    unet = UNetOptions(**told.pop("unet"))  # type: ignore[arg-type]
    training = TrainingOptions(**told.pop("training"))  # type: ignore[arg-type]
    return TrainingRequest(unet=unet, training=training, **told)  # type: ignore[arg-type]


# --- One measurement of Table III, in a process of its own: see `measure_once`


def prepare_training(request: TrainingRequest) -> dict[str, Any]:
    """Write shards with as many chips as the largest measurement needs.

    Returns:
        `gpus` of this machine; `gradient_bytes` of the network.
    """
    from sea_ice_kedro.training.unet import gradient_bytes  # noqa: PLC0415 - Keras

    scenes = -(-request.chips // request.chips_a_scene)
    scene_px = request.chips_a_side * request.chip_px
    for scene in sample_scenes(scenes, scene_px, request.seed):
        _write_shard(request, *scene)
    return {"gpus": gpu_count(), "gradient_bytes": gradient_bytes(request.unet)}


def measure_training(request: TrainingRequest) -> dict[str, Any]:
    """Train some epochs; the first one compiles and is not counted.

    Returns:
        `start_s`: all that is not in an epoch that counts; `epoch_s` and
        `images_per_s`: medians of the others.
    """
    _share_cores(request)
    begin = time.perf_counter()
    history = train(_plan(request)).history[1:]
    total_s = time.perf_counter() - begin
    return {
        "start_s": total_s - sum(epoch["seconds"] for epoch in history),
        "epoch_s": statistics.median(epoch["seconds"] for epoch in history),
        "images_per_s": statistics.median(epoch["images_per_s"] for epoch in history),
    }


def measure_all_reduces(request: TrainingRequest) -> dict[str, Any]:
    """Average arrays between the workers, without training.

    Returns:
        `samples`: workers, bytes, seconds of each size.
    """
    _share_cores(request)
    from sea_ice_kedro.training.horovod_workers import (  # noqa: PLC0415
        time_all_reduces,
    )

    sizes, repeats = request.sizes, request.all_reduces
    return {"samples": time_all_reduces(request.workers, sizes, repeats)}


def _share_cores(request: TrainingRequest) -> None:
    """Allot each worker as many cores as one worker alone has."""
    if request.cores is not None and hasattr(os, "sched_setaffinity"):  # not macOS
        mine = sorted(os.sched_getaffinity(0))[: request.cores]
        os.sched_setaffinity(0, mine)


def _plan(request: TrainingRequest) -> TrainingPlan:
    return TrainingPlan(
        name="scaling",
        train=_selections(request),
        validation=(),
        chip_px=request.chip_px,
        class_fractions=(1 / 3, 1 / 3, 1 / 3),
        unet=request.unet,
        options=request.training,
        workers=WorkersOptions(count=request.workers),
        folder=request.folder,
    )


def _selections(request: TrainingRequest) -> tuple[Selection, ...]:
    """Take the first chips of the shards, whole shards as far as they go."""
    a_scene = request.chips_a_scene
    selections, left = [], request.chips
    for path in sorted(Path(request.shards).glob("*.tfrecord")):
        if left:
            taken = min(left, a_scene)
            selections.append(Selection(str(path), a_scene, tuple(range(taken))))
            left -= taken
    return tuple(selections)


def _write_shard(
    request: TrainingRequest,
    scene_id: str,
    contents: SimulationOptions,
    seed: int,
) -> None:
    """Write all chips of a simulated scene, labelled by its truth."""
    from sea_ice_kedro.training.batches import write_shard  # noqa: PLC0415

    simulated = simulate_scene(contents, seed)
    rgb, codes = simulated.scene.rgb, simulated.truth.codes
    quality = np.zeros(contents.shape, np.uint8)
    options = ChipOptions(request.chip_px, 0.0)
    chips = cut_chips(scene_id, rgb, codes, quality, options)
    path = Path(request.shards) / f"{scene_id}.tfrecord"
    write_shard(str(path), chips, {"images": "original"}, {})
