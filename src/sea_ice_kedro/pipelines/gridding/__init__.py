"""class_maps → cell_counts, daily_grid, concentration_map; the same of predictions.

Sums are of whole numbers, so that their order does not matter: both give the same
values to the last bit.
"""

import logging
from collections.abc import Callable, Iterable
from datetime import datetime
from functools import partial
from typing import Any, cast

import narwhals as nw
import numpy as np
import pandas as pd
import plotly.graph_objects as go
from kedro.pipeline import Node, Pipeline
from narwhals.typing import IntoFrame, IntoFrameT

from sea_ice_kedro.engines import Partitions, map_partitions
from sea_ice_kedro.imagery.arrays import ClassMap
from sea_ice_kedro.imagery.cell_counts import count_by_cell
from sea_ice_kedro.imagery.classes import SeaIceClass
from sea_ice_kedro.pipelines.scenes import of_index
from sea_ice_kedro.rasters.footprint import pixel_area_m2
from sea_ice_kedro.rasters.polar_grid import GridOptions, grid_of
from sea_ice_kedro.reporting.concentration_figures import draw_concentration

_KINDS = {
    **dict.fromkeys(["scene_id", "day", "grid"], "string"),
    "cell_km": "float64",
    **dict.fromkeys(["cell_column", "cell_row"], "int64"),
    **dict.fromkeys(["x_m", "y_m", "longitude", "latitude"], "float64"),
    **dict.fromkeys([f"{c.key}_pixels" for c in SeaIceClass], "int64"),
    **dict.fromkeys(["valid_pixels", "nodata_pixels", "land_pixels"], "int64"),
    **dict.fromkeys([f"{c.key}_m2" for c in SeaIceClass], "int64"),
}
"""Of the columns, in their order: the same in each scene's file."""


def tabulate_cells(class_map: ClassMap, options: GridOptions) -> pd.DataFrame:
    """Count one class map's pixels and areas in the cells that it touches.

    Args:
        class_map: The classes of one scene.
        options: The grid.

    Returns:
        A row a cell: `scene_id`; `day` of acquisition in UTC, "2019-11-03", or "" when
        that is not known; `grid`, the projection; `cell_km`; `cell_column` and
        `cell_row`; the cell's centre, `x_m`, `y_m`, `longitude` and `latitude`;
        `<class>_pixels`, `valid_pixels`, `nodata_pixels` and `land_pixels`;
        `<class>_m2`, true areas in whole m². No row for a class map without a
        georeference.

    Raises:
        InvalidScene: if the scene does not lie in the projection.
    """
    columns = _columns(class_map, options)
    return pd.DataFrame({name: columns.get(name, []) for name in _KINDS}).astype(_KINDS)


def _columns(class_map: ClassMap, options: GridOptions) -> dict[str, object]:
    """Return the columns of the table; none for a class map that lies nowhere."""
    place = class_map.georeference
    if place is None:
        return {}
    grid = grid_of(place, class_map.shape, options)
    cells = count_by_cell(class_map.codes, grid.positions(place))
    x, y = grid.centres(cells.columns, cells.rows)
    longitude, latitude = grid.degrees(x, y)
    areas_m2 = np.rint(cells.pixels * pixel_area_m2(place, class_map.shape))
    return {
        "scene_id": class_map.scene_id,
        "day": _day(class_map.acquired),
        "grid": grid.crs,
        "cell_km": grid.cell_m / 1e3,
        "cell_column": cells.columns,
        "cell_row": cells.rows,
        "x_m": x,
        "y_m": y,
        "longitude": longitude,
        "latitude": latitude,
        **{f"{c.key}_pixels": cells.pixels[:, c] for c in SeaIceClass},
        "valid_pixels": cells.pixels.sum(axis=1),
        "nodata_pixels": cells.nodata_pixels,
        "land_pixels": cells.land_pixels,
        **{f"{c.key}_m2": areas_m2[:, c] for c in SeaIceClass},
    }


def _day(acquired: datetime | None) -> str:
    """Write the day of a time in UTC; "" when it is not known."""
    return "" if acquired is None else acquired.date().isoformat()


# --- From the cells of single scenes to days: one description, run by pandas or Spark

