"""Base of all datasets with one file."""

from collections.abc import Mapping
from typing import Any, TypeVar

from kedro.io import AbstractDataset

from sea_ice_kedro.rasters.remote import locate

Value = TypeVar("Value")


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
