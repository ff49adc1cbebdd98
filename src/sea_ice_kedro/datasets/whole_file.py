"""Base of all datasets with one file."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar
from zipfile import BadZipFile

from kedro.io import AbstractDataset

from sea_ice_kedro.errors import InvalidRecord, SeaIceError
from sea_ice_kedro.rasters.remote import locate

Value = TypeVar("Value")

_DAMAGE = (ValueError, TypeError, KeyError, OSError, RecursionError, BadZipFile)


@contextmanager
def damage_named(filepath: str) -> Iterator[None]:
    """Say of a file that cannot be read which one it is, and what helps.

    Raises:
        InvalidRecord: in the place of what libraries raise of content.
    """
    try:
        yield
    except (FileNotFoundError, SeaIceError):
        raise
    except _DAMAGE as error:
        said = (str(error).splitlines() or [""])[0][:200]
        raise InvalidRecord(
            f"{Path(filepath).name}: expected it as this project writes it, got "
            f"{type(error).__name__}: {said}; remove it, and run the pipeline again "
            "that makes it"
        ) from error


class WholeFileDataset(AbstractDataset[Value, Value]):
    """One file, on a disk or in a bucket."""

    def __init__(
        self, *, filepath: str, metadata: dict[str, Any] | None = None
    ) -> None:
        """Name the file.

        Args:
            filepath: A path, or a URL that fsspec knows.
            metadata: Ignored by Kedro; read by kedro-viz.
        """
        self._filepath = filepath
        self.metadata = metadata

    def _exists(self) -> bool:
        filesystem, path = locate(self._filepath)
        return bool(filesystem.exists(path))

    def _describe(self) -> dict[str, Any]:
        return {"filepath": self._filepath}


class ProvenancedFileDataset(WholeFileDataset[Value]):
    """One file that says what it was made from."""

    def __init__(
        self,
        *,
        filepath: str,
        provenance: Mapping[str, str] | None = None,
        metadata: dict[str, Any] | None = None,
    ) -> None:
        """Name the file.

        Args:
            filepath: A path, or a URL that fsspec knows.
            provenance: To write into the file: `fingerprint`, `software`, ...
            metadata: Ignored by Kedro; read by kedro-viz.
        """
        super().__init__(filepath=filepath, metadata=metadata)
        self._provenance = dict(provenance or {})
