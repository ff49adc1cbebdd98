"""Where products lie in a folder, however people and tools keep them."""

import logging
import os
import re
from collections.abc import Iterator
from pathlib import Path

from sea_ice_kedro.errors import InvalidScene
from sea_ice_kedro.rasters.remote import is_on_disk, locate
from sea_ice_kedro.sources.listing import names
from sea_ice_kedro.sources.safe_files import SUFFIX, Product

logger = logging.getLogger(__name__)

_DEPTH = 4
"""Levels of folders that are looked into: year/month/day/product, or EODAG's."""

_LIKE_A_PRODUCT = re.compile(r"_MSIL(1C|2A)_|\.SAFE", re.IGNORECASE)


def find_products(folder: str) -> list[Product]:
    """Find the products in a folder and the folders in it, or the one that it is.

    What is none, and what lies deeper than four levels, is named in the log.

    Raises:
        InvalidScene: if the folder is missing, in a bucket, or holds no product.
    """
    filesystem, path = locate(folder)
    if not is_on_disk(filesystem):
        raise InvalidScene(
            f"expected ingestion.folder of the source safe on a disk, got {folder}; "
            "copy the products here first"
        )
    place = Path(path)
    if _is_product(place):
        return [Product(place)]
    if not place.is_dir():
        raise InvalidScene(
            f"expected ingestion.folder to be a folder of {SUFFIX} products, got "
            f"{folder}, which {'is a file' if place.exists() else 'does not exist'}"
        )
    others: list[Path] = []
    found = sorted(_products_in(place, _DEPTH, others, set()))
    others = [path for path in others if not path.name.startswith("._")]
    _tell_others(place, others)
    if not found:
        raise InvalidScene(
            f"expected {SUFFIX} folders or zips in {folder}, got none among "
            f"{len(others)} files and folders"
        )
    return [Product(path) for path in found]


def _products_in(
    folder: Path, depth: int, others: list[Path], seen: set[str]
) -> Iterator[Path]:
    """Walk folders, but not into products; note what is none."""
    real = os.path.realpath(folder)
    if real in seen:  # a link that leads back
        return
    seen.add(real)
    for path in sorted(folder.iterdir()):
        if _is_product(path):
            yield path
        elif depth > 1 and _is_open(path):
            yield from _products_in(path, depth - 1, others, seen)
        else:
            others.append(path)


def _is_open(path: Path) -> bool:
    """Tell folders from files, and from what systems hide (.snapshot, .Trash)."""
    hidden = path.name.startswith(".")
    return not hidden and path.is_dir() and os.access(path, os.R_OK | os.X_OK)


def _is_product(path: Path) -> bool:
    if path.name.startswith("._"):  # macOS
        return False
    if path.is_dir():
        named = path.suffix.upper() == SUFFIX
        return (named and not _holds_its_like(path)) or (
            path / "manifest.safe"
        ).is_file()
    return path.is_file() and path.suffix.lower() == ".zip"


def _holds_its_like(path: Path) -> bool:
    """Recognise a folder X.SAFE into which a zip was unpacked: X.SAFE/X.SAFE."""
    return (path / path.name).is_dir()


def _tell_others(place: Path, others: list[Path]) -> None:
    """Name what is not read; loudly what looks like a product."""
    alike = [path for path in others if _LIKE_A_PRODUCT.search(path.name)]
    for level, paths in (
        (logging.WARNING, alike),
        (logging.INFO, [path for path in others if path not in alike]),
    ):
        if paths:
            shown = names([str(path.relative_to(place)) for path in paths])
            logger.log(level, "%s: no products, and not read: %s", place, shown)
