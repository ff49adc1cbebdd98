"""One measurement of Table I, in a process of its own: see `measure_once`."""

import os
import time
from collections.abc import Set
from dataclasses import dataclass
from typing import Any

from sea_ice_kedro.engines import Engine, make_engine
from sea_ice_kedro.pipelines.scaling.chips import ChipLabeller, expect_all
from sea_ice_kedro.pipelines.scaling.request import Request, wake_up

_AT_LEAST_S = 0.2
"""A worker is busy with its first chip so long that others get theirs."""


@dataclass(frozen=True)
class FirstChip:
    """The first piece of work of a worker."""

    label: ChipLabeller

    def __call__(self, number: int) -> int:
        """Label a chip: the worker's process id."""
        self.label(number)
        time.sleep(_AT_LEAST_S)
        return os.getpid()


def measure_processes(request: Request) -> dict[str, Any]:
    """Label all chips in a pool of processes.

    Returns:
        `start_s`: until every process has labelled a chip; `seconds`: for all chips,
        from files to files.
    """
    engine = make_engine("processes", request.processes)
    first = FirstChip(request.labeller("first"))
    label = request.labeller("labels")
    begin = time.perf_counter()
    wake_up(request.processes, lambda: _round(engine, first, request))
    start = time.perf_counter()
    results = list(engine.map(label, range(request.count)))
    seconds = time.perf_counter() - start
    expect_all(results)
    request.expect_labels("labels")
    return {"start_s": start - begin, "seconds": seconds}


def _round(engine: Engine, first: FirstChip, request: Request) -> Set[int]:
    numbers = [n % request.count for n in range(request.processes)]
    pids = list(engine.map(first, numbers))
    expect_all(pids)
    return {pid for pid in pids if isinstance(pid, int)}
