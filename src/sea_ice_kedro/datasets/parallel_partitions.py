"""A folder of scenes whose products are made where the engine says."""

import logging
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from kedro.io import AbstractDataset, DatasetError
from kedro_datasets.partitions import PartitionedDataset

from sea_ice_kedro import __version__
from sea_ice_kedro.datasets.failures import LEDGER, Failure, PartitionsFailed
from sea_ice_kedro.datasets.progress import IN_DETAIL, STEPS, track
from sea_ice_kedro.datasets.stored_partitions import StoredPartitions
from sea_ice_kedro.engines.base import make_engine
from sea_ice_kedro.engines.tasks import code_of, fingerprint_of, recipe_of
from sea_ice_kedro.errors import InvalidOption, SeaIceError, WorkerLost
from sea_ice_kedro.rasters.files import checksum, remove
from sea_ice_kedro.run_record import FailedScene, ProductRecord

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class PartitionLoader:
    """Loads one partition; picklable, and knows the content it would load."""

    dataset_type: Callable[..., AbstractDataset[Any, Any]]
    dataset_config: Mapping[str, Any]
    filepath: str

    def __call__(self) -> Any:  # noqa: ANN401 - whatever the dataset holds
        """Load the value."""
        return self.dataset_type(**self.dataset_config, filepath=self.filepath).load()

    def fingerprint(self) -> str:
        """Digest the file's content, wherever the file lies."""
        return checksum(self.filepath)


@dataclass(frozen=True)
class Receipt:
    """What became of one partition."""

    partition_id: str
    status: str
    """"written", "unchanged" or "failed"."""

    reason: str = ""
    """Of a failure: one line for people."""

    trace: str = ""
    """Traceback of an unexpected failure."""


@dataclass(frozen=True)
class PartitionWriter:
    """Makes and writes one partition, in a worker; only receipts travel back."""

    dataset_type: Callable[..., AbstractDataset[Any, Any]]
    dataset_config: Mapping[str, Any]
    remake: bool = False
    """Whether to write it even if the same content is there already."""

    def __call__(self, item: tuple[str, str, Callable[[], Any], str]) -> Receipt:
        """Write the partition unless the same content is there already.

        Args:
            item: Id, path, what makes the value, and the digest of its code: sources
                are read where the run was started.
        """
        partition_id, filepath, make, code = item
        try:
            return Receipt(partition_id, self._write(filepath, make, code))
        # One scene must not cost the others, whatever is wrong with it; the caller
        # raises what is recorded here.
        except Exception as error:  # noqa: BLE001
            remove_stale(filepath, self.dataset_type)
            # Kedro wraps what a dataset raises while it loads or saves.
            meant = error.__cause__ if isinstance(error, DatasetError) else error
            if isinstance(meant, SeaIceError):
                return Receipt(partition_id, "failed", str(meant))
            reason = f"{type(error).__name__}: {error}"
            return Receipt(partition_id, "failed", reason, traceback.format_exc())

    def _write(self, filepath: str, make: Callable[[], Any], code: str) -> str:
        stored = getattr(self.dataset_type, "stored_fingerprint", None)
        if stored is None:
            self._dataset(filepath).save(make())
            return "written"
        fingerprint = fingerprint_of(make, code)
        if not self.remake and stored(self._dataset(filepath)) == fingerprint:
            return "unchanged"
        provenance = {
            "fingerprint": fingerprint,
            "software": f"sea_ice_kedro {__version__}",
            "recipe": recipe_of(make),
        }
        self._dataset(filepath, provenance=provenance).save(make())
        return "written"

    def _dataset(
        self, filepath: str, **more: Mapping[str, str]
    ) -> AbstractDataset[Any, Any]:
        return self.dataset_type(**self.dataset_config, filepath=filepath, **more)


def remove_stale(filepath: str, dataset_type: object = None) -> None:
    """Remove what an earlier run made: it is not a product of the current input.

    Args:
        filepath: Of the partition.
        dataset_type: Its `beside`, where it has one, names small files that go, too.
    """
    beside = getattr(dataset_type, "beside", None)
    for path in (filepath, *(beside(filepath) if beside else ())):
        try:
            remove(path)
        except OSError as error:
            logger.warning("could not remove the outdated %s: %s", path, error)


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
        """What became of the partitions of the last `save`."""

    @property
    def name(self) -> str:
        """What the partitions are, by the folder's name."""
        return PurePosixPath(self._path).name

    def load(self) -> StoredPartitions[Any]:
        """Return a picklable loader for each partition, without reading one.

        A folder without partitions is an empty mapping: a step of the same run may
        rightly have made none. That a run starts from data which are not there is for
        `exists` to tell.
        """
        self._invalidate_caches()
        loaders: dict[str, Callable[[], Any]] = {
            self._path_to_partition(path): PartitionLoader(
                self._dataset_type, self._dataset_config, self._join_protocol(path)
            )
            for path in self._list_partitions()
        }
        return StoredPartitions(loaders, self._engine)

    def _exists(self) -> bool:
        self._invalidate_caches()
        return bool(self._list_partitions())

    def save(self, data: Mapping[str, Callable[[], Any]]) -> None:
        """Make and write every partition that is not there yet.

        Args:
            data: Partition id -> a picklable function that makes the value.

        Raises:
            PartitionsFailed: if some failed and no run is there to raise it at its
                end, or if all failed and are needed. All others are written.
        """
        items = [
            (
                i,
                self._join_protocol(self._partition_to_path(i)),
                make,
                code_of(make, self._dataset_type),
            )
            for i, make in data.items()
        ]
        self.last_saved = ProductRecord(self.name, 0, 0, 0.0)
        if not items:
            return
        writer = PartitionWriter(self._dataset_type, self._dataset_config, self._remake)
        start = time.monotonic()
        outcomes = self._engine.map(writer, items)
        receipts = [
            self._receipt(outcome, partition_id, filepath)
            for outcome, (partition_id, filepath, *_) in zip(
                track(outcomes, self.name, len(items), _is_failure), items, strict=True
            )
        ]
        self._invalidate_caches()
        self._report(receipts, time.monotonic() - start)

    def _receipt(
        self, outcome: Receipt | WorkerLost, partition_id: str, filepath: str
    ) -> Receipt:
        if isinstance(outcome, WorkerLost):
            remove_stale(filepath, self._dataset_type)
            return Receipt(partition_id, "failed", str(outcome))
        return outcome

    def _report(self, receipts: list[Receipt], elapsed_s: float) -> None:
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
        if failures and len(failures) == len(receipts) and not self._optional:
            # Nothing is left to go on with.
            raise PartitionsFailed(LEDGER.close() + failures)
        if failures:
            LEDGER.record(failures)


def _is_failure(outcome: Receipt | WorkerLost) -> bool:
    return isinstance(outcome, WorkerLost) or outcome.status == "failed"
