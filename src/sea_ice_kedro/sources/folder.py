"""A folder of PNG, JPEG or GeoTIFF scenes, with manual labels where there are any."""

import logging
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePath

from sea_ice_kedro.errors import InvalidScene, SeaIceError
from sea_ice_kedro.imagery.arrays import ClassMap, Scene
from sea_ice_kedro.imagery.reflectance import BrightnessOptions
from sea_ice_kedro.rasters.files import checksum
from sea_ice_kedro.rasters.geotiff import files_of
from sea_ice_kedro.rasters.remote import is_on_disk, locate
from sea_ice_kedro.sources.acquisitions import COPY, tell_left_out
from sea_ice_kedro.sources.class_files import POLYGONS, read_manual_label
from sea_ice_kedro.sources.folder_listing import (
    SCENE_LIST,
    SUFFIXES,
    Given,
    ListedScene,
    folders_with,
    labelled_scene,
    list_folder,
    read_scene_list,
)
from sea_ice_kedro.sources.listing import SceneEntry, Unreadable, in_words
from sea_ice_kedro.sources.options import IngestionOptions, RasterOptions
from sea_ice_kedro.sources.scene_files import read_scene_file, stem_of

logger = logging.getLogger(__name__)

_HEAD = 4096
"""Bytes by which most files differ already."""

_HIDDEN = re.compile(r"\.[^.]")


@dataclass(frozen=True)
class SceneFile:
    """Reads one scene from its file when called."""

    path: str
    """Or a URL."""

    options: RasterOptions
    beside: tuple[str, ...] = ()
    """URLs of the world file, mask, ... of a scene in a bucket."""

    brightness: BrightnessOptions = field(default_factory=BrightnessOptions)
    given: Given = field(default_factory=Given)
    """Its row in `scenes.csv`."""

    def __call__(self) -> Scene:
        """Read the scene."""
        scene = read_scene_file(
            self.path, self.options, self.beside, self.brightness, self.given.acquired
        )
        given = self.given
        return replace(
            scene, given_limits=given.limits, given_filter=given.filter_method
        )

    def fingerprint(self) -> str:
        """Digest content (with world file, mask, ...), name, settings and its row."""
        files = " ".join(checksum(file) for file in self._files())
        settings = f"{self.options} {self.brightness} {self.given.fingerprint()}"
        return f"{PurePath(self.path).name} {files} {settings}".rstrip()

    def _files(self) -> list[str]:
        if is_on_disk(locate(self.path)[0]):
            return files_of(self.path)
        return sorted({self.path, *self.beside})


@dataclass(frozen=True)
class LabelFile:
    """Reads one manual label from its file when called."""

    path: str
    scene: SceneFile

    def __call__(self) -> ClassMap:
        """Read the label on its scene's grid."""
        return read_manual_label(self.path, self.scene())

    def fingerprint(self) -> str:
        """Digest the content of the label and of its scene."""
        return f"{checksum(self.path)} {self.scene.fingerprint()}"


def list_scenes(options: IngestionOptions) -> list[SceneEntry]:
    """List the scenes of a folder; sub-folders and other files are not read.

    Raises:
        InvalidScene: if the folder is missing or holds no scene.
        InvalidOption: if anything in its `scenes.csv` cannot be right.
        CannotRead: if it is in a bucket and cannot be listed.
    """
    entries, lists, stems = _found(options)
    if lists:
        known = stems | {entry.scene_id for entry in entries}
        return _as_listed(entries, read_scene_list(lists[0], known))
    return entries


def list_all(options: IngestionOptions) -> list[SceneEntry]:
    """List the scenes of a folder, also those of which `scenes.csv` says `use: no`.

    Raises:
        InvalidScene: if the folder is missing or holds no scene.
        CannotRead: if it is in a bucket and cannot be listed.
    """
    return _found(options)[0]


def _found(options: IngestionOptions) -> tuple[list[SceneEntry], list[str], set[str]]:
    """Find scenes, `scenes.csv`, and the names of all rasters, copies included."""
    listed = list_folder(options.folder or "")
    # "._a.tif" is what macOS keeps of a.tif on other disks.
    files = [file for file in listed if not _HIDDEN.match(PurePath(file).name)]
    if len(files) < len(listed):
        hidden = len(listed) - len(files)
        logger.info("%s: %d hidden files not read", options.folder, hidden)
    if inside := folders_with(options.folder or "", SUFFIXES):
        logger.warning("%s: folders not read: %s", options.folder, in_words(inside))
    lists = [file for file in files if PurePath(file).name == SCENE_LIST]
    files = [file for file in files if file not in lists]
    rasters = [file for file in files if PurePath(file).suffix.lower() in SUFFIXES]
    labels: dict[str, list[str]] = defaultdict(list)
    for path in files:
        stem = labelled_scene(stem_of(path), options)
        if stem and PurePath(path).suffix.lower() in SUFFIXES | POLYGONS:
            labels[stem].append(path)
    drawn = {path for paths in labels.values() for path in paths} - set(rasters)
    _expect_scenes(options.folder or "", [f for f in files if f not in drawn], rasters)
    found = {PurePath(path).name.lower(): path for path in files}
    scenes = {
        path: SceneFile(path, options.raster, _beside(path, found), options.brightness)
        for path in rasters
        if not labelled_scene(stem_of(path), options)
    }
    all_stems = {stem_of(path) for path in scenes}
    for path in _copies(list(scenes)):
        del scenes[path]
    _tell_twins(list(scenes))
    stems = {stem_of(path) for path in scenes}
    entries = [
        SceneEntry(stem_of(path), scene, _label(labels.get(stem_of(path), []), scene))
        for path, scene in scenes.items()
        if not _leads_nowhere(path)
    ]
    entries += [_link(path) for path in scenes if _leads_nowhere(path)]
    entries += [
        _orphan(paths[0], stem) for stem, paths in labels.items() if stem not in stems
    ]
    return entries, lists, all_stems


