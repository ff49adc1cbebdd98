"""Files in buckets: found, read in parts, and errors that name them."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from fsspec.core import url_to_fs
from fsspec.implementations.local import LocalFileSystem

from sea_ice_kedro.addresses import without_keys
from sea_ice_kedro.errors import CannotRead

_BLOCK = 1 << 16
"""Bytes fetched at least: more than a scene's header, less than costs time."""


def locate(filepath: str) -> tuple[Any, str]:
    """Find the file system of a path or URL, and the path on it.

    It remembers no listing: other workers write to the same folders.

    Raises:
        CannotRead: if nothing here opens such an address, or it is on a server that is
            asked at once (`ftp://`) and refuses.
    """
    try:
        filesystem, path = url_to_fs(filepath, use_listings_cache=False)
    # fsspec: a package is not installed; no such protocol.
    except (OSError, ImportError, ValueError) as error:
        raise CannotRead(
            f"expected to reach {without_keys(filepath)}, got "
            f"{without_keys(_words(error))}. Is the address right, is the package "
            "installed that opens it, and does the network work? Else copy what is "
            "there to a disk or a bucket (gs://, s3://)"
        ) from error
    return filesystem, str(path)


def is_on_disk(filesystem: Any) -> bool:  # noqa: ANN401 - fsspec is untyped
    """Return whether a path lies on a disk rather than in a bucket."""
    return isinstance(filesystem, LocalFileSystem)


@contextmanager
def reading_from(filepath: str) -> Iterator[None]:
    """Turn what goes wrong while reading from a bucket into errors that name the file.

    Raises:
        FileNotFoundError: if there is no such file.
        CannotRead: with the cause, if it is there and cannot be had.
    """
    try:
        yield
    except FileNotFoundError as error:
        raise FileNotFoundError(f"no such file: {filepath}") from error
    # Every bucket's library has errors of its own beside OSError.
    except Exception as error:
        raise CannotRead(
            f"expected to read {filepath}, got {_words(error)}. May this account read "
            "there, and does the network work? Run again: what is done stays done"
        ) from error


@contextmanager
def writing_to() -> Iterator[None]:
    """Turn the errors of a bucket's library into OSError.

    Raises:
        OSError: whatever went wrong.
    """
    try:
        yield
    except OSError:
        raise
    except Exception as error:
        raise OSError(_words(error)) from error


def _words(error: Exception) -> str:
    said = " ".join(str(error).split())
    return f"{type(error).__name__}: {said}" if said else type(error).__name__


@contextmanager
def in_ranges(filepath: str) -> Iterator["Ranges"]:
    """Read a file in a bucket here and there, without fetching it.

    Raises:
        FileNotFoundError: if there is no such file.
        CannotRead: if a part of it cannot be had.
    """
    filesystem, path = locate(filepath)
    with reading_from(filepath):
        size = int(filesystem.info(path)["size"])
    ranges = Ranges(filepath, filesystem, path, size)
    try:
        yield ranges
    finally:
        if ranges.error is not None:
            raise ranges.error


class Ranges:
    """Blocks of a remote file, each fetched when it is first asked for."""

    def __init__(
        self,
        filepath: str,
        filesystem: Any,  # noqa: ANN401
        path: str,
        size: int,
    ) -> None:
        """Name the file; nothing is fetched yet.

        Args:
            filepath: As the user knows it, for messages.
            filesystem: Of fsspec.
            path: Of the file on it.
            size: Of the file, in bytes.
        """
        self._filepath, self._filesystem, self._path = filepath, filesystem, path
        self._blocks: dict[int, bytes] = {}
        self.size = size
        self.error: Exception | None = None
        """What went wrong; whoever reads has been told that the file ends there."""

    def file(self) -> io.RawIOBase:
        """Return a seekable file; all files of one `Ranges` share its blocks."""
        return _RangedFile(self)

    def read(self, start: int, end: int) -> bytes:
        """Return the bytes from `start` up to `end`, fewer where the file ends.

        GDAL's callbacks and `zipfile` have no use for errors of a network: they are
        kept, and raised when the reading is over.
        """
        end = min(end, self.size)
        if start >= end or self.error is not None:
            return b""
        first, last = start // _BLOCK, (end - 1) // _BLOCK
        try:
            self._fetch([n for n in range(first, last + 1) if n not in self._blocks])
        except (FileNotFoundError, CannotRead) as error:
            self.error = error
            return b""
        content = b"".join(self._blocks[n] for n in range(first, last + 1))
        return content[start - first * _BLOCK : end - first * _BLOCK]

    def _fetch(self, missing: list[int]) -> None:
        if not missing:
            return
        start, end = missing[0] * _BLOCK, min((missing[-1] + 1) * _BLOCK, self.size)
        with reading_from(self._filepath):
            content = self._filesystem.cat_file(self._path, start=start, end=end)
        for n in range(missing[0], missing[-1] + 1):
            at = n * _BLOCK - start
            self._blocks[n] = content[at : at + _BLOCK]


class _RangedFile(io.RawIOBase):
    """A place in a remote file."""

    def __init__(self, ranges: Ranges) -> None:
        self._ranges, self._at = ranges, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        bases = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._ranges.size}
        self._at = bases[whence] + offset
        return self._at

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401 - any writable buffer
        content = self._ranges.read(self._at, self._at + len(buffer))
        buffer[: len(content)] = content
        self._at += len(content)
        return len(content)
