"""Work on one product of a folder: to load it, or to make and write it."""

import logging
import traceback
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from inspect import signature
from typing import Any

from kedro.io import AbstractDataset, DatasetError

from sea_ice_kedro import __version__
from sea_ice_kedro.addresses import without_keys
from sea_ice_kedro.datasets.manifest import (
    MADE,
    NAME,
    Entry,
    expect_same,
    kept_facts,
)
from sea_ice_kedro.datasets.run_state import INTERMEDIATES, Removed
from sea_ice_kedro.engines.base import fingerprint_of, recipe_of
from sea_ice_kedro.errors import MissingInput, SeaIceError, described
from sea_ice_kedro.rasters.files import FileState, is_as, remove, state_of
from sea_ice_kedro.rasters.geotiff import Facts

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class PartitionLoader:
    """Loads one partition; picklable, and knows the content it would load."""

    dataset_type: Callable[..., AbstractDataset[Any, Any]]
    dataset_config: Mapping[str, Any]
    filepath: str
    known: FileState | None = None
    """As it was made, where that is known: it need not be read to be known again."""

    removed: Removed | None = None
    """Of an intermediate product that was removed."""

    def __call__(self) -> Any:  # noqa: ANN401 - whatever the dataset holds
        """Load the value; what was removed is made again.

        Raises:
            MissingInput: if it was removed, and no step of this run makes it, or that
                failed.
        """
        INTERMEDIATES.used([self.filepath])
        if self.removed is not None and not self.removed.is_there:
            INTERMEDIATES.provide([self.removed])
            if not self.removed.is_there:
                raise MissingInput(
                    f"expected {self.removed.partition_id}, which was removed, to be "
                    "made again, got a failure of that: it is named beside this one"
                )
        return self._dataset().load()

    def facts(self, entry: Entry | None) -> Facts:
        """Tell what a raster says of itself, as it is now; most are not opened.

        Args:
            entry: Its line in the manifest, which is believed if the raster is as it
                says, or was removed.

        Raises:
            InvalidScene: if it has to be opened, and is damaged.
        """
        if entry is not None and entry.facts:
            removed = self.removed is not None and not self.removed.is_there
            if removed or (self.known and is_as(self.filepath, self.known)):
                return entry.all_facts
        found: Facts = self._dataset().facts()
        return found

    def _dataset(self) -> Any:  # noqa: ANN401 - of a type that the catalog names
        return self.dataset_type(**self.dataset_config, filepath=self.filepath)

    @property
    def stays(self) -> bool:
        """Whether its file is there, and also after this run."""
        there = self.removed is None or self.removed.is_there
        return there and INTERMEDIATES.stays(self.filepath)

    def fingerprint(self) -> str:
        """Digest the file's content, wherever the file lies; or lay.

        Raises:
            InvalidRecord: if that is not what was made.
        """
        if self.removed is not None and self.known and not self.removed.is_there:
            return self.known.digest
        found = state_of(self.filepath, self.known).digest
        known = found if self.known is None else self.known.digest
        folder, _, name = self.filepath.rpartition("/")
        expect_same(name, found, known, f"{folder}/{NAME}")
        return found


@dataclass(frozen=True)
class Request:
    """One partition that is asked for."""

    partition_id: str
    filepath: str
    make: Callable[[], Any]
    """Makes the value."""

    code: str
    """Digest of the code that does: sources are read where the run was started."""

    entry: Entry | None
    """Of the manifest, from the last time."""


@dataclass(frozen=True)
class Receipt:
    """Outcome of one partition."""

    partition_id: str
    status: str
    """"written", "unchanged" or "failed"."""

    reason: str = ""
    """One readable line that says what failed."""

    trace: str = ""
    """Traceback of an unexpected failure."""

    entry: Entry | None = None
    """For the manifest; None of a failure."""


