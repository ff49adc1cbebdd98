"""Class areas and sea ice concentration by day and cell of a polar grid."""

import logging
from functools import partial

import pandas as pd
import plotly.graph_objects as go
from narwhals.typing import IntoFrame, IntoFrameT

from sea_ice_kedro.engines import Partitions, map_partitions
from sea_ice_kedro.imagery.arrays import ClassMap
from sea_ice_kedro.pipelines.gridding.cell_table import tabulate_cells
from sea_ice_kedro.pipelines.gridding.daily_grid import latest_days, sum_by_day
from sea_ice_kedro.pipelines.scenes import of_index
from sea_ice_kedro.rasters.polar_grid import GridOptions
from sea_ice_kedro.reporting.concentration_map import draw_concentration

logger = logging.getLogger(__name__)

_DAYS_DRAWN = 31


def count_class_maps(
    scene_index: pd.DataFrame, class_maps: Partitions[ClassMap], options: GridOptions
) -> Partitions[pd.DataFrame]:
    """Declare the table of cells of every class map by brightness.

    Args:
        scene_index: A row a scene.
        class_maps: Scene id -> loader of one class map.
        options: The grid.

    Returns:
        Scene id -> maker of one table, a row a cell.
    """
    chosen = of_index(scene_index, class_maps, "the class map", "autolabel")
    return map_partitions(partial(tabulate_cells, options=options), chosen)


def count_predictions(
    scene_index: pd.DataFrame, predictions: Partitions[ClassMap], options: GridOptions
) -> Partitions[pd.DataFrame]:
    """Declare the table of cells of every prediction.

    Args:
        scene_index: A row a scene.
        predictions: Scene id -> loader of one predicted class map.
        options: The grid.

    Returns:
        Scene id -> maker of one table, a row a cell.
    """
    chosen = of_index(scene_index, predictions, "the prediction", "inference")
    return map_partitions(partial(tabulate_cells, options=options), chosen)


def reduce_by_day_and_cell(
    scene_index: pd.DataFrame, cell_counts: IntoFrameT
) -> IntoFrameT:
    """Sum the cells of all indexed scenes by day.

    Args:
        scene_index: A row a scene; other scenes that are stored do not count.
        cell_counts: A row a scene and cell, in pandas or in Spark.

    Returns:
        A row a day and cell, in the library of `cell_counts`.
    """
    nowhere = scene_index["scene_id"][scene_index["crs"].fillna("") == ""]
    if len(nowhere):
        logger.warning(
            "%d of %d scenes have no georeference and are in no cell of the grid: %s",
            len(nowhere),
            len(scene_index),
            ", ".join(nowhere.head(5)) + (", ..." if len(nowhere) > 5 else ""),  # noqa: PLR2004
        )
    return sum_by_day(cell_counts, scene_index["scene_id"])


def map_concentration(daily_grid: IntoFrame) -> go.Figure:
    """Draw maps of the last days' sea ice concentration."""
    return draw_concentration(latest_days(daily_grid, _DAYS_DRAWN))
