"""Kedro datasets that the ecosystem lacks.

`spark_table.SparkTableDataset` is not here: importing it imports Spark.
"""

from sea_ice_kedro.datasets.chip_shard import ChipShardDataset
from sea_ice_kedro.datasets.class_map import ClassMapDataset
from sea_ice_kedro.datasets.concentration import ConcentrationDataset
from sea_ice_kedro.datasets.figure import FigureDataset
from sea_ice_kedro.datasets.geoparquet import GeoParquetDataset
from sea_ice_kedro.datasets.netcdf import NetcdfDataset
from sea_ice_kedro.datasets.parallel_partitions import ParallelPartitionedDataset
from sea_ice_kedro.datasets.parquet_part import ParquetPartDataset
from sea_ice_kedro.datasets.picture_bundle import PictureBundleDataset
from sea_ice_kedro.datasets.prediction import PredictionDataset
from sea_ice_kedro.datasets.previewed_folders import (
    PictureFolderDataset,
    TableFolderDataset,
)
from sea_ice_kedro.datasets.quicklook import QuicklookDataset
from sea_ice_kedro.datasets.raw_scene import RawSceneDataset
from sea_ice_kedro.datasets.root_scenes import RootScenesDataset
from sea_ice_kedro.datasets.run_record import RunRecordDataset
from sea_ice_kedro.datasets.scene import SceneDataset
from sea_ice_kedro.datasets.scene_table import SceneTableDataset
from sea_ice_kedro.datasets.scene_windows import SceneWindowsDataset
from sea_ice_kedro.datasets.stac_catalogue import StacCatalogueDataset
from sea_ice_kedro.datasets.unet import UNetDataset
from sea_ice_kedro.datasets.web_page import WebPageDataset
from sea_ice_kedro.datasets.work_folder import WorkFolderDataset

__all__ = [
    "ChipShardDataset",
    "ClassMapDataset",
    "ConcentrationDataset",
    "FigureDataset",
    "GeoParquetDataset",
    "NetcdfDataset",
    "ParallelPartitionedDataset",
    "ParquetPartDataset",
    "PictureFolderDataset",
    "PictureBundleDataset",
    "PredictionDataset",
    "QuicklookDataset",
    "RawSceneDataset",
    "RootScenesDataset",
    "RunRecordDataset",
    "SceneDataset",
    "SceneTableDataset",
    "SceneWindowsDataset",
    "TableFolderDataset",
    "StacCatalogueDataset",
    "UNetDataset",
    "WebPageDataset",
    "WorkFolderDataset",
]
