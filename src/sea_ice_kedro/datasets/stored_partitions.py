"""Stored scenes: lazy, read by the engine where there are many, known without that."""

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from kedro.io import DatasetError

from sea_ice_kedro.datasets.manifest import Entry
from sea_ice_kedro.engines import Engine, Partitions
from sea_ice_kedro.errors import SeaIceError, WorkerLost
from sea_ice_kedro.rasters.geotiff import Facts

Value = TypeVar("Value")

LOOKING = 16
"""Threads that look at files: most of it is waiting for a disk or a bucket."""


class StoredPartitions(dict[str, Callable[[], Value]]):
    """Partition id -> picklable loader, the engine that runs many, and the manifest."""

    def __init__(
        self,
        loaders: Mapping[str, Callable[[], Value]],
        engine: Engine,
        entries: Mapping[str, Entry] | None = None,
    ) -> None:
        """Take the loaders.

        Args:
            loaders: By partition id.
            engine: Runs them in `load_many`.
            entries: Lines of the folder's manifest, by partition id.
        """
        super().__init__(loaders)
        self.engine = engine
        self._entries = entries or {}

    def facts(self, partition_ids: Iterable[str]) -> dict[str, Facts]:
        """Tell what rasters say of themselves, as they are now, in numbers and words.

        The manifest tells it, which was read with the loaders. A raster that is not as
        its line says, or has none, is opened, and no more than its header is read.

        Args:
            partition_ids: Which, in the order of the result.

        Raises:
            InvalidScene: if one that is opened is damaged.
            CannotRead: if they are in a bucket that does not answer.
        """
        ids = list(partition_ids)
        loaders: Mapping[str, Any] = self
        with ThreadPoolExecutor(LOOKING, thread_name_prefix="facts") as threads:
            found = threads.map(lambda i: loaders[i].facts(self._entries.get(i)), ids)
            return dict(zip(ids, found, strict=True))


def load_many(
    partitions: Partitions[Value], partition_ids: Iterable[str]
) -> dict[str, Value]:
    """Load small values of many partitions, such as tables of a row.

    From a bucket each takes a good part of a second, most of it waiting.

    Args:
        partitions: Loaders; only `StoredPartitions` know an engine, others are run in
            turn.
        partition_ids: Which, in the order of the result.

    Raises:
        SeaIceError: if one of them cannot be read.
        WorkerLost: if a worker died on one.
    """
    ids = list(partition_ids)
    if not isinstance(partitions, StoredPartitions):
        return {i: partitions[i]() for i in ids}
    outcomes = partitions.engine.map(_load, [partitions[i] for i in ids])
    return {i: _expect_value(i, o) for i, o in zip(ids, outcomes, strict=True)}


def _load(loader: Callable[[], Value]) -> Value:
    try:
        return loader()
    except DatasetError as error:
        # On its way between processes an exception loses its cause.
        if isinstance(error.__cause__, SeaIceError):
            raise error.__cause__ from None
        raise


def _expect_value(partition_id: str, outcome: Value | WorkerLost) -> Value:
    if isinstance(outcome, WorkerLost):
        raise WorkerLost(f"{partition_id}: {outcome}")
    return outcome
