"""A table that Spark writes and reads, as a folder of Parquet files."""

from typing import TYPE_CHECKING, Any

import pandas as pd
from kedro_datasets.spark import SparkDatasetV2

from sea_ice_kedro.engines import spark_session
from sea_ice_kedro.rasters.remote import locate

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

_SPARK_TYPES = {"i": "bigint", "u": "bigint", "f": "double", "b": "boolean"}
"""By NumPy's kinds; what is none of these is text."""


class SparkTableDataset(SparkDatasetV2):  # type: ignore[misc]
    """Saves pandas and Spark tables by Spark; starts a session when it is used.

    The session is that of the run (`conf/<env>/spark.yml`). A table of pandas is one
    file, its rows in order.

    Examples:
        Using the YAML API:

        ```yaml
        scene_index:
          type: sea_ice_kedro.datasets.spark_table.SparkTableDataset
          filepath: gs://bucket/03_primary/scene_index
          as_pandas: true
        ```

        Using the Python API:

        >>> from sea_ice_kedro.datasets.spark_table import SparkTableDataset
        >>> index = SparkTableDataset(filepath="scene_index", as_pandas=True).load()
    """

    def __init__(
        self,
        *,
        filepath: str,
        as_pandas: bool = False,
        metadata: dict[str, Any] | None = None,
    ) -> None:
        """Name the folder.

        Args:
            filepath: A path, or a URL that both Spark and fsspec know.
            as_pandas: Whether to load into memory, for tables with a row a scene.
            metadata: Ignored by Kedro; read by kedro-viz.
        """
        super().__init__(
            filepath=filepath, save_args={"mode": "overwrite"}, metadata=metadata
        )
        self._as_pandas = as_pandas

    def _load(self) -> "DataFrame | pd.DataFrame":
        spark_session.session()  # before kedro-datasets starts one of its own
        table: DataFrame = super()._load()
        return table.toPandas() if self._as_pandas else table

    def _save(self, data: "DataFrame | pd.DataFrame") -> None:
        spark = spark_session.session()
        if isinstance(data, pd.DataFrame):
            schema = ", ".join(f"`{name}` {_kind(data[name])}" for name in data)
            data = spark.createDataFrame(_plain(data), schema).coalesce(1)
        super()._save(data)

    def _exists(self) -> bool:
        # Not by Spark, which may not run yet. It moves whole parts here at the end.
        filesystem, path = locate(self._spark_path)
        return bool(filesystem.glob(f"{path}/*.parquet"))


def _kind(column: "pd.Series[Any]") -> str:
    return _SPARK_TYPES.get(column.dtype.kind, "string")


def _plain(table: pd.DataFrame) -> pd.DataFrame:
    """Have all text as text, and no value where it is empty, as a CSV file has."""
    kinds = {str(name): _kind(table[name]) for name in table}
    return table.assign(
        **{name: _text(table[name]) for name, kind in kinds.items() if kind == "string"}
    )


def _text(column: "pd.Series[Any]") -> "pd.Series[Any]":
    """Return Python's strings; None, which Spark knows, where there is no value."""
    texts = [None if pd.isna(text) or text == "" else str(text) for text in column]
    return pd.Series(texts, column.index, dtype=object)
