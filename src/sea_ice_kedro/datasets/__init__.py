"""Kedro datasets that the ecosystem lacks."""

from sea_ice_kedro.datasets.class_map import ClassMapDataset
from sea_ice_kedro.datasets.figure import FigureDataset
from sea_ice_kedro.datasets.parallel_partitions import ParallelPartitionedDataset
from sea_ice_kedro.datasets.quicklook import QuicklookDataset
from sea_ice_kedro.datasets.raster_tags import RasterTagsDataset
from sea_ice_kedro.datasets.scene import SceneDataset
from sea_ice_kedro.datasets.scene_table import SceneTableDataset

__all__ = [
    "ClassMapDataset",
    "FigureDataset",
    "ParallelPartitionedDataset",
    "QuicklookDataset",
    "RasterTagsDataset",
    "SceneDataset",
    "SceneTableDataset",
]
