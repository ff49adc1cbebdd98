"""The chips of one scene as a TFRecord file."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from fsspec.core import url_to_fs
from kedro.io import AbstractDataset

from sea_ice_kedro.imagery.chips import Chips
from sea_ice_kedro.rasters.geotiff import write_errors

if TYPE_CHECKING:
    from sea_ice_kedro.training.shard_selection import ChipShard


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
        from sea_ice_kedro.training.chip_shards import write_shard  # noqa: PLC0415

        with write_errors(self._filepath):
            write_shard(self._filepath, data.chips, data.facts, self._provenance)

    def load(self) -> "ChipShard":
        """Read what the file says of its chips; no pixel is read.

        Raises:
            InvalidShard: if the file is damaged or of another version.
        """
        from sea_ice_kedro.training.chip_shards import read_header  # noqa: PLC0415

        return read_header(self._filepath)

    def _exists(self) -> bool:
        filesystem, path = url_to_fs(self._filepath)
        return bool(filesystem.exists(path))

    def _describe(self) -> dict[str, Any]:
        return {"filepath": self._filepath}
