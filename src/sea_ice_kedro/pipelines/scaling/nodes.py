"""The auto-labelling of chips, timed: Tables I and II of Iqrah et al. (2024)."""

import logging
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar

import pandas as pd

from sea_ice_kedro.engines.base import worker_count
from sea_ice_kedro.imagery.cloud_filter import FilterOptions
from sea_ice_kedro.imagery.labelling import BrightnessThresholds
from sea_ice_kedro.pipelines.scaling.chips import cut_chips
from sea_ice_kedro.pipelines.scaling.fresh import in_fresh_process
from sea_ice_kedro.pipelines.scaling.options import ScalingOptions, SparkShape
from sea_ice_kedro.pipelines.scaling.request import Request
from sea_ice_kedro.reporting import scaling_tables

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
        cut_chips(folder, options)
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
