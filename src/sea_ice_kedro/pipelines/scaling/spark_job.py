"""One measurement of Table II, in a process of its own: see `measure_once`.

The executors are processes of this machine (Spark's "local-cluster"). A chip is read
into the memory of an executor, and labelled there later; executors read and write files
themselves.
"""

import os
import pickle
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from sea_ice_kedro.engines import spark_session
from sea_ice_kedro.engines.opencv import single_threaded_opencv
from sea_ice_kedro.engines.spark_parts import link_home
from sea_ice_kedro.errors import MeasurementFailed
from sea_ice_kedro.imagery.classes import SeaIceClass
from sea_ice_kedro.pipelines.scaling.chips import ChipLabeller
from sea_ice_kedro.pipelines.scaling.request import Request, wake_up

_CHIPS_A_TASK = 64
_TASKS_A_SLOT = 4
"""At least, where there are enough chips, so that no slot has nothing to do."""

_AT_LEAST_S = 0.2
"""A worker is busy with its first chips so long that others get theirs."""

Batches = Iterator[Any]
"""Of pandas data frames, as `mapInPandas` hands them over."""


def measure_spark(request: Request) -> dict[str, Any]:
    """Load all chips into executors, declare their labelling, and run it.

    Returns:
        `start_s`: until every Python worker has labelled a chip, and some have gone the
        whole way; `load_s`: files to decoded chips in executors' memory; `map_s`:
        declaring the labelling; `reduce_s`: labelling, writing every class map, summing
        up pixels by class; `spark` and `java`: their versions.
    """
    start = time.perf_counter()
    # Its logs go with the request's folder.
    os.environ["SPARK_HOME"] = str(link_home(Path(request.folder) / "spark"))
    spark_session.configure(settings_of(request))
    spark = spark_session.session()
    try:
        first, labels = request.labeller("first"), request.labeller("labels")
        slots = request.executors * request.cores
        wake_up(slots, lambda: _wake_up(spark, first, request))
        few = min(_TASKS_A_SLOT * slots, request.count)
        _load_map_reduce(spark, first, few, tasks=few)
        start_s = time.perf_counter() - start
        tasks = max(-(-request.count // _CHIPS_A_TASK), few)
        times = _load_map_reduce(spark, labels, request.count, tasks)
        request.expect_labels("labels")
        java = spark._jvm.java.lang.System.getProperty("java.version")
        return {"start_s": start_s, **times, "spark": spark.version, "java": java}
    finally:
        spark_session.stop()


def settings_of(request: Request) -> dict[str, Any]:
    """Return the Spark properties of a cluster of this shape on this machine."""
    executors, cores = request.executors, request.cores
    memory = request.executor_memory_mib
    return {
        "spark.master": f"local-cluster[{executors},{cores},{memory}]",
        "spark.executor.memory": f"{memory}m",
        "spark.cores.max": executors * cores,
        # Without these the first tasks run before all executors are there.
        "spark.scheduler.minRegisteredResourcesRatio": 1.0,
        "spark.scheduler.maxRegisteredResourcesWaitingTime": "120s",
        "spark.ui.enabled": False,
        "spark.ui.showConsoleProgress": False,
        "spark.local.dir": request.folder,
    }


def _load_map_reduce(
    spark: Any,  # noqa: ANN401
    label: ChipLabeller,
    count: int,
    tasks: int,
) -> dict[str, float]:
    """Time the three steps on the first `count` chips.

    Raises:
        MeasurementFailed: if not all chips were kept in memory.
    """
    start = time.perf_counter()
    chips = (
        spark.range(0, count, 1, tasks)
        .mapInPandas(loading(label), "number long, chip binary")
        .persist()
    )
    chips.count()
    loaded = time.perf_counter()
    columns = [c.key for c in SeaIceClass]
    schema = ", ".join(f"{name} long" for name in columns)
    sums = chips.mapInPandas(labelling(label, columns), schema).groupBy().sum(*columns)
    mapped = time.perf_counter()
    sums.collect()
    reduced = time.perf_counter()
    _expect_in_memory(spark)
    chips.unpersist(blocking=True)
    return {
        "load_s": loaded - start,
        "map_s": mapped - loaded,
        "reduce_s": reduced - mapped,
    }


def loading(work: ChipLabeller) -> Callable[[Batches], Batches]:
    """Make the function that reads the chips of a task."""

    def load(batches: Batches) -> Batches:
        import pandas as pd  # noqa: PLC0415 - pickled by value: where it runs

        for batch in batches:
            chips = [pickle.dumps(work.load(number)) for number in batch["id"]]
            yield pd.DataFrame({"number": batch["id"], "chip": chips})

    return load


def labelling(work: ChipLabeller, columns: list[str]) -> Callable[[Batches], Batches]:
    """Make the function that labels the loaded chips of a task."""

    def label(batches: Batches) -> Batches:
        import pandas as pd  # noqa: PLC0415 - pickled by value: where it runs

        for batch in batches:
            with single_threaded_opencv():
                counts = [
                    work.label(number, pickle.loads(chip))
                    for number, chip in zip(batch["number"], batch["chip"], strict=True)
                ]
            yield pd.DataFrame(counts, columns=columns)

    return label


def _wake_up(spark: Any, first: ChipLabeller, request: Request) -> set[int]:  # noqa: ANN401
    count = request.count

    def wake(batches: Batches) -> Batches:
        import pandas as pd  # noqa: PLC0415 - pickled by value: where it runs

        for batch in batches:
            for number in batch["id"]:
                with single_threaded_opencv():
                    first(number % count)
            time.sleep(_AT_LEAST_S)
            yield pd.DataFrame({"pid": [os.getpid()]})

    slots = request.executors * request.cores
    rounds = spark.range(0, _TASKS_A_SLOT * slots, 1, _TASKS_A_SLOT * slots)
    return {row.pid for row in rounds.mapInPandas(wake, "pid long").collect()}


def _expect_in_memory(spark: Any) -> None:  # noqa: ANN401
    """Refuse a measurement in which executors had to use the disk.

    Raises:
        MeasurementFailed: naming the setting that gives them more memory.
    """
    stored = spark.sparkContext._jsc.sc().getRDDStorageInfo()
    on_disk = sum(rdd.diskSize() for rdd in stored)
    if on_disk:
        raise MeasurementFailed(
            "expected all chips in the executors' memory, got "
            f"{on_disk / 2**20:.0f} MiB of them on disk; set a larger "
            "scaling.executor_memory_mib, or fewer scaling.chips"
        )
