"""Kedro datasets that the ecosystem lacks.

`spark_table.SparkTableDataset` is not here: importing it imports Spark.
"""

from sea_ice_kedro.datasets.files import FigureDataset, FileDataset
from sea_ice_kedro.datasets.json_files import (
    RootScenesDataset,
    RunRecordDataset,
    StacCatalogueDataset,
)
from sea_ice_kedro.datasets.maps import ClassMapDataset, ConcentrationDataset
from sea_ice_kedro.datasets.parallel_partitions import ParallelPartitionedDataset
from sea_ice_kedro.datasets.scene import SceneDataset
from sea_ice_kedro.datasets.scene_table import SceneTableDataset
from sea_ice_kedro.datasets.training import (
    ChipShardDataset,
    UNetDataset,
    WorkFolderDataset,
)

__all__ = [
    "ChipShardDataset",
    "ClassMapDataset",
    "ConcentrationDataset",
    "FigureDataset",
    "FileDataset",
    "ParallelPartitionedDataset",
    "RootScenesDataset",
    "RunRecordDataset",
    "SceneDataset",
    "SceneTableDataset",
    "StacCatalogueDataset",
    "UNetDataset",
    "WorkFolderDataset",
]
