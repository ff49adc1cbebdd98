"""Training on more and more workers, timed and modelled: Table III."""

import importlib.util
import logging
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any

import pandas as pd

from sea_ice_kedro.engines.base import worker_count
from sea_ice_kedro.errors import InvalidOption
from sea_ice_kedro.pipelines.scaling.fresh import in_fresh_process
from sea_ice_kedro.pipelines.scaling.nodes import in_turns
from sea_ice_kedro.pipelines.scaling.options import ScalingOptions
from sea_ice_kedro.pipelines.scaling.training_request import TrainingRequest
from sea_ice_kedro.reporting import training_scaling
from sea_ice_kedro.training.options import TrainingOptions, UNetOptions

logger = logging.getLogger(__name__)

_SIZES = (4_096, 65_536, 1_048_576, 8_388_608)
"""Bytes of arrays whose averaging is timed, besides those of the gradient."""

_HOW = {
    "tensorflow": "install it: .tools/uv sync --inexact --extra train",
    "horovod": "build it: .tools/uv sync --inexact --extra horovod (docs/training.md)",
}


def measure_training(
    options: ScalingOptions,
    unet: UNetOptions,
    training: TrainingOptions,
    scaling_processes: pd.DataFrame,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Time training with 1, 2, ... workers, and the averaging of arrays between them.

    Without Horovod one worker is measured, without TensorFlow none; a warning says so.

    Args:
        options: What is measured.
        unet: The network.
        training: How it is trained; batch size and augmentation decide the speed.
        scaling_processes: Table I, which is measured before.

    Returns:
        As `training_scaling.tabulate_times` and `tabulate_all_reduces` make them.
    """
    del scaling_processes
    times: list[dict[str, Any]] = []
    samples: list[list[float]] = []
    if _can("tensorflow", "Table III is not measured"):
        with _prepared(options, unet, training) as (request, found):
            most = found["gpus"] or worker_count("auto")
            counts = _expect_room(options.training.worker_counts(most), most, found)
            if counts[1:] and not _can("horovod", "Table III has one worker only"):
                counts = counts[:1]
            cores = None if found["gpus"] else max(most // max(counts), 1)
            times = in_turns(
                counts, options.repeats, partial(_measure, request, found, cores)
            )
            samples = _all_reduces(request, found, counts, cores)
    return (
        training_scaling.tabulate_times(times),
        training_scaling.tabulate_all_reduces(samples),
    )


def model_training(
    training_times: pd.DataFrame,
    all_reduce_times: pd.DataFrame,
    options: ScalingOptions,
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Lay out Table III, with what the model says where nothing was measured.

    Returns:
        The table, and the facts of both models: of this machine, of the paper's.
    """
    models = training_scaling.fit_models(training_times, all_reduce_times)
    wanted = options.training.modelled_counts()
    table = training_scaling.tabulate_training(training_times, models, wanted)
    return table, training_scaling.describe_models(models, training_times)


@contextmanager
def _prepared(
    options: ScalingOptions, unet: UNetOptions, training: TrainingOptions
) -> Iterator[tuple[TrainingRequest, dict[str, Any]]]:
    """Return a request whose chips are in files, and what is known of the machine."""
    asked = options.training
    with tempfile.TemporaryDirectory(prefix="sea_ice_shards_") as folder:
        request = TrainingRequest(
            shards=folder,
            unet=unet,
            training=replace(
                training, epochs=asked.epochs, cosine_decay=False, patience=0
            ),
            chips=asked.steps * training.batch_size,
            chip_px=options.chip_px,
            scene_px=options.scene_px,
            seed=options.seed,
            all_reduces=asked.all_reduces,
        )
        # GPUs are not known yet: as many chips as the largest setting could need.
        most = max(asked.worker_counts(worker_count("auto")))
        wanted = replace(request, chips=request.chips * most)
        yield request, in_fresh_process("training_chips", wanted, "chips to train on")


def _expect_room(counts: list[int], most: int, found: dict[str, Any]) -> list[int]:
    if max(counts) > most:
        what = "GPUs" if found["gpus"] else "cores"
        raise InvalidOption(
            f"expected scaling.training.workers up to the {most} {what} of this "
            f"machine, got {max(counts)}"
        )
    return counts


def _measure(
    request: TrainingRequest, found: dict[str, Any], cores: int | None, workers: int
) -> dict[str, Any]:
    asked = replace(
        request,
        workers=workers,
        cores=cores and cores * workers,
        chips=request.chips * workers,
    )
    measured = in_fresh_process("training", asked, f"training on {workers} workers")
    speed = measured["images_per_s"]
    logger.info("training on %d workers: %.1f images/s", workers, speed)
    facts = {
        "workers": workers,
        "cores_a_worker": cores or "",
        "gpus": found["gpus"],
        "batch_size": request.training.batch_size,
        "epoch_chips": asked.chips,
        "gradient_bytes": found["gradient_bytes"],
    }
    return {**facts, **measured}


def _all_reduces(
    request: TrainingRequest,
    found: dict[str, Any],
    counts: list[int],
    cores: int | None,
) -> list[list[float]]:
    samples: list[list[float]] = []
    sizes = tuple(sorted({*_SIZES, found["gradient_bytes"]}))
    for workers in counts[1:]:
        asked = replace(request, workers=workers, cores=cores and cores * workers)
        asked = replace(asked, sizes=sizes)
        what = f"averaging between {workers} workers"
        samples += in_fresh_process("all_reduces", asked, what)["samples"]
    return samples


def _can(package: str, otherwise: str) -> bool:
    """Return whether an optional package is there; warn of what is left out if not."""
    if importlib.util.find_spec(package) is not None:
        return True
    logger.warning("%s is not installed: %s; %s", package, otherwise, _HOW[package])
    return False
