"""A part of a table as Parquet; all parts of a folder together are the table."""

import pandas as pd

from sea_ice_kedro.datasets.whole_file import ProvenancedFileDataset, damage_named
from sea_ice_kedro.rasters.files import reading, writing
from sea_ice_kedro.rasters.geotiff import write_errors

_PREFIX = "sea_ice_"
"""Prefix of every entry in the file's key-value metadata."""


class ParquetPartDataset(ProvenancedFileDataset[pd.DataFrame]):
    """Saves and loads some rows of a table, and what they were made from.

    Text of a table without rows must be of pandas' type "string", so that the file
    says so, too.

    Examples:
        Using the YAML API:

        ```yaml
        cell_counts@parts:
          type: sea_ice_kedro.datasets.ParallelPartitionedDataset
          path: data/04_feature/cell_counts
          filename_suffix: .parquet
          dataset: {type: sea_ice_kedro.datasets.ParquetPartDataset}
        ```

        Using the Python API:

        >>> from sea_ice_kedro.datasets import ParquetPartDataset
        >>> rows = ParquetPartDataset(filepath="s2_vis_00.parquet").load()
    """

    def save(self, data: pd.DataFrame) -> None:
        """Write the rows, whole or not at all; the index is not kept.

        Raises:
            CannotWrite: if there is no room or no permission.
        """
        # Late: most commands touch no Parquet.
        import pyarrow as pa  # noqa: PLC0415
        import pyarrow.parquet as pq  # noqa: PLC0415

        # pandas' own description would differ from one pandas to the next.
        table = pa.Table.from_pandas(
            data, preserve_index=False
        ).replace_schema_metadata(
            {_PREFIX + name: value for name, value in self._provenance.items()}
        )
        with write_errors(self._filepath), writing(self._filepath) as part:
            pq.write_table(table, part)

    def load(self) -> pd.DataFrame:
        """Read the rows back.

        Raises:
            InvalidRecord: if the file is damaged.
        """
        with reading(self._filepath) as path, damage_named(self._filepath):
            return pd.read_parquet(path, engine="pyarrow", partitioning=None)
