"""A table with a row a scene, as CSV; ids such as "001" or "NA" stay text."""

import pandas as pd
from kedro_datasets._typing import TablePreview

from sea_ice_kedro.datasets.whole_file import WholeFileDataset
from sea_ice_kedro.rasters.files import reading, writing
from sea_ice_kedro.rasters.geotiff import write_errors


class SceneTableDataset(WholeFileDataset[pd.DataFrame]):
    """Saves and loads a table with a row a scene; its index is not kept.

    Column `scene_id` is text, whatever the ids look like. In the other columns, too,
    only an empty field means "no value".

    Examples:
        Using the YAML API:

        ```yaml
        scene_index:
          type: sea_ice_kedro.datasets.SceneTableDataset
          filepath: data/03_primary/scene_index.csv
        ```

        Using the Python API:

        >>> from sea_ice_kedro.datasets import SceneTableDataset
        >>> index = SceneTableDataset(filepath="scene_index.csv").load()
    """

    def save(self, data: pd.DataFrame) -> None:
        """Write the table, whole or not at all.

        Raises:
            CannotWrite: if there is no room or no permission.
        """
        with write_errors(self._filepath), writing(self._filepath) as part:
            data.to_csv(part, index=False, lineterminator="\n")

    def load(self) -> pd.DataFrame:
        """Read the table back."""
        return self._read()

    def preview(self, nrows: int = 20) -> TablePreview:
        """Give the first rows to kedro-viz.

        Args:
            nrows: How many rows to show.
        """
        return TablePreview(self._read(nrows).to_dict(orient="split"))

    def _read(self, nrows: int | None = None) -> pd.DataFrame:
        with reading(self._filepath) as path:
            return pd.read_csv(
                path,
                dtype={"scene_id": str},
                keep_default_na=False,
                na_values=[""],
                float_precision="round_trip",
                nrows=nrows,
            )