def _leads_nowhere(path: str) -> bool:
    place = Path(path)
    return place.is_symlink() and not place.exists()


def _link(path: str) -> SceneEntry:
    return SceneEntry(
        stem_of(path),
        Unreadable(
            f"{PurePath(path).name}: expected a file, got a link that leads nowhere; "
            "mend it, or remove it"
        ),
    )


def _as_listed(
    entries: list[SceneEntry], rows: Mapping[str, ListedScene]
) -> list[SceneEntry]:
    """Apply their rows to the scenes; leave out, and name, what is not to be used.

    Raises:
        InvalidScene: if none is left.
    """
    unlisted = ListedScene(0)
    left_out = [
        entry.scene_id
        for entry in entries
        if not rows.get(entry.scene_id, unlisted).use
    ]
    if left_out:
        logger.warning(
            "%s: left out, as it says use: no: %s (%d of %d)",
            *(SCENE_LIST, in_words(sorted(set(left_out))), len(left_out), len(entries)),
        )
    if len(left_out) == len(entries):
        raise InvalidScene(
            f"{SCENE_LIST}: expected at least one scene to use, got use: no for all "
            f"{len(entries)} of the folder"
        )
    return [
        _with_row(entry, rows.get(entry.scene_id, unlisted))
        for entry in entries
        if entry.scene_id not in left_out
    ]


def _with_row(entry: SceneEntry, row: ListedScene) -> SceneEntry:
    if not isinstance(entry.scene, SceneFile):
        return replace(entry, columns=row.columns)
    scene, label = replace(entry.scene, given=row.given), entry.manual_label
    if isinstance(label, LabelFile):
        label = replace(label, scene=scene)
    return replace(entry, scene=scene, manual_label=label, columns=row.columns)


def _expect_scenes(folder: str, files: list[str], rasters: list[str]) -> None:
    if not rasters:
        raise InvalidScene(
            f"expected PNG, JPEG or GeoTIFF scenes ({', '.join(sorted(SUFFIXES))}) in "
            f"{folder}, got none among {len(files)} files"
        )
    read = set(rasters)
    others = Counter(PurePath(f).suffix or "no ending" for f in files if f not in read)
    if others:
        logger.info("%s: files not read, by ending: %s", folder, dict(others))


def _copies(paths: list[str]) -> list[str]:
    """Find second downloads and copies, by name and content, and name them."""
    by_name = {PurePath(path).name: path for path in paths}
    left_out = {}
    for path in paths:
        name = PurePath(path)
        original = f"{COPY.sub('', name.stem)}{name.suffix}"
        other = by_name.get(original, path)
        if other != path and _alike([other, path], checksum):
            left_out[name.name] = original
    tell_left_out(left_out)
    return [by_name[name] for name in left_out]


def _tell_twins(paths: list[str]) -> None:
    """Warn of files with the same bytes: which of their names is right is unknown."""
    groups = [[p for p in paths if is_on_disk(locate(p)[0]) and Path(p).is_file()]]
    # What costs little comes first: few files have the size of another.
    for told_by in (_size, _head, checksum):
        groups = [same for group in groups for same in _alike(group, told_by)]
    for group in groups:
        logger.warning(
            "the same bytes under %d names, each of which counts as a scene: %s; if "
            "they show one acquisition, leave out all but one",
            len(group),
            in_words([PurePath(path).name for path in group]),
        )


def _alike(paths: list[str], told_by: Callable[[str], object]) -> list[list[str]]:
    """Group what has the same answer; what is alone, or has none, is left out."""
    found: dict[object, list[str]] = defaultdict(list)
    for path in paths:
        # What cannot be read says so when it is its turn, and costs no other.
        with suppress(OSError, SeaIceError):
            found[told_by(path)].append(path)
    return [group for group in found.values() if len(group) > 1]


def _size(path: str) -> int:
    return Path(path).stat().st_size


def _head(path: str) -> bytes:
    with Path(path).open("rb") as file:
        return file.read(_HEAD)


def _beside(path: str, found: Mapping[str, str]) -> tuple[str, ...]:
    """Pick what belongs to a scene in a bucket; on a disk, GDAL finds it itself."""
    if is_on_disk(locate(path)[0]):
        return ()
    name, stem = PurePath(path).name.lower(), stem_of(path).lower()
    ending = PurePath(name).suffix
    world_files = (f"{ending}w", f".{ending[1]}{ending[-1]}w", ".wld", ".tab")
    likely = [*(stem + w for w in world_files), f"{name}.aux.xml", f"{name}.msk"]
    return tuple(found[one] for one in likely if one in found)


def _label(labels: list[str], scene: SceneFile) -> Callable[[], ClassMap] | None:
    if len(labels) > 1:
        said = ", ".join(PurePath(path).name for path in labels)
        return Unreadable(
            f"expected one manual label of {PurePath(scene.path).name}, got {said}; "
            "remove or rename all but one",
            of_label=True,
        )
    return LabelFile(labels[0], scene) if labels else None


def _orphan(label: str, stem: str) -> SceneEntry:
    return SceneEntry(
        stem_of(label),
        Unreadable(
            f"{PurePath(label).name}: expected this manual label's scene {stem} beside "
            "it, got none; add the scene, or set ingestion.label_suffix and "
            "label_marker to what only labels have in their names"
        ),
    )
