"""Several scenes at a time in worker processes of this machine."""

import multiprocessing
import multiprocessing.connection
import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from types import ModuleType
from typing import Any

from sea_ice_kedro.engines.base import Item, Result
from sea_ice_kedro.engines.cores import Sharing, share_of
from sea_ice_kedro.errors import WorkerLost

_MAIN_MODULE = threading.Lock()
"""Held while it is hidden: Kedro's ThreadRunner may save from several threads."""


@dataclass(frozen=True)
class ProcessesEngine:
    """Runs up to `workers` items at a time, each in a process of its own."""

    workers: int

    def map(
        self, func: Callable[[Item], Result], items: Sequence[Item]
    ) -> Iterator[Result | WorkerLost]:
        """Yield `func(item)` for every item, in order.

        Workers share the cores; few items leave each of them more than one.

        When a worker dies (killed, out of memory), the first item without a result is
        tried again alone, and lost if it kills its worker again; the others go on.
        """
        work = Sharing(func, share_of(min(self.workers, len(items))))
        waiting = deque(range(len(items)))
        while waiting:
            futures: dict[int, Future[Result]] = {}
            try:
                # An idle worker may have died since the last call: submitting tells.
                with _without_main_module():  # workers start as work is submitted
                    for i in waiting:
                        futures[i] = _pool(self.workers).submit(work, items[i])
                while waiting:
                    yield futures[waiting[0]].result()
                    waiting.popleft()
            except BrokenProcessPool:
                _pool.cache_clear()
                yield _alone(work, items[waiting.popleft()])
            except BaseException:
                for future in futures.values():
                    future.cancel()
                raise


def in_a_process_each(
    func: Callable[[Item], Result], items: Sequence[Item]
) -> Iterator[Result | WorkerLost]:
    """Yield `func(item)` for every item, in turn, from a process that may die."""
    try:
        yield from ProcessesEngine(1).map(func, items)
    finally:
        _pool.cache_clear()


def _alone(func: Callable[[Item], Result], item: Item) -> Result | WorkerLost:
    with _new_pool(1) as pool:
        try:
            with _without_main_module():
                future = pool.submit(func, item)
            return future.result()
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
    try:
        return ProcessPoolExecutor(
            workers, mp_context=context, initializer=_start_worker
        )
    except OSError as error:
        raise WorkerLost(
            "expected room for what processes share (/dev/shm on Linux), got "
            f"{type(error).__name__}: {error}; give this machine or container some, or "
            "work without processes: --params engine.name=threads"
        ) from error


@contextmanager
def _without_main_module() -> Iterator[None]:
    """Keep workers from importing the script that was run: Kedro's command line.

    Work comes from importable modules, never from the script; importing that takes as
    long as all that a worker needs.
    """
    with _MAIN_MODULE:
        main = sys.modules["__main__"]
        sys.modules["__main__"] = ModuleType("__main__")
        try:
            yield
        finally:
            sys.modules["__main__"] = main


def _start_worker() -> None:
    import cv2  # noqa: PLC0415 - the engines themselves start without OpenCV

    cv2.setNumThreads(1)
    # Ctrl-C reaches all processes of a terminal; what it means, the run says.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_exit_with_parent, daemon=True).start()


def _exit_with_parent() -> None:
    """End this worker when the run is killed: it would wait for work forever."""
    parent: Any = multiprocessing.parent_process()
    multiprocessing.connection.wait([parent.sentinel])
    os._exit(1)
