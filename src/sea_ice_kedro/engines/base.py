"""The engine seam: one method, `map`."""

import os
from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from typing import Any, Protocol, TypeVar

from sea_ice_kedro.errors import InvalidOption, WorkerLost

Item = TypeVar("Item")
Result = TypeVar("Result")


class Engine(Protocol):
    """Maps a function over items; where that runs is the engine's business."""

    def map(
        self, func: Callable[[Item], Result], items: Sequence[Item]
    ) -> Iterator[Result | WorkerLost]:
        """Yield `func(item)` for every item, in the order of the items.

        `func` and the items are picklable where work leaves this process. An
        exception of `func` ends the mapping. A `WorkerLost` in place of a result
        means that the worker died on this item, and that the others go on.
        """
        ...


# Late imports: an engine's module is loaded by who asked for that engine.
ENGINES = {
    "sequential": "sea_ice_kedro.engines.local:SequentialEngine",
    "threads": "sea_ice_kedro.engines.local:ThreadsEngine",
    "processes": "sea_ice_kedro.engines.local:ProcessesEngine",
    "spark": "sea_ice_kedro.engines.spark:SparkEngine",
}
_CLUSTERS = {"spark"}
"""Engines to which the cores of this machine mean nothing."""


def make_engine(name: str = "sequential", workers: int | str = "auto") -> Engine:
    """Build the engine that the configuration names.

    Args:
        name: A key of `ENGINES`.
        workers: How many scenes are worked on at a time, or "auto": one a CPU core (of
            this machine; with "spark", of all executors).

    Raises:
        InvalidOption: if the engine is unknown or `workers` is not positive.
    """
    if name not in ENGINES:
        raise InvalidOption(
            f"expected engine.name to be one of {', '.join(ENGINES)}, got {name!r}"
        )
    module, _, factory = ENGINES[name].partition(":")
    engine: Any = getattr(import_module(module), factory)
    count = worker_count(workers)
    if name in _CLUSTERS and workers == "auto":
        return engine()  # type: ignore[no-any-return]
    return engine(count)  # type: ignore[no-any-return]


def worker_count(workers: int | str) -> int:
    """Resolve "auto" to the cores this process may use.

    Raises:
        InvalidOption: if `workers` is neither "auto" nor a positive whole number.
    """
    if workers == "auto":
        affinity = getattr(os, "sched_getaffinity", None)  # not on macOS
        return len(affinity(0)) if affinity else os.cpu_count() or 1
    if isinstance(workers, bool) or not isinstance(workers, int) or workers < 1:
        raise InvalidOption(
            'expected engine.workers to be "auto" or a whole number of at least 1, '
            f"got {workers!r}"
        )
    return workers
