"""Scenes on the executors of a Spark cluster.

Only descriptions of tasks and what became of them travel through Spark; executors read
and write rasters themselves. DataFrames only (`mapInPandas`), so that Spark Connect and
Dataproc Serverless work as well.
"""

import pickle
import re
import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import Any

from sea_ice_kedro import __version__
from sea_ice_kedro.engines import spark_session
from sea_ice_kedro.engines.base import Item, Result
from sea_ice_kedro.engines.spark_worker import GAVE, pack, unpack
from sea_ice_kedro.errors import MissingPackage, SparkFailed, WorkerLost

_TASKS_A_SLOT = 8
"""Of a whole save: so few that starting them is nothing (30 ms each), so many that all
slots end alike."""

_SCENES_A_TASK = 64
"""At most: what a lost executor costs."""

_TASKS_A_SLOT_AND_JOB = 4
"""A job's results arrive together: progress is seen by jobs."""

_JOBS = 2
"""At a time: the next job's tasks fill up what the last of a job leave idle."""

_MOST_SLOTS = 1024
"""Where executors come and go without a limit."""

_ERROR = re.compile(r"[\w.]*(Error|Exception): ")
"""How the last line of a traceback begins."""

_LOST = WorkerLost(
    "its executor died on every attempt (killed, or out of memory); give Python more "
    "memory (spark.executor.memoryOverhead), fewer cores an executor, or smaller scenes"
)


@dataclass(frozen=True)
class SparkEngine:
    """Runs items as tasks of the Spark session.

    Spark runs the tasks of a lost executor again. A task is a few items; more, the more
    items there are for an executor's core, up to `_SCENES_A_TASK`.
    """

    workers: int | str = "auto"
    """How many items are expected to run at a time; "auto": as the session says."""

    def map(
        self, func: Callable[[Item], Result], items: Sequence[Item]
    ) -> Iterator[Result | WorkerLost]:
        """Yield `func(item)` for every item, in order.

        What kills its worker, and on being tried again its executor, is lost; the
        others go on.

        Raises:
            MissingPackage: if the workers lack a package.
            SparkFailed: if Spark cannot start, or a worker cannot do any work.
        """
        if not items:
            return
        spark = spark_session.session()
        slots = self.workers if isinstance(self.workers, int) else _slots(spark)
        tag = f"sea_ice_kedro-{uuid.uuid4()}"
        job = partial(
            _run_job, spark, tag, func, items, scenes_a_task(len(items), slots)
        )
        pool = ThreadPoolExecutor(_JOBS, thread_name_prefix="spark-job")
        try:
            for outcomes in pool.map(job, jobs(len(items), slots)):
                yield from (unpack(outcome) for outcome in outcomes)
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
            _cancel(spark, tag)


