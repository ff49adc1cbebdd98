"""A folder of scenes: stored ones, lazy, and those made where the engine says."""

import logging
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import PurePosixPath
from typing import Any, TypeVar

from kedro.io import DatasetError
from kedro_datasets.partitions import PartitionedDataset

from sea_ice_kedro.addresses import without_keys
from sea_ice_kedro.datasets.manifest import FAILED, Entry, Manifest, held_alone
from sea_ice_kedro.datasets.partition_writer import (
    PartitionLoader,
    PartitionWriter,
    Receipt,
    Request,
    remove_stale,
    unchanged_of,
)
from sea_ice_kedro.datasets.run_state import (
    IN_DETAIL,
    INTERMEDIATES,
    LEDGER,
    STEPS,
    Failure,
    MadeFolder,
    PartitionsFailed,
    Removed,
    found_in,
    track,
)
from sea_ice_kedro.engines import Engine, Partitions
from sea_ice_kedro.engines.base import code_of, make_engine
from sea_ice_kedro.errors import (
    CannotWrite,
    InvalidOption,
    SeaIceError,
    WorkerLost,
)
from sea_ice_kedro.rasters.geotiff import Facts
from sea_ice_kedro.run_record import FailedScene, ProductRecord

Value = TypeVar("Value")

LOOKING = 16
"""Threads that look at files: most of it is waiting for a disk or a bucket."""

_FEW = 100
"""So many small files are read by the time that a worker process has started."""


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

    From a bucket each takes a good part of a second, most of it waiting. Threads of
    this process load a few; many are loaded where the engine says.

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
    few = len(ids) <= _FEW
    engine = make_engine("threads", LOOKING) if few else partitions.engine
    outcomes = engine.map(_load, [partitions[i] for i in ids])
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


# --- A folder of scenes whose products are made where the engine says

logger = logging.getLogger(__name__)


