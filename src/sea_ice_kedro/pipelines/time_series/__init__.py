"""daily_grid → region_series, concentration_series, daily_cubes, concentration_maps."""

from functools import partial
from typing import Any

import pandas as pd
from kedro.pipeline import Node, Pipeline
from narwhals.typing import IntoFrame

from sea_ice_kedro.engines import Partitions
from sea_ice_kedro.pipelines.time_series.cube import Season, build_cube
from sea_ice_kedro.pipelines.time_series.daily_cells import (
    cells_by_day,
    day_cells,
    grids_of,
    map_day,
    name_of,
    regional_series,
)
from sea_ice_kedro.rasters.polar_grid import ConcentrationRaster
from sea_ice_kedro.reporting.concentration_figures import draw_series
from sea_ice_kedro.sources.regions import TimeSeriesOptions


def follow_regions(daily_grid: IntoFrame, options: TimeSeriesOptions) -> pd.DataFrame:
    """Sum the cells of every region by day; a day without observation has no areas.

    Args:
        daily_grid: A row a day and cell that was observed, in pandas or in Spark.
        options: The regions.

    Returns:
        A row a region and calendar day, in pandas.
    """
    return regional_series(cells_by_day(daily_grid), options.named())


def lay_out_seasons(
    daily_grid: IntoFrame,
    region_series: pd.DataFrame,
    scene_index: pd.DataFrame,
    options: TimeSeriesOptions,
) -> Partitions[Any]:
    """Declare the arrays of each grid: days, rows and columns, by the CF conventions.

    Args:
        daily_grid: A row a day and cell that was observed, in pandas or in Spark.
        region_series: As `follow_regions` makes it.
        scene_index: A row a scene; tells where they are from.
        options: Whether whole grids are laid out; attributes of the user's own.

    Returns:
        Name of the grid, "epsg6932_25km" -> maker of an `xarray.Dataset`.
    """
    sources, lands = _named(scene_index, "source"), _named(scene_index, "land_source")
    made = {}
    for grid, part in grids_of(cells_by_day(daily_grid)):
        of_grid = region_series["grid"].eq(grid.crs) & region_series["cell_km"].eq(
            grid.cell_m / 1e3
        )
        season = Season(
            grid,
            part,
            region_series[of_grid],
            sources,
            lands,
            options.whole_grid,
            options.attributes,
        )
        made[name_of(grid)] = partial(build_cube, season)
    return made


def _named(scene_index: pd.DataFrame, column: str) -> tuple[str, ...]:
    """Return the values that a column of the index has, each once, in order."""
    if column not in scene_index:
        return ()
    return tuple(sorted(set(scene_index[column].dropna()) - {""}))


def map_days(
    daily_grid: IntoFrame, scene_index: pd.DataFrame
) -> Partitions[ConcentrationRaster]:
    """Declare a map of concentration of every day that was observed.

    Args:
        daily_grid: A row a day and cell that was observed, in pandas or in Spark.
        scene_index: A row a scene; tells where they are from, and the mask of land.

    Returns:
        "2019-11-03_epsg6932_25km" -> maker of one raster on the grid.
    """
    cells = cells_by_day(daily_grid)
    origin = _named(scene_index, "source"), _named(scene_index, "land_source")
    return {name: partial(map_day, day) for name, day in day_cells(cells, *origin)}


# --- Wiring


def create_pipeline() -> Pipeline:
    """Wire the `time_series` pipeline: of the class maps by brightness."""
    return _follow("daily_grid#table", "")


def follow_predictions() -> Pipeline:
    """Wire the same of the predictions by a network."""
    return _follow("network_daily_grid#table", "network_")


def _follow(daily: str, prefix: str) -> Pipeline:
    """Wire the time series of a daily grid.

    Args:
        daily: Name of the daily grid.
        prefix: Of the names of products and nodes.
    """
    series = f"{prefix}region_series#table"
    return Pipeline(
        [
            Node(
                func=follow_regions,
                inputs=[daily, "params:time_series"],
                outputs=series,
                name=f"follow_{prefix}regions",
            ),
            Node(
                func=draw_series,
                inputs=[series, "params:figures"],
                outputs=f"{prefix}concentration_series#figure",
                name=f"draw_{prefix}regions",
            ),
            Node(
                func=lay_out_seasons,
                inputs=[daily, series, "scene_index", "params:time_series"],
                outputs=f"{prefix}daily_cubes",
                name=f"lay_out_{prefix}seasons",
            ),
            Node(
                func=map_days,
                inputs=[daily, "scene_index"],
                outputs=f"{prefix}concentration_maps",
                name=f"map_{prefix}days",
            ),
        ],
        tags="time_series",
    )
