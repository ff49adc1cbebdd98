"""`sea-ice-kedro prune [FOLDER] [--yes]`: products whose scenes are gone.

`find_stale` and `remove_stale` do the work; the command asks and tells.
"""

import json
import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click
import pandas as pd
from kedro.io import AbstractDataset

from sea_ice_kedro.config_loader import ReadOnceConfigLoader
from sea_ice_kedro.datasets.json_files import RootScenes
from sea_ice_kedro.datasets.manifest import (
    NAME,
    Manifest,
    forget_file,
    held_alone,
    keep_file,
)
from sea_ice_kedro.datasets.scene_table import SceneTableDataset
from sea_ice_kedro.errors import CannotRead, CannotWrite, MissingInput, SeaIceError
from sea_ice_kedro.hooks.root_scenes import ROOT_SCENES, SETTINGS
from sea_ice_kedro.hooks.settings_checks import with_value
from sea_ice_kedro.packaged_conf import conf_folder
from sea_ice_kedro.plain_text import inert
from sea_ice_kedro.rasters.files import is_leftover, remove
from sea_ice_kedro.rasters.remote import is_on_disk, locate, reading_from
from sea_ice_kedro.run_record import RunRecord
from sea_ice_kedro.settings import CONFIG_LOADER_ARGS
from sea_ice_kedro.sources import IngestionOptions, earth_engine_search, find_all_ids

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
    """Bytes by path of unfinished files of killed runs on this machine."""

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


# --- `sea-ice-kedro prune [FOLDER] [--yes]`: products whose scenes are gone

_LISTING = "find_scenes"
"""Node of a run that lists its source."""

_SCENES = ("scenes@raster", "inference.scenes@raster")
_INDEXES = ("scene_index", "inference.scene_index")
_NAMED = 10


def prune(given: Sequence[str], program: str) -> None:
    """List the products of scenes that are gone; remove them if that was said.

    Args:
        given: What follows `prune`.
        program: Name of the command, for its help.

    Raises:
        ClickException: if the command line is wrong.
        SeaIceError: if the source cannot be listed, a run writes to the same folders,
            or something cannot be removed.
    """
    _prune.main(list(given), f"{program} prune", standalone_mode=False)


@click.command(options_metavar="[--yes]")
@click.argument("folder", required=False)
@click.option("--yes", is_flag=True, help="Remove what is listed.")
def _prune(folder: str | None, yes: bool) -> None:
    """List products in FOLDER whose scenes no longer exist in their source.

    FOLDER is a data root (default: SEA_ICE_DATA, else data). The source is listed with
    the settings of the last run; if that fails, nothing is removed. Listed are
    products, their lines in manifests and scene indexes, and unfinished files of killed
    runs. Kept are downloads, files in no manifest and, while the scene's file exists,
    products of scenes that scenes.csv excludes (use: no).
    """
    root = absolute(folder or os.environ.get("SEA_ICE_DATA") or "data")
    os.environ["SEA_ICE_DATA"] = root
    conf = conf_folder()
    arguments: dict[str, Any] = CONFIG_LOADER_ARGS
    loader = ReadOnceConfigLoader(conf, env="base", **arguments)
    entries = loader["catalog"]
    scenes: RootScenes = _expect_root(entries, root)
    listed: set[str] = set()
    unreadable: set[str] = set()
    earth_engine_search.configure(
        earth_engine_search.entry_in(Path(conf) / "local" / "credentials.yml"),
        Path.cwd(),
    )
    for settings in _settings(_loaded("run_record", entries), scenes):
        ids, odd = _listed(_merged(loader["parameters"]["ingestion"], settings), scenes)
        listed |= ids
        unreadable |= odd
    places = Places(
        root,
        tuple(absolute(entries[name]["path"]) for name in _SCENES),
        tuple(
            absolute(entries[name]["filepath"])
            for name in _INDEXES
            if str(entries[name]["type"]).endswith("SceneTableDataset")
        ),
    )
    stale = find_stale(places, listed, unreadable)
    _say(stale, root, scenes, len(listed))
    if yes and (stale.products or stale.rows or stale.leftovers):
        remove_stale(stale)
        click.echo("removed")
        if stale.rows:
            click.echo(
                "tables, figures, STAC and report still have these scenes until the "
                "next run makes them again"
            )
    elif stale.products or stale.rows or stale.leftovers:
        click.echo("nothing is removed yet: add --yes")


