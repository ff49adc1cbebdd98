"""Products in ESA's SAFE format: found in folders, read there or in their zips."""

import hashlib
import logging
import os
import re
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path, PurePosixPath
from typing import Any

from sea_ice_kedro.errors import InvalidScene
from sea_ice_kedro.rasters.bands import in_zip
from sea_ice_kedro.rasters.remote import is_on_disk, locate
from sea_ice_kedro.sources.acquisitions import COPY
from sea_ice_kedro.sources.listing import in_words

SUFFIX = ".SAFE"

_ENDING = re.compile(r"(\.SAFE)?(\.zip)?$", re.I)

_MACOS = "__MACOSX/"
"""Folder that macOS puts beside the files that it zips."""

_LARGEST = 16 << 20
"""Bytes of a metadata file; a granule's largest has about one million."""

_LARGEST_BAND = 1 << 30
"""Bytes of a band's file; all numbers of one at 10 m, unpacked, are 241 million."""


@dataclass(frozen=True)
class Product:
    """A `.SAFE` folder, or a zip with one somewhere inside."""

    path: Path

    @property
    def name(self) -> str:
        """The product's name, without ending and number of a copy."""
        return COPY.sub("", self.file_name).removesuffix(SUFFIX)

    @property
    def file_name(self) -> str:
        """The name of its folder or zip, without ending."""
        name = self.path.name
        return _ENDING.sub("", name) if _ENDING.search(name) else name

    @property
    def is_zip(self) -> bool:
        """Whether it is a zip."""
        return self.path.suffix.lower() == ".zip"

    @cached_property
    def sizes(self) -> dict[str, int]:
        """Bytes of every file, by its name below the `.SAFE` folder.

        Raises:
            InvalidScene: if a zip is damaged, or holds anything but one product.
        """
        if self.is_zip:
            return self._sizes_in_zip()
        return {
            path.relative_to(self.path).as_posix(): path.stat().st_size
            for path in self.path.rglob("*")
            if path.is_file()
        }

    def read(self, name: str) -> bytes:
        """Read a metadata file.

        Raises:
            InvalidScene: if it is missing or cannot be read.
        """
        if name not in self.sizes:
            raise InvalidScene(
                f"{self.path.name}: expected {name} in it, got none; the product is "
                "incomplete: download it again"
            )
        if self.sizes[name] > _LARGEST:
            raise InvalidScene(
                f"{self.path.name}: expected {name} to be metadata of at most "
                f"{_LARGEST:,} bytes, got {self.sizes[name]:,}"
            )
        if not self.is_zip:
            return (self.path / name).read_bytes()
        try:
            with zipfile.ZipFile(self.path) as archive:
                return archive.read(self._root + name)
        except (zipfile.BadZipFile, OSError, EOFError, RuntimeError) as error:
            raise self._damaged(error) from error

    def gdal_path(self, name: str) -> str:
        """Name a band for GDAL."""
        if self.is_zip:
            return in_zip(self.path, self._root + name)
        return str(self.path.absolute() / name)

    def file_of(self, name: str) -> str:
        """Name the file on the disk that holds a band: itself, or the zip."""
        return str(self.path if self.is_zip else self.path / name)

    def expect_intact(self, name: str, digest: str) -> None:
        """Compare a file's content with its digest, and in a zip with its CRC.

        A band of the right size may still hold blocks that never arrived, and not
        every reader notices.

        Args:
            name: Of the file.
            digest: "MD5:..." or "SHA3-256:..." of it, or "" where none is known.

        Raises:
            InvalidScene: if it is not what it was.
        """
        if self.sizes[name] > _LARGEST_BAND:
            raise InvalidScene(
                f"{self.path.name}: expected {name.rpartition('/')[2]} of at most "
                f"{_LARGEST_BAND:,} bytes, got {self.sizes[name]:,}; that is no band "
                "of ESA's: do not unzip it, and download the product again"
            )
        path = Path(self.file_of(name))
        status = path.stat()
        root = self._root if self.is_zip else ""
        changes_with = status.st_mtime_ns, status.st_size, status.st_ino
        try:
            found = _digest_of(
                path, root + name, digest.partition(":")[0], changes_with
            )
        except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError) as error:
            found = f"{type(error).__name__}: {error}"
            digest = digest or "a zip's CRC"
        known = digest.partition(":")[0] in _HASHES or digest.startswith("a zip")
        if known and found != digest:
            raise InvalidScene(
                f"{self.path.name}: expected {digest} of {name.rpartition('/')[2]}, "
                f"got {found}; it is damaged: download the product again"
            )

    @cached_property
    def _root(self) -> str:
        """Name of the `.SAFE` folder in the zip, with a slash."""
        folders = {
            PurePosixPath(entry.filename).parts[:-1]
            for entry in self._entries()
            if not entry.filename.startswith(_MACOS)
        }
        roots = {found for parts in folders if (found := _up_to_product(parts))}
        roots = roots or set(self._folders_of_manifests())
        if len(roots) != 1:
            there = {parts[0] for parts in folders if parts}
            raise InvalidScene(
                f"{self.path.name}: expected a zip of one {SUFFIX} folder, got "
                f"{', '.join(sorted(roots or there)[:5]) or 'none'} in it"
            )
        return next(iter(roots))

    def _folders_of_manifests(self) -> Iterator[str]:
        """Name the folders that are a product by their content, "" for the zip's own.

        Some tools zip what is in the `.SAFE` folder, or give it another name.
        """
        for entry in self._entries():
            folder, _, name = entry.filename.rpartition("/")
            if name == "manifest.safe" and not entry.filename.startswith(_MACOS):
                yield f"{folder}/" if folder else ""

    def _sizes_in_zip(self) -> dict[str, int]:
        return {
            entry.filename.removeprefix(self._root): entry.file_size
            for entry in self._entries()
            if not entry.is_dir() and entry.filename.startswith(self._root)
        }

    def _entries(self) -> list[zipfile.ZipInfo]:
        try:
            with zipfile.ZipFile(self.path) as archive:
                entries = archive.infolist()
        except (zipfile.BadZipFile, OSError, EOFError) as error:
            raise self._damaged(error) from error
        for entry in entries:
            path = PurePosixPath(entry.filename.replace("\\", "/"))
            if path.is_absolute() or ".." in path.parts:
                raise InvalidScene(
                    f"{self.path.name}: expected names inside its {SUFFIX} folder, got "
                    f"{entry.filename!r}; that is no product of ESA's, do not unzip it"
                )
        names = Counter(entry.filename for entry in entries if not entry.is_dir())
        if twice := [name for name, count in names.items() if count > 1]:
            raise InvalidScene(
                f"{self.path.name}: expected each file once in it, got {len(twice)} "
                f"twice, as {twice[0]!r}: programs differ in which of the two they "
                "take; download the product again"
            )
        return entries

    def _damaged(self, error: Exception) -> InvalidScene:
        return InvalidScene(
            f"{self.path.name}: expected a whole zip, got {type(error).__name__}: "
            f"{error}. Is its download complete? Download it again"
        )


def _up_to_product(parts: tuple[str, ...]) -> str:
    """Return a folder in a zip up to its `.SAFE`, with a slash; "": not in any."""
    for count, part in enumerate(parts, 1):
        if part.upper().endswith(SUFFIX):
            return "/".join(parts[:count]) + "/"
    return ""


_HASHES = {"MD5": "md5", "SHA3-256": "sha3_256"}


@lru_cache(maxsize=256)
def _digest_of(path: Path, name: str, kind: str, _changes_with: Any) -> str:  # noqa: ANN401
    """Digest a file, or one inside a zip, to its end."""
    digest = hashlib.new(_HASHES.get(kind, "md5"), usedforsecurity=False)
    with ExitStack() as stack:
        file: Any = stack.enter_context(path.open("rb"))
        if path.suffix.lower() == ".zip":
            archive = stack.enter_context(zipfile.ZipFile(file))
            file = stack.enter_context(archive.open(name))
        while block := file.read(1 << 20):
            digest.update(block)
    return f"{kind}:{digest.hexdigest()}"


# --- Where products lie in a folder, however people and tools keep them

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
            shown = in_words([str(path.relative_to(place)) for path in paths])
            logger.log(level, "%s: no products, and not read: %s", place, shown)
