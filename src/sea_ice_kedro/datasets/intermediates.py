"""Intermediate products that a run removes at its end, and makes again when needed.

With `keep_intermediates: false`, scenes as ingested and as filtered go when all that is
made of them in the run is made. Their lines in the manifest stay, with the digest and
the facts of what was there: what was made of them is known to be up to date without
them. Whoever needs their pixels has the step that makes them do so again.
"""

import os
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from functools import partial
from threading import RLock
from typing import TypeVar

from sea_ice_kedro.errors import MissingInput
from sea_ice_kedro.rasters.remote import is_on_disk, locate

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