def _expect_root(entries: Mapping[str, Any], root: str) -> RootScenes:
    if (kept := _loaded(ROOT_SCENES, entries)) is None:
        raise MissingInput(
            f"expected {root} to say what scenes it is of (data_root.json), got nothing"
            " of that kind; name the folder where data lie, or run once more, which "
            "notes it. Nothing is removed"
        )
    return kept  # type: ignore[no-any-return]


def _loaded(name: str, entries: Mapping[str, Any]) -> Any:  # noqa: ANN401
    dataset: Any = AbstractDataset.from_config(name, dict(entries[name]))
    return dataset.load() if dataset.exists() else None


def _settings(record: RunRecord, scenes: RootScenes) -> list[dict[str, Any]]:
    """Return the settings of `ingestion` that each kind of run listed its source with.

    Raises:
        MissingInput: if no run is on record that has listed it.
    """
    steps = [s for s in record.latest if s.node.rpartition(".")[2] == _LISTING]
    runs = {step.run_id: record.run(step.run_id) for step in steps}
    if not runs:
        raise MissingInput(
            f"expected the record of a run that listed the scenes of {scenes.words}, "
            "got none: which settings to list them with is not known. Run once more. "
            "Nothing is removed"
        )
    found = []
    for run in runs.values():
        said: dict[str, Any] = {}
        for setting in run.settings if run else ():
            if setting.name.startswith("ingestion."):
                name = setting.name.removeprefix("ingestion.")
                said = with_value(said, name, _value(setting.value))
        found.append(said)
    return found


def _value(shown: str) -> Any:  # noqa: ANN401 - any setting
    """Parse a field of a record: JSON, or else the plain text."""
    try:
        return json.loads(shown)
    except ValueError:
        return shown


def _merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    both = dict(below)
    for key, value in above.items():
        inner = both.get(key)
        deep = isinstance(inner, Mapping) and isinstance(value, Mapping)
        both[key] = _merged(inner, value) if deep else value  # type: ignore[arg-type]
    return both


def _listed(settings: dict[str, Any], scenes: RootScenes) -> tuple[set[str], set[str]]:
    """List the source that the data root is of.

    Raises:
        CannotRead: if that fails, whatever it is, or gives nothing.
    """
    for key, setting in SETTINGS.items():
        value = getattr(scenes, key)
        if value is not None:
            settings = with_value(settings, setting.removeprefix("ingestion."), value)
    try:
        ids, unreadable = find_all_ids(IngestionOptions(**settings))
    except SeaIceError as error:
        raise CannotRead(
            f"nothing is removed, as the scenes of {scenes.words} cannot be listed: "
            f"{error}"
        ) from error
    if not ids:
        raise CannotRead(
            f"nothing is removed, as {scenes.words} has no scene at all: is that where "
            "they are?"
        )
    return ids, unreadable


def _say(stale: Stale, root: str, scenes: RootScenes, count: int) -> None:
    gone = sorted({i for one in stale.products for i in one.scene_ids})
    gone = sorted({*gone, *(i for ids in stale.rows.values() for i in ids)})
    named = ", ".join(gone[:_NAMED]) + (", ..." if len(gone) > _NAMED else "")
    lines = [
        f"{scenes.words}: {count} scenes are there, {len(gone)} gone"
        + (f": {named}" if gone else "")
    ]
    for one in stale.products:
        place, size = one.folder.removeprefix(f"{root}/"), _megabytes(one.files)
        lines.append(f"  {place}: products of {len(one.scene_ids)}, {size}")
    for path, ids in stale.rows.items():
        lines.append(f"  {path.removeprefix(f'{root}/')}: rows of {len(ids)}")
    for path, begun in stale.leftovers.items():
        lines.append(
            f"  {path.removeprefix(f'{root}/')}: left by a killed run, "
            f"{_megabytes({path: begun})}"
        )
    for path in stale.unknown:
        lines.append(f"  {path.removeprefix(f'{root}/')}: unknown, is kept")
    total = stale.files
    lines.append(f"to remove: {len(total)} files, {_megabytes(total)}")
    for line in lines:
        click.echo(inert(line))


def _megabytes(files: Mapping[str, int]) -> str:
    return f"{sum(files.values()) / 1e6:.1f} MB"
