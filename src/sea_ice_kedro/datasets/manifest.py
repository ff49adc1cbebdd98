"""What a folder of products holds: a table beside them, and a lock on it.

The table is JSON, a product a line, in `.manifest.jsonl`: pandas reads it by
`read_json(path, lines=True)`, Spark by `spark.read.json`. While products are made, a
line is appended for each, and the last one of an id counts: a killed run loses none. At
the end the table is written anew, whole or not at all.

Products that are one file each have a table of their own beside them, of the same form:
what is removed with its scene, and whose folder one run holds for long, are partitions
only.
"""

import fcntl
import json
import os
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from sea_ice_kedro.errors import MALFORMED, CannotRead, FolderInUse, InvalidRecord
from sea_ice_kedro.rasters.files import FileState, reading, state_of, writing
from sea_ice_kedro.rasters.geotiff import Facts, write_errors
from sea_ice_kedro.rasters.remote import is_on_disk, locate

NAME = ".manifest.jsonl"
_LOCK = ".manifest.lock"

_PATIENCE_S = 60.0
"""Seconds that a run waits for a lock held only briefly."""

_PAUSE_S = 0.01

MADE, FAILED, REMOVED = "made", "failed", "removed"

_ABOVE = ("fingerprint", "software", "recipe")
"""Fields of a line that are among a raster's facts, too."""


@dataclass(frozen=True)
class Entry:
    """One product as it was written, or why it could not be made."""

    id: str
    """Of the partition: the scene's."""

    status: str
    """`MADE`, `FAILED` or `REMOVED`."""

    reason: str = ""
    """One readable line that says what failed."""

    fingerprint: str = ""
    """Of all that decides the product; "" where none could be made."""

    code: str = ""
    """Digest of the code that made it; "" of downloads."""

    recipe: str = ""
    """Function and options, as JSON."""

    software: str = ""
    files: Mapping[str, FileState] = field(default_factory=dict)
    """By path in the folder: the product, and what belongs to it."""

    facts: Facts = field(default_factory=dict)
    """Of a raster: what it says of itself, but for what stands above. Those of a raster
    that was removed stay."""

    @property
    def all_facts(self) -> Facts:
        """What the raster says of itself."""
        return {**self.facts, **{name: getattr(self, name) for name in _ABOVE}}

    @property
    def is_removed(self) -> bool:
        """Whether it was made, and removed when no longer needed."""
        return self.status == REMOVED

    def as_found(self, folder: str) -> "Entry | None":
        """Look at the files, and read those whose size or times are other ones.

        Args:
            folder: Path or URL of the products.

        Returns:
            The entry with the files' present times, `MADE`; None if one of them is
            missing or has another content.

        Raises:
            CannotRead: if they are in a bucket that does not answer.
        """
        found = {}
        for name, known in self.files.items():
            try:
                found[name] = state_of(f"{folder}/{name}", known)
            except (FileNotFoundError, NotADirectoryError):
                return None
            if found[name].digest != known.digest:
                return None
        return replace(self, status=MADE, files=found)


class Manifest:
    """The table of one folder; whoever changes it holds the folder's lock."""

    def __init__(self, folder: str, name: str = NAME) -> None:
        """Read the table; one of a folder without any is empty.

        Args:
            folder: Path or URL of the products.
            name: Of the table's file.

        Raises:
            CannotRead: if it is in a bucket that does not answer.
        """
        self._path = f"{folder}/{name}"
        self._appended: IO[str] | None = None
        self._changed = False
        self.entries: dict[str, Entry] = _read(self._path)

    def put(self, entry: Entry) -> None:
        """Take a product's new entry in the place of its old one."""
        if self.entries.get(entry.id) == entry:
            return
        self.entries[entry.id] = entry
        self._changed = True
        # `close` writes all of them again, and says if that cannot be done.
        with suppress(OSError):
            self._append(entry)

    def drop(self, entry_id: str) -> None:
        """Forget a product; `close` writes that down."""
        self._changed = self.entries.pop(entry_id, None) is not None or self._changed

    def _append(self, entry: Entry) -> None:
        filesystem, path = locate(self._path)
        if not is_on_disk(filesystem):
            return  # objects cannot grow
        if self._appended is None:
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            self._appended = Path(path).open("a", encoding="utf-8")
            self._appended.write("\n")  # ends what a killed run may have begun
        self._appended.write(_line(entry))
        self._appended.flush()

    def close(self) -> None:
        """Write the table, if anything in it has changed.

        Raises:
            CannotWrite: if there is no room or no permission.
        """
        if self._appended is not None:
            with suppress(OSError):
                self._appended.close()
            self._appended = None
        if not self._changed:
            return
        lines = [_line(self.entries[i]) for i in sorted(self.entries)]
        with write_errors(self._path), writing(self._path) as part:
            part.write_text("".join(lines), encoding="utf-8")
        self._changed = False


def _line(entry: Entry) -> str:
    values = asdict(entry)
    if not entry.facts:
        del values["facts"]
    return json.dumps(values, ensure_ascii=False) + "\n"


def _read(path: str) -> dict[str, Entry]:
    try:
        with reading(path) as file:
            lines = file.read_bytes().splitlines()
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as error:
        raise CannotRead(f"expected to read {path}, got {error}") from error
    entries = {}
    for line in lines:
        # A line that was cut is a product without an entry.
        with suppress(*MALFORMED):
            values = json.loads(line)
            states = {n: FileState(**s) for n, s in values.pop("files").items()}
            facts = kept_facts(values.pop("facts", {}))
            entry = Entry(**values, files=states, facts=facts)
            entries[entry.id] = entry
    return entries