_CELL = ["day", "grid", "cell_km", "cell_column", "cell_row"]
_CENTRE = ["x_m", "y_m", "longitude", "latitude"]
_AREAS = [f"{c.key}_m2" for c in SeaIceClass]
_ICE = [f"{c.key}_m2" for c in SeaIceClass if c.is_ice]
_M2_A_KM2 = 1e6


def sum_by_day(cell_counts: IntoFrameT, scene_ids: Iterable[str]) -> IntoFrameT:
    """Sum the areas of all scenes of a day, cell by cell.

    Args:
        cell_counts: A row a scene and cell, as `tabulate_cells` makes it.
        scene_ids: The scenes that count; rows of others are left out.

    Returns:
        A table of the kind that came in, a row a day and cell that was observed, in
        order of day, projection, cell row and column: `scenes` that observed it,
        `observed_km2`, `<class>_km2` and `sea_ice_concentration`, 0..1, ice area /
        observed area. What several scenes of a day observe counts as often.
    """
    observed = sum((nw.col(name) for name in _AREAS[1:]), nw.col(_AREAS[0]))
    table: Any = cell_counts  # `from_native` has no type for "eager or lazy"
    counted = nw.from_native(table).filter(
        nw.col("scene_id").is_in(list(scene_ids)), observed > 0
    )
    summed = counted.group_by(_CELL).agg(
        # One value a cell; on machines with different PROJ, maybe another last digit.
        *[nw.col(name).min() for name in _CENTRE],
        nw.len().alias("scenes"),
        *[nw.col(name).sum() for name in _AREAS],
    )
    ice = sum((nw.col(name) for name in _ICE[1:]), nw.col(_ICE[0]))
    daily = summed.select(
        *_CELL,
        *_CENTRE,
        nw.col("scenes").cast(nw.Int64()),
        (observed / _M2_A_KM2).alias("observed_km2"),
        *[
            (nw.col(f"{c.key}_m2") / _M2_A_KM2).alias(f"{c.key}_km2")
            for c in SeaIceClass
        ],
        (ice / observed).alias("sea_ice_concentration"),
    )
    ordered = daily.sort("day", "grid", "cell_km", "cell_row", "cell_column")
    return cast("IntoFrameT", nw.maybe_reset_index(ordered).to_native())


def latest_days(daily_grid: IntoFrame, count: int) -> pd.DataFrame:
    """Take the rows of the last days into memory, from pandas or Spark.

    Args:
        daily_grid: As `sum_by_day` makes it.
        count: How many days at most, of those that are there.
    """
    day = nw.col("day")
    table: Any = daily_grid
    rows = nw.from_native(table).lazy()
    # A CSV file has no other word for "" than "no value".
    rows = rows.with_columns(
        day=nw.when(day.is_null()).then(nw.lit("")).otherwise(day.cast(nw.String()))
    )
    days = rows.select("day").unique().sort("day", descending=True).head(count)
    last = days.collect("pandas")["day"].to_list()
    return cast(
        "pd.DataFrame", rows.filter(day.is_in(last)).collect("pandas").to_native()
    )


# --- Class areas and sea ice concentration by day and cell of a polar grid

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


# --- Wiring


def create_pipeline() -> Pipeline:
    """Wire the `gridding` pipeline: of the class maps by brightness."""
    return _grid(count_class_maps, "class_maps", "")


def grid_predictions() -> Pipeline:
    """Wire the same of the predictions by a network."""
    return _grid(count_predictions, "predictions", "network_")


def _grid(count: Callable[..., Any], class_maps: str, prefix: str) -> Pipeline:
    """Wire the cells of some class maps.

    Args:
        count: The node function that declares the table of every scene.
        class_maps: Name of the folder of class maps.
        prefix: Of the names of products and nodes.
    """
    cell_counts, daily = f"{prefix}cell_counts", f"{prefix}daily_grid#table"
    return Pipeline(
        [
            Node(
                func=count,
                inputs=["scene_index", class_maps, "params:gridding.grid"],
                outputs=f"{cell_counts}@parts",
                name=count.__name__,
            ),
            Node(
                func=reduce_by_day_and_cell,
                inputs=["scene_index", f"{cell_counts}@table"],
                outputs=daily,
                name=f"reduce_{cell_counts}",
            ),
            Node(
                func=map_concentration,
                inputs=daily,
                outputs=f"{prefix}concentration_map#figure",
                name=f"map_{prefix}concentration",
            ),
        ],
        tags="gridding",
    )
