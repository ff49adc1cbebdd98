"""Several scenes at a time in worker processes of this machine."""

import multiprocessing
import multiprocessing.connection
import os
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sea_ice_kedro.engines.base import Item, Result
from sea_ice_kedro.errors import WorkerLost


@dataclass(frozen=True)
class ProcessesEngine:
    """Runs up to `workers` items at a time, each in a process of its own."""

    workers: int

    def map(
        self, func: Callable[[Item], Result], items: Sequence[Item]
    ) -> Iterator[Result | WorkerLost]:
        """Yield `func(item)` for every item, in order.

        When a worker dies (killed, out of memory), every item that was under way is
        tried again alone: only the one that kills its worker again is lost.
        """
        waiting = deque(range(len(items)))
        while waiting:
            pool = _pool(self.workers)
            futures = {i: pool.submit(func, items[i]) for i in waiting}
            try:
                while waiting:
                    yield futures[waiting[0]].result()
                    waiting.popleft()
            except BrokenProcessPool:
                _pool.cache_clear()
                yield _alone(func, items[waiting.popleft()])
            except BaseException:
                for future in futures.values():
                    future.cancel()
                raise


def _alone(func: Callable[[Item], Result], item: Item) -> Result | WorkerLost:
    with _new_pool(1) as pool:
        try:
            return pool.submit(func, item).result()
        except BrokenProcessPool:
            return WorkerLost(
                "its worker process died twice (killed, or out of memory); try fewer "
                "workers or smaller scenes"
            )


@lru_cache(maxsize=1)
def _pool(workers: int) -> ProcessPoolExecutor:
    """Keep one pool for the whole run: starting interpreters costs seconds."""
    return _new_pool(workers)


def _new_pool(workers: int) -> ProcessPoolExecutor:
    # "spawn": a forked child would inherit the state of TensorFlow, GDAL and a JVM.
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(workers, mp_context=context, initializer=_start_worker)


def _start_worker() -> None:
    import cv2  # noqa: PLC0415 - the engines themselves start without OpenCV

    cv2.setNumThreads(1)
    threading.Thread(target=_exit_with_parent, daemon=True).start()


def _exit_with_parent() -> None:
    """End this worker when the run is killed: it would wait for work forever."""
    parent: Any = multiprocessing.parent_process()
    multiprocessing.connection.wait([parent.sentinel])
    os._exit(1)
