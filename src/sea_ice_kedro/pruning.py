"""Products of scenes that their source has no more, and what killed runs have left."""

from collections.abc import Collection, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from sea_ice_kedro.datasets.manifest import NAME, Manifest, held_alone
from sea_ice_kedro.datasets.scene_table import SceneTableDataset
from sea_ice_kedro.datasets.single_files import forget_file, keep_file
from sea_ice_kedro.errors import CannotWrite
from sea_ice_kedro.rasters.files import is_leftover, remove
from sea_ice_kedro.rasters.remote import is_on_disk, locate, reading_from

RAW = "01_raw"
"""Layer of what was downloaded: kept, whatever becomes of its scenes."""

_OURS = ".manifest."
"""What the names of a manifest and of its lock begin with."""


@dataclass(frozen=True)
class StaleProducts:
    """What one folder has of scenes that are gone."""

    folder: str
    """Path or URL."""

    scene_ids: tuple[str, ...]
    files: Mapping[str, int]
    """Bytes by path or URL; without files that are not there any more."""


@dataclass
class Stale:
    """What can be removed from a data root, and what is not known there."""

    products: list[StaleProducts] = field(default_factory=list)
    rows: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Scene ids by the index that names them."""

    leftovers: dict[str, int] = field(default_factory=dict)
    """Bytes by path of what killed runs of this machine had begun to write."""

    unknown: list[str] = field(default_factory=list)
    """Files beside products that no manifest knows: they stay."""

    @property
    def files(self) -> dict[str, int]:
        """Bytes of all that can be removed, by path or URL."""
        of_products = {k: v for one in self.products for k, v in one.files.items()}
        return {**of_products, **self.leftovers}


@dataclass(frozen=True)
class Places:
    """What a data root knows its scenes by."""

    root: str
    """Path or URL, without a slash at its end."""

    scenes: tuple[str, ...]
    """Folders that scenes are ingested to."""

    indexes: tuple[str, ...]
    """Tables of the scenes of the last run, as CSV."""


def find_stale(
    places: Places, listed: Collection[str], unreadable: Collection[str]
) -> Stale:
    """Find what a data root has of scenes that are not listed any more.

    What was never ingested as a scene (days of a series, simulated worlds) is no
    scene's product. Nothing is changed.

    Args:
        places: The data root.
        listed: Ids of all scenes that the source has.
        unreadable: Names of products of the source that cannot be read now; scenes
            whose ids begin so count as listed.

    Raises:
        CannotRead: if the root is in a bucket that does not answer.
    """
    found = dict(_files(places.root))
    folders = [f.removesuffix(f"/{NAME}") for f in found if f.endswith(f"/{NAME}")]
    indexes = {path: _indexed(path) for path in places.indexes if path in found}
    ever = {i for ids in indexes.values() for i in ids}
    ever |= {i for f in places.scenes if f in folders for i in Manifest(f).entries}
    begin = tuple(unreadable)
    gone = {i for i in ever if i not in listed and not (begin and i.startswith(begin))}
    stale = Stale()
    for path, ids in indexes.items():
        if rows := tuple(sorted(gone & ids)):
            stale.rows[path] = rows
    # What tells a scene from other products goes last: a killed removal can go on.
    for folder in sorted(folders, key=lambda f: (f in places.scenes, f)):
        inside = _inside(folder, folders, found)
        _add(stale, folder, gone, {path: found[path] for path in inside})
    begun = (p for p in found if is_leftover(p.rpartition("/")[2]))
    stale.leftovers = {path: found[path] for path in begun}
    return stale


def remove_stale(stale: Stale) -> None:
    """Remove what was found, with its lines in manifests and indexes.

    Raises:
        FolderInUse: if a run writes to one of the folders; nothing is removed then.
        CannotWrite: naming what could not be removed.
    """
    with ExitStack() as locks:
        for one in stale.products:
            locks.enter_context(held_alone(one.folder))
        for path in stale.leftovers:
            _remove(path)
        for path, ids in stale.rows.items():
            index = SceneTableDataset(filepath=path)
            table = index.load()
            forget_file(path)
            index.save(table[~table["scene_id"].isin(ids)])
            keep_file(path)
        for one in stale.products:
            for path in one.files:
                _remove(path)
            manifest = Manifest(one.folder)
            for scene_id in one.scene_ids:
                manifest.drop(scene_id)
            manifest.close()


def _add(
    stale: Stale, folder: str, gone: Collection[str], inside: Mapping[str, int]
) -> None:
    entries = Manifest(folder).entries
    known = {f"{folder}/{name}" for entry in entries.values() for name in entry.files}
    scene_ids = tuple(sorted(i for i in entries if i in gone))
    paths = [f"{folder}/{name}" for i in scene_ids for name in entries[i].files]
    files = {path: inside[path] for path in paths if path in inside}
    if scene_ids:
        stale.products.append(StaleProducts(folder, scene_ids, files))
    stale.unknown += [
        path
        for path in sorted(inside)
        if path not in known and not is_leftover(path.rpartition("/")[2])
    ]


def _inside(
    folder: str, folders: Collection[str], found: Mapping[str, int]
) -> Iterator[str]:
    """Name a folder's files, without its manifest and folders that have their own."""
    below = tuple(f"{f}/" for f in folders if f.startswith(f"{folder}/"))
    for path in found:
        if path.startswith(f"{folder}/") and not (below and path.startswith(below)):
            if not path.rpartition("/")[2].startswith(_OURS):
                yield path


def _files(root: str) -> Iterator[tuple[str, int]]:
    """Give every file of a data root but those of layer 01_raw, and its bytes."""
    filesystem, path = locate(root)
    with reading_from(root):
        found: Mapping[str, Any] = filesystem.find(path, detail=True)
    for name in sorted(found):
        full = str(filesystem.unstrip_protocol(name)).removeprefix("file://")
        if not full.startswith((f"{root}/{RAW}/", f"{path}/{RAW}/")):
            yield full, int(found[name]["size"])


def _indexed(path: str) -> set[str]:
    table: pd.DataFrame = SceneTableDataset(filepath=path).load()
    return set(table["scene_id"])


def _remove(path: str) -> None:
    try:
        remove(path)
    except OSError as error:
        raise CannotWrite(
            f"expected to remove {path}, got {error}; may this account write there? "
            "The same command goes on where this one has ended"
        ) from error


def absolute(folder: str) -> str:
    """Return the path or URL that files below a folder begin with."""
    filesystem, path = locate(folder)
    if is_on_disk(filesystem):
        return path.rstrip("/")
    return str(filesystem.unstrip_protocol(path)).rstrip("/")
