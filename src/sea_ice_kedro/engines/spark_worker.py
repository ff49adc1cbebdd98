"""The work of a Spark task, in a Python worker on an executor."""

import gc
import pickle
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Any
from zipimport import zipimporter

from sea_ice_kedro import __version__
from sea_ice_kedro.engines.local import SequentialEngine, in_a_process_each, keep_to
from sea_ice_kedro.errors import WorkerLost

RAISED, GAVE = False, True


def pack(func: Callable[[Any], Any], items: Sequence[tuple[int, Any]]) -> bytes:
    """Describe a task: a function and numbered items, all picklable."""
    return pickle.dumps((func, items))


def run_task(
    description: bytes, attempt: int, cpus: int
) -> Iterator[tuple[int, bytes]]:
    """Run the items of one task in turn.

    An exception of the function travels back as a value. What has killed a worker (or
    was running where an executor was lost) is tried again in a process of its own, so
    that it costs only itself.

    Args:
        description: From `pack`.
        attempt: 0 unless Spark tries this task again.
        cpus: Cores that this task may use.

    Yields:
        Number of the item, and its outcome for `unpack`.
    """
    _start_worker(cpus)
    func, items = pickle.loads(description)
    outcomes = (SequentialEngine().map if attempt == 0 else in_a_process_each)(
        _Guarded(func), [item for _, item in items]
    )
    for (number, _), outcome in zip(items, outcomes, strict=True):
        if isinstance(outcome, WorkerLost):
            outcome = pickle.dumps((GAVE, outcome))  # noqa: PLW2901
        yield number, outcome
    _ease_next_task()


def unpack(outcome: bytes) -> Any:  # noqa: ANN401 - whatever the function gave
    """Return the function's result.

    Raises:
        Exception: what the function has raised.
    """
    gave, value = pickle.loads(outcome)
    if gave:
        return value
    raise value


def expect_same_software(driver: str) -> None:
    """Refuse to work for a driver of another version: its products would differ.

    Raises:
        RuntimeError: naming both versions.
    """
    if driver != __version__:
        raise RuntimeError(
            f"expected sea_ice_kedro {driver} as on the driver, got {__version__}"
        )


class _Guarded:
    """A function whose outcome, value or exception, is bytes."""

    def __init__(self, func: Callable[[Any], Any]) -> None:
        self.func = func

    def __call__(self, item: Any) -> bytes:  # noqa: ANN401
        try:
            return pickle.dumps((GAVE, self.func(item)))
        except Exception as error:  # noqa: BLE001 - raised again on the driver
            return _packed(error)


def _packed(error: Exception) -> bytes:
    try:
        packed = pickle.dumps((RAISED, error))
        pickle.loads(packed)
    # Not every exception survives pickling; its words do.
    except Exception:  # noqa: BLE001
        return pickle.dumps((RAISED, RuntimeError(f"{type(error).__name__}: {error}")))
    return packed


def _ease_next_task() -> None:
    """Spare the next task of this worker what PySpark does before each.

    It has every finder of modules look again, for which archives on the path (its own
    among them) are read anew, and then collects garbage among all that was imported:
    together a tenth of a second.
    """
    for path, finder in list(sys.path_importer_cache.items()):
        if isinstance(finder, zipimporter):
            del sys.path_importer_cache[path]  # made again when a module is looked for
    _keep_what_is_imported()


@lru_cache(maxsize=1)
def _keep_what_is_imported() -> None:
    gc.collect()
    gc.freeze()


@lru_cache(maxsize=1)
def _start_worker(cpus: int) -> None:
    """Keep networks, once they are loaded, to the cores that are this task's."""
    keep_to(cpus)
