"""Files that are whole or absent, on a disk or in a bucket."""

import hashlib
import os
import re
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from typing import Any

from fsspec.core import url_to_fs
from fsspec.implementations.local import LocalFileSystem


@contextmanager
def reading(filepath: str) -> Iterator[Path]:
    """Give a local path with the file's content; a remote file is fetched first.

    Args:
        filepath: A path, or a URL that fsspec knows (`gs://bucket/scene.tif`).

    Raises:
        FileNotFoundError: if there is no such file.
    """
    filesystem, path = url_to_fs(filepath)
    if isinstance(filesystem, LocalFileSystem):
        yield Path(path)
        return
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / Path(path).name
        filesystem.get_file(path, str(copy))
        yield copy


@contextmanager
def writing(filepath: str) -> Iterator[Path]:
    """Give a local path to write to; it takes its final name when all went well.

    A killed writer leaves a hidden `.part` file, never half a file under the final
    name; the next writer of the same name on the same machine clears it away (what
    another machine left in a shared folder may still be in the making).

    Args:
        filepath: A path, or a URL that fsspec knows.
    """
    filesystem, path = url_to_fs(filepath)
    if not isinstance(filesystem, LocalFileSystem):
        with tempfile.TemporaryDirectory() as folder:
            part = Path(folder) / Path(path).name
            yield part
            filesystem.put_file(str(part), path)
        return
    final = Path(path)
    final.parent.mkdir(parents=True, exist_ok=True)
    _clear_leftovers(final)
    part = final.with_name(f".{final.name}.{_machine()}-{os.getpid()}.part")
    try:
        yield part
        part.replace(final)
    finally:
        # A library may leave a side file beside what it could not finish.
        for leftover in final.parent.glob(f"{_escaped(part.name)}*"):
            leftover.unlink(missing_ok=True)


def _clear_leftovers(final: Path) -> None:
    ours = f".{final.name}.{_machine()}-"
    for part in final.parent.glob(f"{_escaped(ours)}*.part*"):
        pid = part.name.removeprefix(ours).partition(".")[0]
        # "host-1" is another machine than "host": what follows must be a number only.
        if re.fullmatch("[0-9]{1,9}", pid) and not _running(int(pid)):
            part.unlink(missing_ok=True)


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
    return True


def remove(filepath: str) -> None:
    """Remove a file if it is there."""
    filesystem, path = url_to_fs(filepath)
    with suppress(FileNotFoundError, NotADirectoryError):
        filesystem.rm_file(path)


def checksum(filepath: str) -> str:
    """Digest a file's content: "sha256:...", or what a bucket says of its object.

    Raises:
        FileNotFoundError: if there is no such file.
    """
    filesystem, path = url_to_fs(filepath)
    if not isinstance(filesystem, LocalFileSystem):
        info = filesystem.info(path)
        digest = info.get("md5Hash") or info.get("ETag") or filesystem.ukey(path)
        return f"remote:{digest}"
    status = Path(path).stat()
    return _sha256(path, status.st_mtime_ns, status.st_size, status.st_ino)


@lru_cache(maxsize=256)
def _sha256(path: str, *_changes_with: Any) -> str:  # noqa: ANN401 - a cache key
    digest = hashlib.sha256()
    with Path(path).open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return f"sha256:{digest.hexdigest()}"