def expect_same(name: str, found: str, known: str, table: str) -> None:
    """Refuse a product that is not as it was made.

    Args:
        name: Of its file.
        found: Its digest.
        known: As it was made.
        table: Path or URL of the table that says so.

    Raises:
        InvalidRecord: if they differ.
    """
    # What a bucket says of an object may have another form than on a disk.
    alike = found.partition(":")[0] == known.partition(":")[0]
    if alike and found != known:
        raise InvalidRecord(
            f"{name}: expected it as it was made ({known}), got other content "
            f"({found}), which is damaged, or changed by hand; run the pipeline "
            "again that makes it, or, if it is meant to be so, take its line out "
            f"of {table}"
        )


def kept_facts(facts: Facts) -> dict[str, Any]:
    """Leave of a raster's facts what a line of the table does not have as a field.

    Args:
        facts: As the raster says them, or as JSON has kept them.
    """
    kept = {k: v for k, v in facts.items() if k not in _ABOVE}
    if kept.get("transform"):
        kept["transform"] = tuple(kept["transform"])
    return kept


@contextmanager
def held_alone(folder: str, *, wait: bool = False) -> Iterator[None]:
    """Keep other runs from writing to a folder; a killed run holds none.

    In a bucket, and on a file system without locks, nobody is kept out: products are
    whole or absent there as well, and one that is not what the table says is remade.

    Args:
        folder: Path or URL of the products.
        wait: Whether to wait for the other run, for a minute: where none holds it for
            long.

    Raises:
        FolderInUse: naming the process that writes to it, or does not let go of it.
    """
    filesystem, path = locate(folder)
    file = _locked(Path(path), wait=wait) if is_on_disk(filesystem) else None
    try:
        yield
    finally:
        if file is not None:
            Path(file.name).unlink(missing_ok=True)
            file.close()


def _locked(folder: Path, *, wait: bool) -> IO[str] | None:
    """Open and lock the lock file; None where there is no permission or no lock."""
    path = folder / _LOCK
    until = time.monotonic() + (_PATIENCE_S if wait else 0)
    while True:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            file = path.open("a+", encoding="utf-8")
        except OSError:
            return None  # products cannot be written either, and each says so
        try:
            # Never one that waits: a process that was stopped holds its lock for ever.
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            holder = file.read() or "another process"
            file.close()
            if time.monotonic() >= until:
                raise _in_use(path, holder, wait=wait) from None
            time.sleep(_PAUSE_S)
            continue
        except OSError:
            file.close()
            return None
        # The last holder may have removed the file after it was opened here.
        with suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(file.fileno()), path.stat()):
                break
        file.close()
    now = datetime.now(UTC).isoformat(timespec="seconds")
    file.truncate(0)
    file.write(f"process {os.getpid()} on {socket.gethostname()}, since {now},")
    file.flush()
    return file


def _in_use(lock: Path, holder: str, *, wait: bool) -> FolderInUse:
    if wait:
        return FolderInUse(
            f"expected {lock}, which runs hold for moments, to be let go of within "
            f"{_PATIENCE_S:g} s, got {holder} holding it still; let that process go on "
            "or end it, and run again: what is done stays done"
        )
    return FolderInUse(
        f"expected to be the only run that writes to {lock.parent}, got {holder} "
        "writing there; wait until it has ended, or give this run a folder of "
        "its own: SEA_ICE_DATA=/another/folder"
    )


# --- Products that are one file each: a folder's tables and figures, and their digests

SINGLE_FILES = ".files.jsonl"
"""Name of the table."""


@contextmanager
def _entries(filepath: str) -> Iterator[tuple[Manifest, str]]:
    """Hold the table that a file belongs to, and name it there."""
    folder, _, name = filepath.rpartition("/")
    with held_alone(folder or ".", wait=True):
        table = Manifest(folder or ".", SINGLE_FILES)
        yield table, name
        table.close()


def forget_file(filepath: str) -> None:
    """Take a file out of the table before it is written anew: a run may be killed.

    Args:
        filepath: A path, or a URL that fsspec knows.

    Raises:
        CannotWrite: if there is no room or no permission.
        FolderInUse: if another process holds the table for a minute.
    """
    with _entries(filepath) as (table, name):
        table.drop(name)


def keep_file(filepath: str) -> None:
    """Put down size, times and digest of a file as it was written.

    Raises:
        CannotWrite: if there is no room or no permission.
        FolderInUse: if another process holds the table for a minute.
    """
    with _entries(filepath) as (table, name):
        table.put(Entry(name, MADE, files={name: state_of(filepath)}))


def expect_as_made(filepath: str) -> None:
    """Refuse a file that is not as it was written; one that is not listed is taken.

    It is read only if its size or times are other ones.

    Raises:
        InvalidRecord: if its content is another.
        CannotRead: if it is in a bucket that does not answer.
    """
    folder, _, name = filepath.rpartition("/")
    entry = Manifest(folder or ".", SINGLE_FILES).entries.get(name)
    if entry is not None and name in entry.files:
        known = entry.files[name]
        found = state_of(filepath, known).digest
        expect_same(name, found, known.digest, f"{folder or '.'}/{SINGLE_FILES}")
