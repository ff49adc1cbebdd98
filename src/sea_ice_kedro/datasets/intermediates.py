"""Intermediate products that a run removes at its end, and makes again when needed.

With `keep_intermediates: false`, scenes as ingested and as filtered go when all that is
made of them in the run is made. Their lines in the manifest stay, with the digest and
the tags of what was there: what was made of them is known to be up to date without
them. Whoever needs their pixels has the step that makes them do so again.
"""

import os
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from functools import partial
from threading import RLock
from typing import Any

from sea_ice_kedro.errors import MissingInput
from sea_ice_kedro.rasters.remote import is_on_disk, locate

SETTING = "keep_intermediates"


@dataclass(frozen=True)
class Removed:
    """An intermediate product that was there."""

    folder: str
    """Path or URL."""

    partition_id: str
    filepath: str
    tags: Mapping[str, Any] = field(default_factory=dict, hash=False)
    """What `RasterTagsDataset` loaded of it."""

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
        self._making = RLock()
        self._tried: set[Removed] = set()
        """What could not be made again."""

    def open(self, *, keep: bool) -> None:
        """Begin a run of this process."""
        self._owner, self.keep, self._folders = os.getpid(), keep, {}
        self._tried = set()

    def close(self) -> dict[str, MadeFolder]:
        """End the run; give the folders that it has made."""
        folders = self._folders
        self._owner, self.keep, self._folders = None, True, {}
        return folders

    def made(self, folder: str, made: MadeFolder) -> None:
        """Remember who makes a folder in this run."""
        if self._owner == os.getpid():
            self._folders[folder] = made

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


def removed_in(value: object) -> Iterator[Removed]:
    """Give what was removed of all that a task would load."""
    if isinstance(value, Removed):
        yield value
    elif isinstance(value, partial):
        yield from removed_in((value.func, value.args, value.keywords))
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from removed_in(one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from removed_in(one)
    elif is_dataclass(value) and not isinstance(value, type):
        for one in fields(value):
            yield from removed_in(getattr(value, one.name))


INTERMEDIATES = Intermediates()
"""Of the run in this process; opened and closed by `hooks.IntermediateHooks`."""
