"""The engine seam: scene partitions, lazy values; and one method, `map`.

A node gets `{scene_id: loader}` and returns `{scene_id: Task}`; nothing is computed
until the catalog saves. A task knows its function and arguments, so its result has a
fingerprint before it exists: same input, same options, same code, same bytes.
"""

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from datetime import date
from functools import partial
from importlib import import_module
from pathlib import PurePath
from typing import Any, Protocol, TypeVar, runtime_checkable

from sea_ice_kedro import __version__
from sea_ice_kedro.engines.code import CODE
from sea_ice_kedro.errors import InvalidOption, WorkerLost

Value = TypeVar("Value")
Partitions = Mapping[str, Callable[[], Value]]
"""Scene id -> a function without arguments that loads or makes one value."""


@runtime_checkable
class Fingerprinted(Protocol):
    """Anything that can say what its content is made of."""

    def fingerprint(self) -> str:
        """Return a digest that changes whenever the content would."""
        ...


@dataclass(frozen=True)
class Task:
    """A call that has not happened: `func` on the values of some inputs."""

    func: Callable[..., Any]
    inputs: tuple[Callable[[], Any], ...]

    def __call__(self) -> Any:  # noqa: ANN401 - whatever `func` returns
        """Load the inputs and compute."""
        return self.func(*(load() for load in self.inputs))


def map_partitions(
    func: Callable[..., Value], *partitions: Partitions[Any]
) -> dict[str, Callable[[], Value]]:
    """Declare `func` of every scene's inputs; nothing is computed until it is saved.

    Args:
        func: A picklable function (or `partial`) of one value per mapping.
        partitions: Mappings with the same scene ids.

    Returns:
        Scene id -> task, in the order of the first mapping.
    """
    return {
        scene_id: Task(func, tuple(mapping[scene_id] for mapping in partitions))
        for scene_id in partitions[0]
    }


def fingerprint_of(value: object, code: str | None = None) -> str:
    """Digest a task: its functions, options, inputs' content, code and our version.

    What has a `product_version` of its own is made again only when that changes: a
    download, which a new version of this software leaves as it is.

    Args:
        value: The task, or whatever makes a product when it is called.
        code: From `code_of`, where that is known already; workers need no sources.

    Raises:
        TypeError: if something in it has no stable description.
    """
    description = {
        "version": getattr(value, "product_version", __version__),
        "code": code_of(value) if code is None else code,
        "value": _describe(value),
    }
    text = json.dumps(description, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def code_of(value: object, *also: object) -> str:
    """Digest the code that a value is made by, and the libraries that code uses.

    Args:
        value: The task, or whatever makes a product when it is called.
        also: What else has a part in the product: the dataset that writes it.

    Returns:
        "" for what has a `product_version` of its own.
    """
    return "" if hasattr(value, "product_version") else CODE.digest(value, *also)


def content_digest(value: object) -> str:
    """Digest settings that stand for the content they make: "sha256:..."."""
    text = json.dumps(_describe(value), sort_keys=True)
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def recipe_of(value: object) -> str:
    """Say in JSON how a value is made: function and options, without its inputs."""
    made_by = value.func if isinstance(value, Task) else value
    return json.dumps(_describe(made_by), sort_keys=True)


def _describe(value: object) -> Any:  # noqa: ANN401, PLR0911 - a JSON value of any type
    """Describe a value by JSON types only, the same on every machine and run."""
    if isinstance(value, Fingerprinted) and not isinstance(value, type):
        return value.fingerprint()
    if isinstance(value, partial):
        return [_describe(v) for v in (value.func, value.args, value.keywords)]
    if is_dataclass(value) and not isinstance(value, type):
        values = {f.name: _describe(getattr(value, f.name)) for f in fields(value)}
        return [type(value).__qualname__, values]
    if isinstance(value, Mapping):
        return {str(key): _describe(v) for key, v in value.items()}
    if isinstance(value, list | tuple):
        return [_describe(v) for v in value]
    if value is None or isinstance(value, str | int | float | bool):
        return value
    if isinstance(value, date | PurePath):
        return str(value)
    if callable(value) and hasattr(value, "__qualname__"):
        return f"{value.__module__}.{value.__qualname__}"
    raise TypeError(f"expected a value with a stable description, got {value!r}")


# --- The engine seam: one method, `map`

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