@dataclass(frozen=True)
class PartitionWriter:
    """Makes and writes one partition, in a worker; only receipts travel back."""

    dataset_type: Callable[..., AbstractDataset[Any, Any]]
    dataset_config: Mapping[str, Any]
    folder: str
    """Path or URL of all partitions."""

    remake: bool = False
    """Whether to write it even if the same content is there already."""

    def __call__(self, request: Request) -> Receipt:
        """Write the partition unless the same content is there already."""
        partition_id, filepath = request.partition_id, request.filepath
        try:
            return self.unchanged(request) or self._write(request)
        # One scene must not cost the others, whatever is wrong with it; the caller
        # raises what is recorded here.
        except Exception as error:  # noqa: BLE001
            remove_stale(filepath, self.dataset_type)
            # Kedro wraps what a dataset raises while it loads or saves.
            meant = error.__cause__ if isinstance(error, DatasetError) else error
            if isinstance(meant, SeaIceError):
                return Receipt(partition_id, "failed", str(meant))
            return Receipt(
                partition_id, "failed", described(error), traceback.format_exc()
            )

    def unchanged(
        self, request: Request, *, or_removed: bool = False
    ) -> Receipt | None:
        """Return a receipt if the partition is there as it would be made, else None.

        No file is opened but those whose size or times are not the manifest's, and
        whatever the task's own inputs need to be known by.

        Args:
            request: The partition.
            or_removed: Whether one counts that was there, and was removed.
        """
        entry = request.entry
        if self.remake or entry is None or not entry.fingerprint:
            return None
        if entry.fingerprint != fingerprint_of(request.make, request.code):
            return None
        found = entry.as_found(self.folder)
        if found is None and or_removed and entry.is_removed:
            found = entry
        if found is None:
            return None
        return Receipt(request.partition_id, "unchanged", entry=found)

    def _write(self, request: Request) -> Receipt:
        partition_id, make = request.partition_id, request.make
        fingerprint = fingerprint_of(make, request.code)
        provenance = {
            "fingerprint": fingerprint,
            "software": f"sea_ice_kedro {__version__}",
            "recipe": recipe_of(make),
        }
        # Folders of before there was a manifest, and of other machines' runs.
        stored = getattr(self.dataset_type, "stored_fingerprint", None)
        if stored and request.entry is None and not self.remake:
            dataset = self._dataset(request.filepath)
            if stored(dataset) == fingerprint:
                entry = self._entry(request, dataset, provenance)
                return Receipt(partition_id, "unchanged", entry=entry)
        # A table has no place for it: its line in the manifest says it all.
        says = "provenance" in signature(self.dataset_type).parameters
        more = {"provenance": provenance} if says else {}
        dataset = self._dataset(request.filepath, **more)
        dataset.save(make())
        entry = self._entry(request, dataset, provenance)
        return Receipt(partition_id, "written", entry=entry)

    def _entry(
        self,
        request: Request,
        dataset: AbstractDataset[Any, Any],
        provenance: Mapping[str, str],
    ) -> Entry:
        beside = getattr(self.dataset_type, "beside", None)
        paths = (request.filepath, *(beside(request.filepath) if beside else ()))
        files = {path.removeprefix(f"{self.folder}/"): state_of(path) for path in paths}
        return Entry(
            request.partition_id,
            MADE,
            fingerprint=provenance.get("fingerprint", ""),
            code=request.code,
            recipe=without_keys(provenance.get("recipe", "")),
            software=provenance.get("software", ""),
            files=files,
            facts=_facts(dataset),
        )

    def _dataset(
        self, filepath: str, **more: Mapping[str, str]
    ) -> AbstractDataset[Any, Any]:
        return self.dataset_type(**self.dataset_config, filepath=filepath, **more)


def _facts(dataset: AbstractDataset[Any, Any]) -> Facts:
    """Take what a raster says of itself; what is no raster says nothing."""
    told = getattr(dataset, "facts", None)
    return kept_facts(told()) if told else {}


def unchanged_of(
    writer: PartitionWriter, requests: Sequence[Request], *, or_removed: bool
) -> dict[str, Receipt]:
    """Find what is there as it would be made, without an engine.

    Args:
        writer: Of the folder.
        requests: What is asked for.
        or_removed: Whether what was there, and was removed, counts.
    """

    def look(request: Request) -> Receipt | None:
        try:
            return writer.unchanged(request, or_removed=or_removed)
        # The worker meets it again, and its receipt says so.
        except Exception:  # noqa: BLE001
            return None

    # Most of it is waiting: for a disk, a bucket, or the digest of an input.
    with ThreadPoolExecutor(thread_name_prefix="manifest") as threads:
        found = threads.map(look, requests)
        return {r.partition_id: r for r in found if r is not None}


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
