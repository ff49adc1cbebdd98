"""Files that are whole or absent, on a disk or in a bucket; what may lie beside them.

GDAL opens overviews and masks that lie beside a raster with every driver it has, not
only those that the raster itself was opened with. A VRT there names other files, or
URLs, even with a file of this machine as the headers of a request.
"""

import base64
import hashlib
import html
import os
import re
import socket
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, NoReturn

from sea_ice_kedro.errors import InvalidScene
from sea_ice_kedro.rasters.remote import (
    in_ranges,
    is_on_disk,
    locate,
    reading_from,
    writing_to,
)


@contextmanager
def reading(filepath: str, beside: Sequence[str] = ()) -> Iterator[Path]:
    """Return a local path with the file's content; a remote file is fetched first.

    Args:
        filepath: A path, or a URL that fsspec knows (`gs://bucket/scene.tif`).
        beside: Remote files that belong to it (a world file), fetched with it.

    Raises:
        FileNotFoundError: if there is no such file.
        CannotRead: if it is in a bucket and cannot be had.
    """
    filesystem, path = locate(filepath)
    if is_on_disk(filesystem):
        yield Path(path)
        return
    with tempfile.TemporaryDirectory() as folder:
        for remote in (*beside, filepath):
            copy = Path(folder) / Path(remote).name
            with reading_from(remote):
                filesystem.get_file(locate(remote)[1], str(copy))
        yield copy


@contextmanager
def browsing(filepath: str) -> Iterator[Any]:
    """Open a binary file to read a few parts of it; only those are fetched.

    Args:
        filepath: A path, or a URL that fsspec knows.

    Raises:
        FileNotFoundError: if there is no such file.
        CannotRead: if it is in a bucket and cannot be had.
    """
    filesystem, path = locate(filepath)
    if is_on_disk(filesystem):
        with Path(path).open("rb") as file:
            yield file
    else:
        with in_ranges(filepath) as ranges:
            yield ranges.file()


@contextmanager
def writing(filepath: str) -> Iterator[Path]:
    """Return a local path to write to; it takes its final name when all went well.

    A killed writer leaves a hidden `.part` file, never half a file under the final
    name; the next writer of the same name on the same machine clears it away (what
    another machine left in a shared folder may still be in the making).

    A bucket gets the whole file at once, after it was written here.

    Args:
        filepath: A path, or a URL that fsspec knows.

    Raises:
        OSError: if it cannot be written.
    """
    filesystem, path = locate(filepath)
    if not is_on_disk(filesystem):
        with tempfile.TemporaryDirectory() as folder:
            part = Path(folder) / Path(path).name
            yield part
            with writing_to():
                filesystem.put_file(str(part), path)
        return
    final = Path(path)
    final.parent.mkdir(parents=True, exist_ok=True)
    _clear_leftovers(final)
    part = final.with_name(f".{final.name}.{_machine()}-{os.getpid()}.part")
    try:
        yield part
        _to_disk(part)
        part.replace(final)
    finally:
        # A library may leave a side file beside what it could not finish.
        for leftover in final.parent.glob(f"{_escaped(part.name)}*"):
            leftover.unlink(missing_ok=True)


def longest_stem() -> int:
    """Return how many bytes a name without its ending may have.

    What is written beside a file has a longer name until it is whole, and file systems
    give 255 bytes.
    """
    most = f"..parquet.{_machine()}-{'9' * 10}.part.aux.xml"
    return 255 - len(most)


def _to_disk(path: Path) -> None:
    """Have a file on the disk before its name says that it is whole: power may fail."""
    file = os.open(path, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)


def _clear_leftovers(final: Path) -> None:
    ours = f".{final.name}.{_machine()}-"
    for part in final.parent.glob(f"{_escaped(ours)}*.part*"):
        pid = part.name.removeprefix(ours).partition(".")[0]
        # "host-1" is another machine than "host": what follows must be a number only.
        if re.fullmatch("[0-9]{1,9}", pid) and not _running(int(pid)):
            part.unlink(missing_ok=True)


def is_leftover(name: str) -> bool:
    """Return whether a file is what a killed writer of this machine has left.

    Args:
        name: Without its folder.
    """
    found = re.fullmatch(r"\..+\.([A-Za-z0-9-]+)-([0-9]{1,9})\.part.*", name)
    ours = found is not None and found[1] == _machine()
    return ours and not _running(int(found[2]))  # type: ignore[index]


def _machine() -> str:
    """Name this machine: letters, digits and "-"."""
    return re.sub("[^A-Za-z0-9-]", "-", socket.gethostname())


def _escaped(name: str) -> str:
    return "".join(f"[{c}]" if c in "[]*?" else c for c in name)


def _running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return not _is_zombie(pid)


def _is_zombie(pid: int) -> bool:
    """Return whether a process is dead, and only its parent has not yet asked how.

    Workers of a killed run are left to init, which in a container may take its time.
    """
    try:
        # "1234 (name) Z 1 ...", and a name may hold whatever it likes.
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False  # gone by now, or a system without /proc
    return stat.rpartition(")")[2].split()[0] in ("Z", "X")


def remove(filepath: str) -> None:
    """Remove a file if it is there.

    Raises:
        OSError: if it is there and stays.
    """
    filesystem, path = locate(filepath)
    with suppress(FileNotFoundError, NotADirectoryError), writing_to():
        filesystem.rm_file(path)


@dataclass(frozen=True)
class FileState:
    """A file at some time."""

    size: int
    """Bytes."""

    digest: str
    """Of `checksum`."""

    mtime_ns: int = 0
    """Time of the last change of its content; 0 in a bucket."""

    ctime_ns: int = 0
    """Time of its last change of any kind, which no program sets as it likes."""


