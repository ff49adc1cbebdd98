"""A folder of PNG, JPEG or GeoTIFF scenes, with manual labels where there are any."""

import logging
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sea_ice_kedro.errors import InvalidScene
from sea_ice_kedro.imagery.arrays import ClassMap, Scene
from sea_ice_kedro.rasters.files import checksum
from sea_ice_kedro.rasters.geotiff import files_of
from sea_ice_kedro.sources.listing import SceneEntry, Unreadable
from sea_ice_kedro.sources.manual_labels import read_manual_label
from sea_ice_kedro.sources.options import IngestionOptions, RasterOptions
from sea_ice_kedro.sources.scene_files import read_scene_file

logger = logging.getLogger(__name__)

SUFFIXES = {".png", ".jpg", ".jpeg", ".tif", ".tiff"}


@dataclass(frozen=True)
class SceneFile:
    """Reads one scene from its file when called."""

    path: str
    options: RasterOptions

    def __call__(self) -> Scene:
        """Read the scene."""
        return read_scene_file(self.path, self.options)

    def fingerprint(self) -> str:
        """Digest content (with world file, mask, ...), name and settings."""
        files = " ".join(checksum(file) for file in files_of(self.path))
        return f"{Path(self.path).name} {files} {self.options}"


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
    """
    files = _raster_files(Path(options.folder or ""))
    labels: dict[str, list[Path]] = defaultdict(list)
    for path in files:
        if options.label_marker in path.stem:
            stem = path.stem.replace(options.label_marker, options.scene_marker)
            labels[stem].append(path)
    scenes = [path for path in files if options.label_marker not in path.stem]
    stems = {path.stem for path in scenes}
    entries = [_entry(path, labels.get(path.stem, []), options) for path in scenes]
    entries += [
        _orphan(paths[0], stem) for stem, paths in labels.items() if stem not in stems
    ]
    return entries


def _raster_files(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise InvalidScene(
            f"expected ingestion.folder to be a folder of scenes, got {folder}, which "
            f"{'is a file' if folder.exists() else 'does not exist'}"
        )
    files = sorted(p for p in folder.iterdir() if not p.is_dir())
    found = [p for p in files if p.suffix.lower() in SUFFIXES]
    others = Counter(p.suffix or "no ending" for p in files if p not in found)
    if not found:
        raise InvalidScene(
            f"expected PNG, JPEG or GeoTIFF scenes ({', '.join(sorted(SUFFIXES))}) in "
            f"{folder}, got none among {len(files)} files"
        )
    if others:
        logger.info("%s: files not read, by ending: %s", folder, dict(others))
    return found


def _entry(path: Path, labels: list[Path], options: IngestionOptions) -> SceneEntry:
    scene = SceneFile(str(path), options.raster)
    return SceneEntry(path.stem, scene, _label(labels, scene))


def _label(labels: list[Path], scene: SceneFile) -> Callable[[], ClassMap] | None:
    if len(labels) > 1:
        names = ", ".join(path.name for path in labels)
        return Unreadable(
            f"expected one manual label of {Path(scene.path).name}, got {names}; "
            "remove or rename all but one",
            of_label=True,
        )
    return LabelFile(str(labels[0]), scene) if labels else None


def _orphan(label: Path, stem: str) -> SceneEntry:
    return SceneEntry(
        label.stem,
        Unreadable(
            f"{label.name}: expected this manual label's scene {stem} beside it, got "
            "none; add the scene, or set ingestion.label_marker to what only labels "
            "have in their names"
        ),
    )
