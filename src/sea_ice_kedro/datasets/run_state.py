"""State of the run in this process: its steps, failures and intermediate products.

Hooks open it when a run begins and close it at its end.

Inside a run, a partition that fails is entered in the run's ledger and the others go
on through all pipelines; when the run is over, one error names every failure. Outside
a run (a notebook, another process) there is no ledger, and saving raises at once.

With `keep_intermediates: false`, scenes as ingested and as filtered go when all that is
made of them in the run is made. Their lines in the manifest stay, with the digest and
the facts of what was there: what was made of them is known to be up to date without
them. Whoever needs their pixels has the step that makes them do so again.
"""

import logging
import os
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields, is_dataclass, replace
from functools import partial
from threading import RLock
from typing import TypeVar

import rich
from kedro.io import DatasetError
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)
from rich.status import Status

from sea_ice_kedro.datasets.manifest import MADE, REMOVED, Entry, Manifest, held_alone
from sea_ice_kedro.errors import MissingInput, SeaIceError
from sea_ice_kedro.rasters.files import remove
from sea_ice_kedro.rasters.remote import is_on_disk, locate

Result = TypeVar("Result")

logger = logging.getLogger(__name__)

IN_DETAIL = {"in_detail": True}
"""`extra` of log records that belong in the log file, and on the screen without one."""

_LOG_EVERY_S = 30.0


class RunSteps:
    """The step of a run in progress; on a terminal, shown in a line."""

    def __init__(self) -> None:
        """Start outside a run: one node of a notebook has no number."""
        self._total = self._begun = 0
        self._status: Status | None = None

    def start(self, total: int) -> None:
        """Count the steps of a new run."""
        self.stop()
        self._total = total

    def next(self, name: str) -> None:
        """Go on to the next step, and show its name where there is a terminal."""
        if not self._total:
            return
        self.pause()
        self._begun += 1
        console = rich.get_console()
        if console.is_terminal:
            self._status = console.status(f"{self}{name}")
            self._status.start()

    def pause(self) -> None:
        """Take the line away: something else is shown, or nothing."""
        if self._status is not None:
            self._status.stop()
            self._status = None

    def stop(self) -> None:
        """Leave the run."""
        self.pause()
        self._total = self._begun = 0

    def __str__(self) -> str:
        """Return "7/41 ", or nothing outside a run."""
        return f"{self._begun}/{self._total} " if self._begun else ""


STEPS = RunSteps()
"""Counts of the run in this process; kept by `hooks.RecordHooks`."""


def track(
    results: Iterable[Result],
    title: str,
    total: int,
    failed: Callable[[Result], bool],
) -> Iterator[Result]:
    """Pass results on while showing progress: a bar, or log lines without a terminal.

    Args:
        results: What arrives, one a scene.
        title: Name of what is being made.
        total: How many will arrive.
        failed: Whether a result is a failure.
    """
    console = Console(stderr=True)
    if console.is_terminal:
        STEPS.pause()  # two things at a time cannot be shown
        yield from _bar(results, f"{STEPS}{title}", total, failed, console)
    else:
        yield from _log(results, f"{STEPS}{title}", total, failed)


def _bar(
    results: Iterable[Result],
    title: str,
    total: int,
    failed: Callable[[Result], bool],
    console: Console,
) -> Iterator[Result]:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
        TextColumn("[red]{task.fields[failures]}"),
    )
    failures, start = 0, time.monotonic()
    with Progress(*columns, console=console, transient=True) as progress:
        bar = progress.add_task(title, total=total, rate="", failures="")
        for done, result in enumerate(results, start=1):
            failures += failed(result)
            rate = done / max(time.monotonic() - start, 1e-9)
            progress.update(
                bar,
                advance=1,
                rate=f"{rate:.1f}/s",
                failures=f"{failures} failed" if failures else "",
            )
            yield result


def _log(
    results: Iterable[Result],
    title: str,
    total: int,
    failed: Callable[[Result], bool],
) -> Iterator[Result]:
    failures, first_s = 0, None
    last_s = time.monotonic()
    for done, result in enumerate(results, start=1):
        failures += failed(result)
        now_s = time.monotonic()
        if now_s - last_s >= _LOG_EVERY_S:
            last_s = now_s
            # The first has waited for workers to start: it tells nothing of the others.
            rate = (done - 1) / (now_s - first_s) if first_s is not None else 0.0
            pace = f"{rate:.1f}/s, {(total - done) / rate:.0f} s left, " if rate else ""
            said = title, done, total, pace, failures
            logger.info("%s: %d of %d (%s%d failed)", *said)
        first_s = first_s or now_s
        yield result


