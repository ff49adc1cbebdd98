"""A trained U-Net as one `.keras` or `.onnx` file that knows how it was made."""

from typing import TYPE_CHECKING, Any

from fsspec.core import url_to_fs
from kedro.io import AbstractDataset

from sea_ice_kedro.networks import network_path
from sea_ice_kedro.rasters.geotiff import write_errors

if TYPE_CHECKING:
    from sea_ice_kedro.training.model_file import ModelFile, TrainedUNet


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
