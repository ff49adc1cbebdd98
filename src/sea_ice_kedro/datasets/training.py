"""What training takes and makes: chips, the folder that it works in, networks."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from fsspec.core import url_to_fs
from kedro.io import AbstractDataset, DatasetError

from sea_ice_kedro.imagery.chips import Chips
from sea_ice_kedro.networks import network_path
from sea_ice_kedro.rasters.geotiff import write_errors

if TYPE_CHECKING:
    from sea_ice_kedro.training.model_file import ModelFile, TrainedUNet
    from sea_ice_kedro.training.plan import ChipShard


@dataclass(frozen=True, eq=False)
class DescribedChips:
    """Chips, and how their images were made."""

    chips: Chips
    facts: Mapping[str, Any] = field(default_factory=dict)
    """Values of JSON's types."""


class ChipShardDataset(AbstractDataset[DescribedChips, "ChipShard"]):
    """Saves the chips of one scene; loading gives what is known of them.

    Pixels are read by `tf.data`, in the workers that train.

    Examples:
        Using the YAML API:

        ```yaml
        chips:
          type: sea_ice_kedro.datasets.ParallelPartitionedDataset
          path: data/05_model_input/auto_original/chips
          filename_suffix: .tfrecord
          dataset: {type: sea_ice_kedro.datasets.ChipShardDataset}
        ```
    """

    def __init__(
        self,
        *,
        filepath: str,
        provenance: Mapping[str, str] | None = None,
        metadata: dict[str, Any] | None = None,
    ) -> None:
        """Name the file.

        Args:
            filepath: A path, or a URL that fsspec and TensorFlow know.
            provenance: To write into the file: `fingerprint`, `software`, ...
            metadata: Ignored by Kedro; read by kedro-viz.
        """
        self._filepath = filepath
        self._provenance = dict(provenance or {})
        self.metadata = metadata

    def save(self, data: DescribedChips) -> None:
        """Write the chips, whole or not at all.

        Raises:
            CannotWrite: if there is no room or no permission.
        """
        # Late: TensorFlow takes seconds, and is wanted in the workers only.
        from sea_ice_kedro.training.batches import write_shard  # noqa: PLC0415

        with write_errors(self._filepath):
            write_shard(self._filepath, data.chips, data.facts, self._provenance)

    def load(self) -> "ChipShard":
        """Read what the file says of its chips; no pixel is read.

        Raises:
            InvalidShard: if the file is damaged or of another version.
        """
        from sea_ice_kedro.training.batches import read_header  # noqa: PLC0415

        return read_header(self._filepath)

    def _exists(self) -> bool:
        filesystem, path = url_to_fs(self._filepath)
        return bool(filesystem.exists(path))

    def _describe(self) -> dict[str, Any]:
        return {"filepath": self._filepath}


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


class UNetDataset(AbstractDataset["TrainedUNet", "ModelFile"]):
    """Saves a trained network; loading gives a handle that any worker can serve.

    A file that ends with ".keras" can be trained on; one that ends with ".onnx" is
    served without Keras.

    kedro-datasets' `TensorFlowModelDataset` would load the network at once, and has no
    place for what a scene must go through before it.

    Examples:
        Using the YAML API:

        ```yaml
        unet:
          type: sea_ice_kedro.datasets.UNetDataset
          filepath: data/06_models/auto_original/unet.onnx
          name: auto_original
        ```

        Using the Python API:

        >>> from sea_ice_kedro.datasets import UNetDataset
        >>> card = UNetDataset(filepath="unet.onnx").load().card()
    """

    def __init__(
        self,
        *,
        filepath: str,
        name: str = "",
        metadata: dict[str, Any] | None = None,
    ) -> None:
        """Name the file.

        Args:
            filepath: A path, or a URL that fsspec knows; ends with ".keras" or ".onnx".
                "package://polar" is the network that this package ships.
            name: Of the variant, written into the file.
            metadata: Ignored by Kedro; read by kedro-viz.
        """
        self._filepath, self._name = filepath, name
        self.metadata = metadata

    def save(self, data: "TrainedUNet") -> None:
        """Write the network, whole or not at all.

        Raises:
            CannotWrite: if there is no room or no permission.
        """
        # Late: TensorFlow takes seconds, and most commands need none.
        from sea_ice_kedro.training.model_file import (  # noqa: PLC0415
            TrainedUNet,
            save_model,
        )

        with write_errors(self._filepath):
            named = TrainedUNet(data.card.named(self._name), data.weights)
            save_model(self._filepath, named)

    def load(self) -> "ModelFile":
        """Return a handle of the network; its card is read, to know that it is one.

        Raises:
            InvalidModel: if the file is no model of this project and version.
        """
        from sea_ice_kedro.training.model_file import ModelFile  # noqa: PLC0415

        model = ModelFile(self._filepath)
        model.card()
        return model

    def _exists(self) -> bool:
        filesystem, path = url_to_fs(network_path(self._filepath))
        return bool(filesystem.exists(path))

    def _describe(self) -> dict[str, Any]:
        return {"filepath": self._filepath, "name": self._name}