# --- Failures of single scenes: they cost neither the other scenes nor the exit code


@dataclass(frozen=True)
class Failure:
    """One partition that could not be made, and why."""

    dataset: str
    partition_id: str
    reason: str


class PartitionsFailed(SeaIceError, DatasetError):
    """Some partitions could not be made; all others are done and saved."""

    def __init__(self, failures: list[Failure]) -> None:
        """Name every failure in one message."""
        self.failures = failures
        alike: dict[tuple[str, str], list[str]] = {}
        for f in failures:
            alike.setdefault((f.dataset, f.reason), []).append(f.partition_id)
        lines = [
            f"  {dataset} / {', '.join(ids)}: {reason}"
            for (dataset, reason), ids in alike.items()
        ]
        count = len(failures)
        super().__init__(
            f"{count} product{'s' * (count > 1)} could not be made; all others are "
            "done, and a new run takes up from there:\n" + "\n".join(lines)
        )

    def __reduce__(self) -> tuple[type, tuple[list[Failure]]]:
        """Pickle by the failures, so that other processes can raise this."""
        return type(self), (self.failures,)


class FailureLedger:
    """Collects failures while a run is under way in this process."""

    def __init__(self) -> None:
        """Start closed."""
        self._owner: int | None = None
        self._failures: list[Failure] = []

    @property
    def is_open(self) -> bool:
        """Whether a run in this very process will raise what is recorded."""
        return self._owner == os.getpid()

    @property
    def failures(self) -> tuple[Failure, ...]:
        """What has failed so far."""
        return tuple(self._failures)

    def open(self) -> None:
        """Start collecting for a run of this process."""
        self._owner = os.getpid()
        self._failures = []

    def record(self, failures: list[Failure]) -> None:
        """Add failures; only while open."""
        if not self.is_open:
            raise PartitionsFailed(failures)
        self._failures.extend(failures)

    def close(self) -> list[Failure]:
        """Stop collecting and give what was collected."""
        self._owner = None
        failures, self._failures = self._failures, []
        return failures


LEDGER = FailureLedger()
"""Failures of the run in this process; opened and closed by `hooks.FailureHooks`."""


# --- Intermediate products that a run removes at its end, and makes again when needed

SETTING = "keep_intermediates"

Kind = TypeVar("Kind")


@dataclass(frozen=True)
class Removed:
    """An intermediate product that was there."""

    folder: str
    """Path or URL."""

    partition_id: str
    filepath: str

    @property
    def is_there(self) -> bool:
        """Whether it was made again."""
        filesystem, path = locate(self.filepath)
        if is_on_disk(filesystem):
            return os.path.exists(path)
        return bool(filesystem.exists(path))


@dataclass(frozen=True)
class MadeFolder:
    """A folder of intermediate products, in the run that makes them."""

    partition_ids: tuple[str, ...]
    """Of what the run has declared."""

    make_again: Callable[[Collection[str]], None]
    """Makes some of them, though they were there once."""


