"""Chips → seconds with processes, Spark executors, training workers: Tables I-III."""

import importlib.util
import json
import logging
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import pandas as pd
from kedro.pipeline import Node, Pipeline

from sea_ice_kedro.engines.base import worker_count
from sea_ice_kedro.engines.local import machine_facts
from sea_ice_kedro.errors import InvalidOption, MeasurementFailed
from sea_ice_kedro.imagery.cloud_filter import FilterOptions
from sea_ice_kedro.imagery.labelling import BrightnessThresholds
from sea_ice_kedro.pipelines.scaling.labelling_job import (
    ANSWER,
    REQUEST,
    Request,
    cut_folder,
)
from sea_ice_kedro.pipelines.scaling.options import ScalingOptions, SparkShape
from sea_ice_kedro.pipelines.scaling.training_job import TrainingRequest
from sea_ice_kedro.reporting import scaling_tables
from sea_ice_kedro.reporting.scaling_figures import draw_scaling, draw_training
from sea_ice_kedro.training.options import TrainingOptions, UNetOptions

_MODULE = "sea_ice_kedro.pipelines.scaling.measure_once"

_OF_ANOTHER_SPARK = {
    "PYSPARK_GATEWAY_PORT",
    "PYSPARK_GATEWAY_SECRET",
    "PYSPARK_SUBMIT_ARGS",
    "SPARK_REMOTE",
}
"""Variables that would tie a measurement to a Spark that is running already."""

_LAST_LINES = 4


def in_fresh_process(
    job: str, request: Request | TrainingRequest, setting: str
) -> dict[str, Any]:
    """Measure in a new process, and wait for it.

    Args:
        job: One of `measure_once.JOBS`.
        request: What is measured; its folder is made, and removed, here.
        setting: For errors: "2 processes".

    Returns:
        What was measured.

    Raises:
        MeasurementFailed: with the error that ended the process, or its last words.
    """
    with tempfile.TemporaryDirectory(prefix="sea_ice_scaling_") as name:
        folder = Path(name)
        (folder / REQUEST).write_text(json.dumps(asdict(request)), "utf-8")
        with _pipe() as waiting:
            done = subprocess.run(
                [sys.executable, "-m", _MODULE, job, name],
                stdin=waiting,
                capture_output=True,
                text=True,
                check=False,
                env={k: v for k, v in os.environ.items() if k not in _OF_ANOTHER_SPARK},
            )
        answer = folder / ANSWER
        found = json.loads(answer.read_text("utf-8")) if answer.exists() else {}
    if "measured" not in found:
        last = " | ".join(done.stderr.strip().splitlines()[-_LAST_LINES:])
        reason = found.get("failed") or f"exit status {done.returncode}: {last}"
        raise MeasurementFailed(f"{setting}: expected a measurement, got {reason}")
    return dict(found["measured"])


@contextmanager
def _pipe() -> Iterator[int]:
    """Return the reading end of a pipe that closes when this process ends."""
    end, other_end = os.pipe()
    try:
        yield end
    finally:
        os.close(end)
        os.close(other_end)


# --- The auto-labelling of chips, timed: Tables I and II of Iqrah et al. (2024)

logger = logging.getLogger(__name__)

Setting = TypeVar("Setting")


def measure_processes(
    options: ScalingOptions, filtering: FilterOptions, thresholds: BrightnessThresholds
) -> pd.DataFrame:
    """Time labelling with 1, 2, ... processes of this machine: Table I.

    Returns:
        As `scaling_tables.tabulate_processes` makes it.
    """
    cores = worker_count("auto")
    with _chips(options, filtering, thresholds) as request:
        measured = in_turns(
            options.process_counts(cores),
            options.repeats,
            partial(_measure_processes, request),
        )
    return scaling_tables.tabulate_processes(measured, options.chips, cores)


def measure_executors(
    options: ScalingOptions,
    filtering: FilterOptions,
    thresholds: BrightnessThresholds,
    scaling_processes: pd.DataFrame,
) -> pd.DataFrame:
    """Time labelling on Spark's executors, all on this machine: Table II.

    Args:
        options: What is measured.
        filtering: How chips are filtered.
        thresholds: Brightness cut-offs, 0..255.
        scaling_processes: Table I, which is measured and saved before: the two would
            slow each other down.

    Returns:
        As `scaling_tables.tabulate_executors` makes it.
    """
    del scaling_processes
    cores = worker_count("auto")
    with _chips(options, filtering, thresholds) as request:
        measured = in_turns(
            options.spark_shapes(cores),
            options.repeats,
            partial(_measure_spark, request),
        )
    return scaling_tables.tabulate_executors(measured, options.chips, cores)