class ParallelPartitionedDataset(PartitionedDataset):  # type: ignore[misc]
    """`PartitionedDataset` whose `save` hands each partition to an engine.

    One worker loads, computes and writes a scene, so pixels never pass through the
    driver. A partition that is there already, made from the same input and options by
    the same code, is left alone. kedro-viz shows the first pictures, or rows of the
    first table, of a folder of those.

    Examples:
        Using the YAML API:

        ```yaml
        class_maps:
          type: sea_ice_kedro.datasets.ParallelPartitionedDataset
          path: data/04_feature/class_maps
          filename_suffix: .tif
          dataset: {type: sea_ice_kedro.datasets.ClassMapDataset}
          engine: {name: processes, workers: auto, remake: false}
        ```
    """

    def __init__(  # noqa: PLR0913 - a dataset's arguments are its YAML keys
        self,
        *,
        path: str,
        dataset: str | dict[str, Any],
        filename_suffix: str = "",
        engine: dict[str, Any] | None = None,
        optional: bool = False,
        intermediate: bool = False,
        metadata: dict[str, Any] | None = None,
    ) -> None:
        """Name the folder, the kind of file in it and the engine that fills it.

        Args:
            path: Folder of the partitions, or its URL.
            dataset: Dataset of one file, as for `PartitionedDataset`.
            filename_suffix: Ending of the files, ".tif".
            engine: `name` and `workers` (see `make_engine`); default: sequential. It
                also runs `load_many`. With `remake: true`, partitions are made again
                that are up to date.
            optional: Whether a run may lack the partitions: it goes on when all of
                them failed, and begins without a folder of them.
            intermediate: Whether partitions, which are rasters, are removed at the end
                of a run with `keep_intermediates: false`.
            metadata: Ignored by Kedro; read by kedro-viz.

        Raises:
            InvalidOption: if the engine is unknown or has no worker, or `remake` is
                not true or false.
        """
        super().__init__(
            path=path,
            dataset=dataset,
            filename_suffix=filename_suffix,
            metadata=metadata,
        )
        options = dict(engine or {})
        self._remake = options.pop("remake", False)
        if not isinstance(self._remake, bool):
            raise InvalidOption(
                f"expected engine.remake to be true or false, got {self._remake!r}"
            )
        self._engine = make_engine(**options)
        self.optional = optional
        """Whether a run may lack the partitions: what is made of them takes none."""

        self._intermediate = intermediate
        self.last_saved: ProductRecord | None = None
        """Outcomes of the partitions in the last `save`."""

        one = self._dataset_type(**self._dataset_config, filepath=self.folder)
        if hasattr(one, "preview_first"):  # kedro-viz shows what has a `preview`
            self.preview = partial(one.preview_first, self._first)

    @property
    def folder(self) -> str:
        """Path or URL of the folder, of which those of all partitions begin."""
        path = self._filesystem._strip_protocol(self._normalized_path).rstrip("/")
        return str(self._join_protocol(path))

    @property
    def name(self) -> str:
        """Name of the partitions, from the folder's name."""
        return PurePosixPath(self._path).name

    def load(self) -> StoredPartitions[Any]:
        """Return a picklable loader for each partition, and what is known of it.

        No partition is read.

        A folder without partitions is an empty mapping: a step of the same run may
        rightly have made none. That a run starts from data which are not there is for
        `exists` to tell.
        """
        self._invalidate_caches()
        entries = Manifest(self.folder).entries
        there = [self._path_to_partition(path) for path in self._list_partitions()]
        gone = {i for i, entry in entries.items() if entry.is_removed}
        loaders: dict[str, Callable[[], Any]] = {}
        for partition_id in sorted({*there, *gone}):
            filepath = self._join_protocol(self._partition_to_path(partition_id))
            files = entries[partition_id].files if partition_id in entries else {}
            removed = None
            if partition_id in gone:
                removed = Removed(self.folder, partition_id, filepath)
            loaders[partition_id] = PartitionLoader(
                self._dataset_type,
                self._dataset_config,
                filepath,
                files.get(filepath.removeprefix(f"{self.folder}/")),
                removed,
            )
        return StoredPartitions(loaders, self._engine, entries)

    def _first(self, count: int) -> list[Any]:
        """Load the first partitions by id, without the engine.

        Raises:
            FileNotFoundError: if there is none: to kedro-viz that is not made yet.
        """
        if not self.exists():
            raise FileNotFoundError(f"expected {self.name}, got none yet; run its node")
        stored = self.load()
        return [stored[partition_id]() for partition_id in sorted(stored)[:count]]

    def _exists(self) -> bool:
        self._invalidate_caches()
        entries = Manifest(self.folder).entries.values()
        return bool(self._list_partitions()) or any(e.is_removed for e in entries)

    def save(self, data: Mapping[str, Callable[[], Any]]) -> None:
        """Make and write every partition that is not there yet.

        What is made of intermediate partitions that an earlier run has removed has
        them made again first.

        Args:
            data: Partition id -> a picklable function that makes the value.

        Raises:
            FolderInUse: if another run writes to the folder.
            MissingInput: if partitions are needed that an earlier run has removed, and
                nothing in this run makes them; all is left as it was.
            PartitionsFailed: if some failed and no run is there to raise it at its
                end, or if all failed and are needed. All others are written.
        """
        self.last_saved = ProductRecord(self.name, 0, 0, 0.0)
        if self._intermediate:
            again = partial(self._make_again, data)
            INTERMEDIATES.made(self.folder, MadeFolder(tuple(data), again))
        loaders = found_in(tuple(data.values()), PartitionLoader)
        INTERMEDIATES.used(loader.filepath for loader in loaders)
        if data:
            self._make_all(data, needed=not self.optional)

    def _make_again(
        self, data: Mapping[str, Callable[[], Any]], partition_ids: Collection[str]
    ) -> None:
        """Remake partitions of this run that were removed and are needed."""
        wanted = {i: data[i] for i in partition_ids if i in data}
        said = str(STEPS), self.name, len(wanted)
        logger.info("%s%s: %d were removed, are needed and made again", *said)
        self._make_all(wanted, again=True)

    def _make_all(
        self,
        data: Mapping[str, Callable[[], Any]],
        *,
        needed: bool = False,
        again: bool = False,
    ) -> None:
        start = time.monotonic()
        with held_alone(self.folder):
            manifest = Manifest(self.folder)
            try:
                receipts = self._make(data, manifest, again=again)
            finally:
                unwritten = _closed(manifest)
        self._invalidate_caches()
        self._report(receipts, time.monotonic() - start, unwritten, needed=needed)

    def _make(
        self,
        data: Mapping[str, Callable[[], Any]],
        manifest: Manifest,
        *,
        again: bool,
    ) -> list[Receipt]:
        """Have the engine make what is not there yet."""
        requests = [
            Request(
                i,
                self._join_protocol(self._partition_to_path(i)),
                make,
                code_of(make, self._dataset_type),
                manifest.entries.get(i),
            )
            for i, make in data.items()
        ]
        writer = PartitionWriter(
            self._dataset_type, self._dataset_config, self.folder, self._remake
        )
        done = self._intermediate and not (again or INTERMEDIATES.keep)
        receipts = unchanged_of(writer, requests, or_removed=done)
        left = [r for r in requests if r.partition_id not in receipts]
        INTERMEDIATES.provide(found_in([r.make for r in left], Removed))
        outcomes = self._engine.map(writer, left) if left else iter(())
        for outcome, request in zip(
            track(outcomes, self.name, len(left), _is_failure), left, strict=True
        ):
            receipt = self._receipt(outcome, request)
            receipts[receipt.partition_id] = receipt
            manifest.put(_entry_of(receipt))
        for receipt in receipts.values():
            manifest.put(_entry_of(receipt))
        return [receipts[i] for i in data]

    def _receipt(self, outcome: Receipt | WorkerLost, request: Request) -> Receipt:
        if isinstance(outcome, WorkerLost):
            remove_stale(request.filepath, self._dataset_type)
            return Receipt(request.partition_id, "failed", str(outcome))
        return outcome

    def _report(
        self,
        receipts: list[Receipt],
        elapsed_s: float,
        unwritten: str,
        *,
        needed: bool,
    ) -> None:
        failed = [r for r in receipts if r.status == "failed"]
        unchanged = sum(r.status == "unchanged" for r in receipts)
        made = len(receipts) - unchanged - len(failed)
        logger.info(
            "%s%s: %d made, %d unchanged, %d failed in %.1f s",
            str(STEPS),
            self.name,
            made,
            unchanged,
            len(failed),
            elapsed_s,
        )
        reasons = tuple(FailedScene(r.partition_id, r.reason) for r in failed)
        self.last_saved = ProductRecord(self.name, made, unchanged, elapsed_s, reasons)
        for trace in {r.trace: r for r in failed if r.trace}:
            said = self.name, trace
            logger.error("%s: unexpected error:\n%s", *said, extra=IN_DETAIL)
        failures = [Failure(self.name, r.partition_id, r.reason) for r in failed]
        if unwritten and not failures:
            failures = [Failure(self.name, "its manifest", unwritten)]
        if failures and len(failed) == len(receipts) and needed:
            # Nothing is left to go on with.
            raise PartitionsFailed(LEDGER.close() + failures)
        if failures:
            LEDGER.record(failures)


def _entry_of(receipt: Receipt) -> Entry:
    reason = without_keys(receipt.reason)
    return receipt.entry or Entry(receipt.partition_id, FAILED, reason)


def _closed(manifest: Manifest) -> str:
    """Write the table; return why that could not be done, or ""."""
    try:
        manifest.close()
    except CannotWrite as error:
        return str(error)
    return ""


def _is_failure(outcome: Receipt | WorkerLost) -> bool:
    return isinstance(outcome, WorkerLost) or outcome.status == "failed"