class Intermediates:
    """What a run of this process knows of its intermediate products."""

    def __init__(self) -> None:
        """Begin outside of any run: everything is kept."""
        self._owner: int | None = None
        self.keep = True
        """Whether what was removed is to be there again."""

        self._folders: dict[str, MadeFolder] = {}
        self._used: set[str] = set()
        """Folders that something is made of."""

        self._making = RLock()
        self._tried: set[Removed] = set()
        """What could not be made again."""

    def open(self, *, keep: bool) -> None:
        """Begin a run of this process."""
        self._owner, self.keep, self._folders = os.getpid(), keep, {}
        self._tried, self._used = set(), set()

    def close(self) -> dict[str, MadeFolder]:
        """End the run; give the folders that it has made, and made something of."""
        folders = {f: made for f, made in self._folders.items() if f in self._used}
        self._owner, self.keep, self._folders = None, True, {}
        return folders

    def made(self, folder: str, made: MadeFolder) -> None:
        """Remember who makes a folder in this run."""
        if self._owner == os.getpid():
            self._folders[folder] = made

    def used(self, filepaths: Iterable[str]) -> None:
        """Note that something is made of these files, if any may be removed."""
        if self.keep or self._owner != os.getpid():
            return
        for filepath in filepaths:
            self._used |= {f for f in self._folders if filepath.startswith(f"{f}/")}

    def stays(self, filepath: str) -> bool:
        """Return whether a file is still there after this run, as far as it knows."""
        goes = () if self.keep else tuple(f"{folder}/" for folder in self._folders)
        return not (goes and filepath.startswith(goes))

    def provide(self, removed: Iterable[Removed]) -> None:
        """Have what was removed made again, by the steps of this run.

        What fails is tried once, and not there afterwards.

        Raises:
            MissingInput: if this run has no such step, before anything is made.
        """
        missing = [one for one in removed if not one.is_there]
        here = self._folders if self._owner == os.getpid() else {}
        for folder in {one.folder for one in missing} - here.keys():
            ids = sorted(one.partition_id for one in missing if one.folder == folder)
            raise _no_maker(folder, ids)
        if all(one in self._tried for one in missing):
            return
        # Of steps that run at the same time, one makes them and the others wait.
        with self._making:
            needed: dict[str, list[str]] = defaultdict(list)
            for one in missing:
                if one not in self._tried and not one.is_there:
                    needed[one.folder].append(one.partition_id)
            for folder, ids in needed.items():
                here[folder].make_again(ids)
            self._tried |= {one for one in missing if not one.is_there}


def _no_maker(folder: str, partition_ids: list[str]) -> MissingInput:
    name = folder.rpartition("/")[2]
    shown = ", ".join(partition_ids[:5]) + (", ..." if len(partition_ids) > 5 else "")  # noqa: PLR2004
    return MissingInput(
        f"expected {name} of {shown}, got none: an earlier run with {SETTING}=false "
        "has removed them when all that it makes was made. Run the pipelines that make "
        "them together with this one, and they are made again: kedro run --pipelines "
        f"ingestion,filtering,... (and --params {SETTING}=false to have them removed "
        "afterwards)"
    )


def found_in(value: object, kind: type[Kind]) -> Iterator[Kind]:
    """Give what is of a kind among all that a task would load."""
    if isinstance(value, kind):
        yield value
    elif isinstance(value, partial):
        yield from found_in((value.func, value.args, value.keywords), kind)
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from found_in(one, kind)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from found_in(one, kind)
    elif is_dataclass(value) and not isinstance(value, type):
        for one in fields(value):
            yield from found_in(getattr(value, one.name), kind)


INTERMEDIATES = Intermediates()
"""Of the run in this process; opened and closed by `hooks.RecordHooks`."""


# --- Intermediate products leave the disk; what is known of them stays in the manifest


def remove_intermediates(folder: str, partition_ids: Collection[str]) -> int:
    """Remove rasters of a folder, and keep their digests and facts.

    What another hand has changed, or what is not known to the manifest, stays.

    Args:
        folder: Path or URL.
        partition_ids: Which.

    Returns:
        The bytes that they had.

    Raises:
        FolderInUse: if another run writes to the folder.
        OSError: if one cannot be removed, or the manifest cannot be written.
    """
    with held_alone(folder):
        manifest = Manifest(folder)
        made = [
            entry
            for i in partition_ids
            if (entry := manifest.entries.get(i)) and entry.status == MADE
        ]
        try:
            # Most of it is waiting: for a disk, or a bucket.
            with ThreadPoolExecutor(thread_name_prefix="removal") as threads:
                found = list(threads.map(lambda entry: _removed(folder, entry), made))
            gone = [entry for entry in found if entry is not None]
            for entry in gone:  # first the line: what is killed in between is there
                manifest.put(entry)
                for name in entry.files:
                    remove(f"{folder}/{name}")
        finally:
            manifest.close()
    return sum(state.size for entry in gone for state in entry.files.values())


def _removed(folder: str, entry: Entry) -> Entry | None:
    found = entry.as_found(folder)
    if found is None or len(found.files) != 1 or not found.facts:
        return None
    return replace(found, status=REMOVED)
