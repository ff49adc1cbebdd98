"""A folder that a node works in: checkpoints of a training, notes of its workers."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from kedro.io import AbstractDataset, DatasetError


@dataclass(frozen=True)
class WorkFolder:
    """A folder to write to, and what for."""

    path: str
    name: str
    """Name of the work, for logs."""


class WorkFolderDataset(AbstractDataset[WorkFolder, WorkFolder]):
    """Loads the path of a folder that a node may write to while it runs.

    What must survive a kill cannot wait for the node to return it.

    Examples:
        Using the YAML API:

        ```yaml
        checkpoints:
          type: sea_ice_kedro.datasets.WorkFolderDataset
          path: data/06_models/auto_original/checkpoints
          name: auto_original
        ```
    """

    def __init__(
        self, *, path: str, name: str = "", metadata: dict[str, Any] | None = None
    ) -> None:
        """Name the folder.

        Args:
            path: A folder of this machine, or one that all workers share.
            name: What the work is called in logs.
            metadata: Ignored by Kedro; read by kedro-viz.

        Raises:
            DatasetError: if it is a URL: workers write while they run.
        """
        if "://" in path:
            raise DatasetError(
                f"expected a folder that all workers see, got {path}; set the path of "
                "`{variant}.checkpoints` to a disk in the environment's catalog"
            )
        self._path, self._name = path, name
        self.metadata = metadata

    def load(self) -> WorkFolder:
        """Make the folder if need be, and give its path."""
        folder = Path(self._path).absolute()
        folder.mkdir(parents=True, exist_ok=True)
        return WorkFolder(str(folder), self._name)

    def save(self, data: WorkFolder) -> NoReturn:
        """Refuse: the node that loads the folder writes into it.

        Raises:
            DatasetError: always.
        """
        raise DatasetError(
            f"expected {self._path} to be written to by the node that loads it, got "
            "something to save; take it as an input"
        )

    def _exists(self) -> bool:
        return True  # it is made when it is needed

    def _describe(self) -> dict[str, Any]:
        return {"path": self._path, "name": self._name}