def state_of(filepath: str, known: FileState | None = None) -> FileState:
    """Return size, times and digest of a file as it is now.

    Args:
        filepath: A path, or a URL that fsspec knows.
        known: How it was: while size and times are the same, it is not read again.

    Raises:
        FileNotFoundError: if there is no such file.
        CannotRead: if it is in a bucket that does not answer.
    """
    filesystem, path = locate(filepath)
    if not is_on_disk(filesystem):
        return FileState(size_of(filepath), checksum(filepath))
    if known is not None and known == _stamped(path, known.digest):
        return known
    # Looked at before it is read: a change in between shows at the next look.
    return replace(_stamped(path), digest=checksum(filepath))


def is_as(filepath: str, known: FileState) -> bool:
    """Return whether a file is as it was, by what is told of it without reading it.

    Args:
        filepath: A path, or a URL that fsspec knows.
        known: How it was.

    Raises:
        FileNotFoundError: if there is no such file.
        CannotRead: if it is in a bucket that does not answer.
    """
    filesystem, path = locate(filepath)
    if is_on_disk(filesystem):
        return known == _stamped(path, known.digest)
    return checksum(filepath) == known.digest


def _stamped(path: str, digest: str = "") -> FileState:
    status = Path(path).stat()
    return FileState(status.st_size, digest, status.st_mtime_ns, status.st_ctime_ns)


def checksum(filepath: str) -> str:
    """Digest a file's content: "md5:...", or what else a bucket says of its object.

    MD5 is what Cloud Storage keeps of its objects: what is copied there, or back, is
    known again, and nothing is read.

    Raises:
        FileNotFoundError: if there is no such file.
        CannotRead: if it is in a bucket that does not answer.
    """
    filesystem, path = locate(filepath)
    if is_on_disk(filesystem):
        status = Path(path).stat()
        times = status.st_mtime_ns, status.st_ctime_ns
        return _md5(path, *times, status.st_size, status.st_ino)
    with reading_from(filepath):
        info = filesystem.info(path)
        if "md5Hash" in info:
            return f"md5:{base64.b64decode(info['md5Hash']).hex()}"
        # An object that was composed of parts has no MD5.
        digest = info.get("crc32c") or info.get("ETag") or filesystem.ukey(path)
        return f"remote:{digest}"


def size_of(filepath: str) -> int:
    """Return the size of a file in bytes.

    Raises:
        FileNotFoundError: if there is no such file.
        CannotRead: if it is in a bucket that does not answer.
    """
    filesystem, path = locate(filepath)
    with reading_from(filepath):
        return int(filesystem.size(path))


@lru_cache(maxsize=256)
def _md5(path: str, *_changes_with: Any) -> str:  # noqa: ANN401 - a cache key
    digest = hashlib.md5(usedforsecurity=False)
    with Path(path).open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return f"md5:{digest.hexdigest()}"


# --- Files beside a foreign raster: none may lead GDAL anywhere else

_TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
"""How TIFF and BigTIFF begin, which no other driver takes for its own."""

_PIXELS = (".ovr", ".msk")
_WORDS = (".aux.xml", ".aux", ".rrd")
_LEADS = re.compile(r"/vsi|OVERVIEW_FILE|<VRT", re.IGNORECASE)
_LARGEST = 8 << 20
"""Bytes of words beside a raster; histograms of three bands take some thousand."""


def expect_no_leads(path: Path) -> None:
    """Refuse a raster on a disk if a file beside it leads elsewhere.

    Raises:
        InvalidScene: naming that file.
    """
    stem = path.stem.lower()
    for name in _beside(str(path.parent), path.parent.stat().st_mtime_ns):
        lower = name.lower()
        if not lower.startswith(stem):
            continue
        if lower.endswith(_PIXELS):
            with (path.parent / name).open("rb") as file:
                start = file.read(4)
            if start not in _TIFF:
                _refuse(path, f"a TIFF in {name}", f"a file that begins {start!r}")
        elif (path.parent / name).stat().st_size > _LARGEST:
            _refuse(path, f"at most {_LARGEST:,} bytes in {name}", "more")
        else:
            _expect_own_words(path, name)


def expect_no_lead_inside(path: Path, file: Any) -> None:  # noqa: ANN401 - rasterio
    """Refuse an open raster that says its overviews are elsewhere.

    Raises:
        InvalidScene: if it does.
    """
    if "OVERVIEW_FILE" in file.tags(ns="OVERVIEWS"):
        _refuse(path, "overviews inside it or beside it", "a name of another file")


@lru_cache(maxsize=4)
def _beside(folder: str, _changes_with: int) -> tuple[str, ...]:
    """List what GDAL would look at in a folder, once for all its rasters."""
    there = (entry.name for entry in Path(folder).iterdir())
    return tuple(name for name in there if name.lower().endswith(_PIXELS + _WORDS))


def _expect_own_words(path: Path, name: str) -> None:
    text = (path.parent / name).read_bytes().decode("latin-1")
    found = _LEADS.search(html.unescape(text))
    if found:
        _refuse(path, f"words about {path.name} in {name}", f"{found[0]!r} in it")


def _refuse(path: Path, expected: str, got: str) -> NoReturn:
    raise InvalidScene(
        f"{path.name}: expected {expected}, got {got}, which would have other files or "
        "addresses opened. If you did not make it, distrust where it comes from; the "
        "scene needs none of it: remove it"
    )