def scenes_a_task(count: int, slots: int) -> int:
    """Choose how many items make up a task."""
    return min(max(count // (slots * _TASKS_A_SLOT), 1), _SCENES_A_TASK)


def jobs(count: int, slots: int) -> list[range]:
    """Cut the numbers of all items into jobs."""
    size = scenes_a_task(count, slots) * slots * _TASKS_A_SLOT_AND_JOB
    return [range(i, min(i + size, count)) for i in range(0, count, size)]


def _run_job(  # noqa: PLR0913 - bound by `map` but for the last
    spark: Any,  # noqa: ANN401
    tag: str,
    func: Callable[[Any], Any],
    items: Sequence[Any],
    size: int,
    numbers: range,
) -> list[bytes]:
    """Run some items as one Spark job; give their outcomes in order."""
    tasks = [
        pack(func, [(n, items[n]) for n in numbers[i : i + size]])
        for i in range(0, len(numbers), size)
    ]
    try:
        outcomes = _collected(spark, tag, tasks)
    # PySpark has an error for what Python raises, Py4J and grpc each one for the rest.
    except Exception as error:
        if "Job aborted due to stage failure" not in str(error) or _raised(error):
            raise _in_words(error) from error
        if len(numbers) == 1:
            return [pickle.dumps((GAVE, _LOST))]
        # Some scene takes its executor with it: find it by halves. What the others
        # have made stays made.
        middle = len(numbers) // 2
        halves = numbers[:middle], numbers[middle:]
        parts = (_run_job(spark, tag, func, items, size, half) for half in halves)
        return list(chain.from_iterable(parts))
    return [outcomes[n] for n in numbers]


def _collected(spark: Any, tag: str, tasks: Sequence[bytes]) -> dict[int, bytes]:  # noqa: ANN401
    """Run one Spark job, a partition a task; give outcomes by number."""
    _tag(spark, tag)
    numbers = spark.range(0, len(tasks), 1, numPartitions=len(tasks))
    done = numbers.mapInPandas(
        _shipped(tasks, __version__), "item long, outcome binary"
    )
    return {row.item: bytes(row.outcome) for row in done.collect()}


def _shipped(tasks: Sequence[bytes], software: str) -> Callable[..., Iterator[Any]]:
    """Make the function that goes to the workers.

    It is pickled by value, with the tasks: a worker without this package can run it,
    and say so.
    """

    def in_worker(batches: Iterator[Any]) -> Iterator[Any]:
        import pandas as pd  # noqa: PLC0415 - only where it runs
        from pyspark import TaskContext  # noqa: PLC0415

        from sea_ice_kedro.engines.spark_worker import (  # noqa: PLC0415
            expect_same_software,
            run_task,
        )

        expect_same_software(software)
        task: Any = TaskContext.get()
        for batch in batches:
            for number in batch["id"]:
                outcomes = run_task(tasks[number], task.attemptNumber(), task.cpus())
                yield pd.DataFrame(list(outcomes), columns=["item", "outcome"])

    return in_worker


def _in_words(error: Exception) -> Exception:
    """Explain why the workers did not work."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    missing = [line for line in lines if line.startswith("ModuleNotFoundError")]
    if missing:
        return MissingPackage(
            f"expected this package and all that it needs on Spark's workers, got "
            f"{missing[-1]!r} there; install it for the Python that "
            "spark.pyspark.python names on every node, or ship an environment with "
            "--archives (docs/dataproc.md)"
        )
    said = [line for line in lines if _ERROR.match(line)]
    if _raised(error) and said:
        return SparkFailed(f"a Spark worker could not start its work: {said[-1]}")
    return SparkFailed(f"Spark gave up a job: {' '.join(lines[:3])}")


def _raised(error: Exception) -> bool:
    """Return whether Python raised on a worker, outside of the items' own function."""
    from pyspark.errors import PythonException  # noqa: PLC0415 - only where Spark is

    return isinstance(error, PythonException)


def _tag(spark: Any, tag: str) -> None:  # noqa: ANN401
    """Mark what this thread runs, to cancel it by."""
    if _is_remote(spark):
        spark.addTag(tag)
    else:
        spark.sparkContext.addJobTag(tag)


def _cancel(spark: Any, tag: str) -> None:  # noqa: ANN401
    """Cancel what is left of a map that was given up."""
    if _is_remote(spark):
        spark.interruptTag(tag)
    elif not spark.sparkContext._jsc.sc().isStopped():
        spark.sparkContext.cancelJobsWithTag(tag)


def _slots(spark: Any) -> int:  # noqa: ANN401
    """Tell how many tasks the session runs at a time, once all executors are there."""
    setting = spark.conf.get
    cores = int(setting("spark.executor.cores", "1"))
    if setting("spark.dynamicAllocation.enabled", "false") == "true":
        executors = int(setting("spark.dynamicAllocation.maxExecutors", "2147483647"))
    else:
        executors = int(setting("spark.executor.instances", "1"))
    here = 1 if _is_remote(spark) else spark.sparkContext.defaultParallelism
    return min(max(executors * cores, here), _MOST_SLOTS)


def _is_remote(spark: Any) -> bool:  # noqa: ANN401
    """Tell a session of Spark Connect; both kinds have the methods of both."""
    return type(spark).__module__.startswith("pyspark.sql.connect")
