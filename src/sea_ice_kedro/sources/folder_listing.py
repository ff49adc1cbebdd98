"""The files of a folder, on a disk or in a bucket."""

import logging
import os
from collections.abc import Collection
from pathlib import Path, PurePath
from typing import Any

from sea_ice_kedro.addresses import without_keys
from sea_ice_kedro.errors import CannotRead, InvalidScene
from sea_ice_kedro.rasters.remote import is_on_disk, locate, reading_from
from sea_ice_kedro.sources.listing import names
from sea_ice_kedro.sources.options import IngestionOptions

logger = logging.getLogger(__name__)

SUFFIXES = {".png", ".jpg", ".jpeg", ".tif", ".tiff"}
"""Endings of scenes."""


def labelled_scene(stem: str, options: IngestionOptions) -> str | None:
    """Return the scene that a file is a label of, by their names; None: of none.

    `ice_07_label` labels `ice_07`, `s2_seg_00` labels `s2_vis_00`.
    """
    if stem.endswith(options.label_suffix):
        return stem.removesuffix(options.label_suffix)
    if options.label_marker in stem:
        return stem.replace(options.label_marker, options.scene_marker)
    return None


def list_folder(folder: str) -> list[str]:
    """List the paths (URLs) of all files directly in a folder, in order.

    Args:
        folder: A path, or a URL that fsspec knows (`gs://bucket/scenes`).

    Raises:
        InvalidScene: if there is no such folder, or it is a file.
        CannotRead: if it is in a bucket and cannot be listed.
    """
    filesystem, path = _located(folder)
    if not is_on_disk(filesystem):
        return _list_remote(folder, filesystem, path.rstrip("/"))
    place = Path(path)
    if not place.is_dir():
        raise _no_folder(folder, is_file=place.exists())
    inside = sorted(place.iterdir())
    # A pipe would have its reader wait for ever.
    others = [f.name for f in inside if f.exists() and not (f.is_file() or f.is_dir())]
    if others:
        logger.warning("%s: no files, and not read: %s", folder, names(others))
    return [str(f) for f in inside if f.is_file() or not f.exists()]


def _located(folder: str) -> tuple[Any, str]:
    """Find a folder's file system.

    Raises:
        CannotRead: if there is none for such an address, or it does not answer.
    """
    try:
        return locate(folder)
    except Exception as error:
        said = " ".join(f"{type(error).__name__}: {error}".split())
        raise CannotRead(
            "expected ingestion.folder to be a path, or the address of a bucket that "
            f"fsspec opens, got {without_keys(folder)} ({without_keys(said)}); copy "
            "the scenes to a disk or a bucket (gs://, s3://)"
        ) from error


def folders_with(folder: str, suffixes: Collection[str]) -> list[str]:
    """Name the folders directly in a folder that hold files of some endings.

    Args:
        folder: A path; of one in a bucket nothing is said.
        suffixes: Lower case, ".tif".
    """
    filesystem, path = locate(folder)
    if not is_on_disk(filesystem):
        return []
    return [
        place.name
        for place in sorted(Path(path).iterdir())
        if place.is_dir()
        and os.access(place, os.R_OK | os.X_OK)
        and any(file.suffix.lower() in suffixes for file in place.iterdir())
    ]


def _list_remote(folder: str, filesystem: Any, path: str) -> list[str]:  # noqa: ANN401
    try:
        with reading_from(folder):
            entries = filesystem.ls(path, detail=True)
    except FileNotFoundError:
        raise _no_folder(folder, is_file=False) from None
    files = [entry["name"].rstrip("/") for entry in entries if entry["type"] == "file"]
    if files == [path]:
        raise _no_folder(folder, is_file=True)
    # Some stores keep an empty object for the folder itself.
    names = {PurePath(file).name for file in files if file != path}
    return [f"{folder.rstrip('/')}/{name}" for name in sorted(names)]


def _no_folder(folder: str, *, is_file: bool) -> InvalidScene:
    return InvalidScene(
        f"expected ingestion.folder to be a folder of scenes, got {folder}, which "
        f"{'is a file' if is_file else 'does not exist'}"
    )
