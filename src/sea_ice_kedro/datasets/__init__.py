"""Kedro datasets that the ecosystem lacks.

`spark_table.SparkTableDataset` is not here: importing it imports Spark.
"""

from sea_ice_kedro.datasets.figure import FigureDataset
from sea_ice_kedro.datasets.files import FileDataset
from sea_ice_kedro.datasets.maps import ClassMapDataset, ConcentrationDataset
from sea_ice_kedro.datasets.parallel_partitions import ParallelPartitionedDataset
from sea_ice_kedro.datasets.root_scenes import RootScenesDataset
from sea_ice_kedro.datasets.run_record import RunRecordDataset
from sea_ice_kedro.datasets.scene import SceneDataset
from sea_ice_kedro.datasets.scene_table import SceneTableDataset
from sea_ice_kedro.datasets.stac_catalogue import StacCatalogueDataset
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