def in_turns(
    settings: Sequence[Setting],
    repeats: int,
    measure: Callable[[Setting], dict[str, Any]],
) -> list[dict[str, Any]]:
    """Measure all settings once, then all again: what disturbs, disturbs all alike."""
    return [
        {"repeat": repeat, **measure(setting)}
        for repeat in range(repeats)
        for setting in settings
    ]


@contextmanager
def _chips(
    options: ScalingOptions, filtering: FilterOptions, thresholds: BrightnessThresholds
) -> Iterator[Request]:
    """Return a request with chips in files, which are removed in the end."""
    with tempfile.TemporaryDirectory(prefix="sea_ice_chips_") as folder:
        cut_folder(folder, options)
        logger.info("%d chips are cut", options.chips)
        memory = options.executor_memory_mib
        yield Request(
            chips=folder,
            count=options.chips,
            filtering=filtering,
            thresholds=thresholds,
            executor_memory_mib=memory,
        )


def _measure_processes(request: Request, processes: int) -> dict[str, Any]:
    asked = replace(request, processes=processes)
    found = in_fresh_process("processes", asked, f"{processes} processes")
    logger.info("%d processes: %.1f s", processes, found["seconds"])
    return {"processes": processes, **found}


def _measure_spark(request: Request, shape: SparkShape) -> dict[str, Any]:
    asked = replace(request, executors=shape.executors, cores=shape.cores)
    found = in_fresh_process("spark", asked, f"{shape} executors")
    times = tuple(found[name] for name in ("load_s", "map_s", "reduce_s"))
    logger.info("%s executors: load %.1f s, map %.1f s, reduce %.1f s", shape, *times)
    return {"executors": shape.executors, "cores": shape.cores, **found}


# --- Training on more and more workers, timed and modelled: Table III

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
        scaling_tables.tabulate_times(times),
        scaling_tables.tabulate_all_reduces(samples),
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
    models = scaling_tables.fit_models(training_times, all_reduce_times)
    wanted = options.training.modelled_counts()
    table = scaling_tables.tabulate_training(training_times, models, wanted)
    return table, scaling_tables.describe_models(models, training_times)


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


# --- Wiring

_PROCESSES = "scaling.scaling_processes#table"
_EXECUTORS = "scaling.scaling_executors#table"
_TRAINING = "scaling.scaling_training#table"
_TIMES = "scaling.training_times#table"
_REDUCES = "scaling.all_reduce_times#table"
_WORK = ["params:scaling", "params:filtering", "params:autolabel.thresholds"]


def create_pipeline() -> Pipeline:
    """Wire the `scaling` pipeline, which is not part of the default run."""
    return Pipeline(
        [
            Node(
                func=machine_facts,
                inputs=None,
                outputs="scaling.machine_facts#json",
                name="describe_machine",
            ),
            Node(
                func=measure_processes,
                inputs=_WORK,
                outputs=_PROCESSES,
                name="measure_processes",
            ),
            Node(
                func=measure_training,
                inputs=[
                    "params:scaling",
                    "params:modeling.unet",
                    "params:modeling.training",
                    _PROCESSES,
                ],
                outputs=[_TIMES, _REDUCES],
                name="measure_training",
            ),
            Node(
                func=model_training,
                inputs=[_TIMES, _REDUCES, "params:scaling"],
                outputs=[_TRAINING, "scaling.training_model#json"],
                name="model_training",
            ),
            Node(
                func=draw_training,
                inputs=_TRAINING,
                outputs="scaling.training_scaling_figure#figure",
                name="draw_training_scaling",
            ),
            Node(
                func=measure_executors,
                inputs=[*_WORK, _PROCESSES],
                outputs=_EXECUTORS,
                name="measure_executors",
            ),
            Node(
                func=draw_scaling,
                inputs=[_PROCESSES, _EXECUTORS],
                outputs="scaling.scaling_figure#figure",
                name="draw_scaling",
            ),
        ],
        tags="scaling",
    )
