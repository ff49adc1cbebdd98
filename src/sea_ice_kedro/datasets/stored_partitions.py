"""Stored scenes: lazy, and read by the engine where there are many."""

from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

from kedro.io import DatasetError

from sea_ice_kedro.engines import Engine, Partitions
from sea_ice_kedro.errors import SeaIceError, WorkerLost

Value = TypeVar("Value")


class StoredPartitions(dict[str, Callable[[], Value]]):
    """Partition id -> picklable loader, and the engine that can run many of them."""

    def __init__(
        self, loaders: Mapping[str, Callable[[], Value]], engine: Engine
    ) -> None:
        """Take the loaders.

        Args:
            loaders: By partition id.
            engine: Runs them in `load_many`.
        """
        super().__init__(loaders)
        self.engine = engine


def load_many(
    partitions: Partitions[Value], partition_ids: Iterable[str]
) -> dict[str, Value]:
    """Load small values of many partitions, such as tags.

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
