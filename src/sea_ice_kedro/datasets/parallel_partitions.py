"""A folder of scenes whose products are made where the engine says."""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import PurePosixPath
from typing import Any

from kedro_datasets.partitions import PartitionedDataset

from sea_ice_kedro.addresses import without_keys
from sea_ice_kedro.datasets.failures import LEDGER, Failure, PartitionsFailed
from sea_ice_kedro.datasets.manifest import FAILED, Entry, Manifest, held_alone
from sea_ice_kedro.datasets.partition_writer import (
    PartitionLoader,
    PartitionWriter,
    Receipt,
    Request,
    remove_stale,
)
from sea_ice_kedro.datasets.progress import IN_DETAIL, STEPS, track
from sea_ice_kedro.datasets.stored_partitions import StoredPartitions
from sea_ice_kedro.engines.base import make_engine
from sea_ice_kedro.engines.tasks import code_of
from sea_ice_kedro.errors import (
    CannotWrite,
    InvalidOption,
    WorkerLost,
)
from sea_ice_kedro.run_record import FailedScene, ProductRecord

logger = logging.getLogger(__name__)


class ParallelPartitionedDataset(PartitionedDataset):  # type: ignore[misc]
    """`PartitionedDataset` whose `save` hands each partition to an engine.

    One worker loads, computes and writes a scene, so pixels never pass through the
    driver. A partition that is there already, made from the same input and options by
    the same code, is left alone.

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
            optional: Whether a run goes on when all partitions failed.
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
        self._optional = optional
        self.last_saved: ProductRecord | None = None
        """Outcomes of the partitions in the last `save`."""

    @property
    def _folder(self) -> str:
        """Path or URL of the folder, of which those of all partitions begin."""
        path = self._filesystem._strip_protocol(self._normalized_path).rstrip("/")
        return str(self._join_protocol(path))

    @property
    def name(self) -> str:
        """Name of the partitions, from the folder's name."""
        return PurePosixPath(self._path).name

    def load(self) -> StoredPartitions[Any]:
        """Return a picklable loader for each partition, without reading one.

        A folder without partitions is an empty mapping: a step of the same run may
        rightly have made none. That a run starts from data which are not there is for
        `exists` to tell.
        """
        self._invalidate_caches()
        entries = Manifest(self._folder).entries
        loaders: dict[str, Callable[[], Any]] = {}
        for path in self._list_partitions():
            partition_id = self._path_to_partition(path)
            filepath = self._join_protocol(path)
            files = entries[partition_id].files if partition_id in entries else {}
            loaders[partition_id] = PartitionLoader(
                self._dataset_type,
                self._dataset_config,
                filepath,
                files.get(filepath.removeprefix(f"{self._folder}/")),
            )
        return StoredPartitions(loaders, self._engine)

    def _exists(self) -> bool:
        self._invalidate_caches()
        return bool(self._list_partitions())

    def save(self, data: Mapping[str, Callable[[], Any]]) -> None:
        """Make and write every partition that is not there yet.

        Args:
            data: Partition id -> a picklable function that makes the value.

        Raises:
            FolderInUse: if another run writes to the folder.
            PartitionsFailed: if some failed and no run is there to raise it at its
                end, or if all failed and are needed. All others are written.
        """
        self.last_saved = ProductRecord(self.name, 0, 0, 0.0)
        if not data:
            return
        start = time.monotonic()
        with held_alone(self._folder):
            manifest = Manifest(self._folder)
            try:
                receipts = self._make(data, manifest)
            finally:
                unwritten = _closed(manifest)
        self._invalidate_caches()
        self._report(receipts, time.monotonic() - start, unwritten)

    def _make(
        self, data: Mapping[str, Callable[[], Any]], manifest: Manifest
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
            self._dataset_type, self._dataset_config, self._folder, self._remake
        )
        receipts = _unchanged(writer, requests)
        left = [r for r in requests if r.partition_id not in receipts]
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
        self, receipts: list[Receipt], elapsed_s: float, unwritten: str
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
        if failures and len(failed) == len(receipts) and not self._optional:
            # Nothing is left to go on with.
            raise PartitionsFailed(LEDGER.close() + failures)
        if failures:
            LEDGER.record(failures)


def _unchanged(
    writer: PartitionWriter, requests: Sequence[Request]
) -> dict[str, Receipt]:
    """Find what is there as it would be made, without the engine."""

    def look(request: Request) -> Receipt | None:
        try:
            return writer.unchanged(request)
        # The worker meets it again, and its receipt says so.
        except Exception:  # noqa: BLE001
            return None

    # Most of it is waiting: for a disk, a bucket, or the digest of an input.
    with ThreadPoolExecutor(thread_name_prefix="manifest") as threads:
        found = threads.map(look, requests)
        return {r.partition_id: r for r in found if r is not None}


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
