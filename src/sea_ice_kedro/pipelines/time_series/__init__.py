"""daily_grid → region_series, concentration_series, daily_cubes, concentration_maps."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from kedro.pipeline import Node, Pipeline
from narwhals.typing import IntoFrame

from sea_ice_kedro.engines import Partitions
from sea_ice_kedro.errors import InvalidOption
from sea_ice_kedro.imagery.classes import SeaIceClass
from sea_ice_kedro.pipelines.time_series import cf_attributes as cf
from sea_ice_kedro.pipelines.time_series.daily_cells import (
    ICE_AREAS,
    Frame,
    cells_by_day,
    day_cells,
    digest_of,
    frame_of,
    grids_of,
    map_day,
    name_of,
    regional_series,
    whole_frame,
)
from sea_ice_kedro.rasters.polar_grid import CellGrid, ConcentrationRaster
from sea_ice_kedro.reporting.concentration_figures import draw_series
from sea_ice_kedro.sources.regions import TimeSeriesOptions

if TYPE_CHECKING:
    import xarray as xr


MOST_VALUES = 80_000_000
"""Of days × rows × columns: 2 GB in memory."""

_COORDINATES = (
    *("time", "y", "x", "latitude", "longitude", "region_name"),
    *("height", *cf.AREA_TYPES),
)


@dataclass(frozen=True, eq=False)
class Season:
    """Observations in one grid: its cells by day, and its regions by day."""

    grid: CellGrid
    cells: pd.DataFrame
    """As `cells_by_day` makes them."""

    regions: pd.DataFrame
    """As `regional_series` makes them."""

    sources: tuple[str, ...] = ()
    """Of the scenes: "sample" (simulated), "folder", ..."""

    lands: tuple[str, ...] = ()
    """Names and digests of the masks of land that were named."""

    whole_grid: bool = False
    """Whether all cells of NSIDC's grid are laid out, not only the box observed."""

    attributes: Mapping[str, str] = field(default_factory=dict)
    """Global attributes that only the user knows."""

    def fingerprint(self) -> str:
        """Digest all values."""
        about = (
            *(self.grid, self.sources, self.lands, self.whole_grid),
            sorted(self.attributes.items()),
        )
        return digest_of(about, self.cells, self.regions)


def build_cube(season: Season) -> "xr.Dataset":
    """Lay the cells of a season out on a box of its grid, day by day.

    Args:
        season: One grid's cells and regions.

    Returns:
        Dimensions `time` (every calendar day from first to last, noon UTC), `y`, `x`,
        `region` (its names: `region_name`). float32 (time, y, x), NaN where nothing was
        observed: `sea_ice_concentration` and `<class>_fraction`, 0..1 of what was;
        `observed_fraction`, 0..1 of the cell, 0 where nothing was observed. The series
        of the regions by `region` and `time`. Numbers of days are not decoded.

    Raises:
        InvalidOption: if the box is too large for memory, or the whole grid is asked
            for and none is published in this projection or holds all that was observed.
    """
    # Late: a second or more, and most runs make no cube anew.
    import xarray as xr  # noqa: PLC0415

    frame = _framed(season)
    made = {
        **_time(frame),
        **_axes(season.grid, frame),
        **_gridded(season, frame),
        **_regional(season.regions, frame),
        "height": ((), 0.0, cf.HEIGHT, cf.WHOLE),
        **{name: ((), of, cf.AREA_TYPE) for name, of in cf.AREA_TYPES.items()},
    }
    crs = season.grid.crs
    extent = cf.of_extent(
        crs,
        frame.days,
        (made["longitude"][1], made["latitude"][1]),
        (made["x_bounds"][1], made["y_bounds"][1]),
    )
    own = {**extent, **season.attributes}
    attributes = cf.of_file(crs, season.sources, season.lands, own)
    data = {name: value for name, value in made.items() if name not in _COORDINATES}
    coordinates = {name: made[name] for name in _COORDINATES}
    return xr.Dataset(data, coordinates, attributes)


def _framed(season: Season) -> Frame:
    frame = frame_of(season.cells)
    if season.whole_grid:
        frame = whole_frame(season.grid, frame)
    if math.prod(frame.shape) > MOST_VALUES:
        raise InvalidOption(
            f"expected days × rows × columns of at most {MOST_VALUES}, got "
            f"{' × '.join(map(str, frame.shape))}; make gridding.grid.cell_km larger, "
            "or run fewer days or a smaller area at a time (time_series.whole_grid: "
            "false). Tables have no such limit"
        )
    return frame


def _time(frame: Frame) -> dict[str, Any]:
    first = pd.DatetimeIndex(frame.days).to_numpy().astype("datetime64[D]").astype(int)
    bounds = np.stack([first, first + 1], axis=1).astype(float)
    return {
        "time": ("time", first + 0.5, cf.TIME, cf.WHOLE),
        "time_bounds": (("time", "bound"), bounds, {}, cf.WHOLE),
    }


def _axes(grid: CellGrid, frame: Frame) -> dict[str, Any]:
    """Give x and y with bounds, degrees and areas of the cells, and the projection."""
    columns, rows = np.meshgrid(frame.columns, frame.rows)
    longitudes, latitudes = grid.degrees(*grid.centres(columns.ravel(), rows.ravel()))
    areas_m2 = grid.areas_km2(longitudes, latitudes) * 1e6
    shape = rows.shape
    made: dict[str, Any] = {"crs": ((), np.int32(0), cf.grid_mapping(grid.crs))}
    for name, cells in (("x", frame.columns), ("y", frame.rows)):
        edges = np.stack([cells, cells + 1], axis=1) * grid.cell_m
        made[name] = (name, edges.mean(axis=1), cf.axis(name), cf.WHOLE)
        made[f"{name}_bounds"] = ((name, "bound"), edges, {}, cf.WHOLE)
    return {
        **made,
        "latitude": (("y", "x"), latitudes.reshape(shape), cf.LATITUDE, cf.WHOLE),
        "longitude": (("y", "x"), longitudes.reshape(shape), cf.LONGITUDE, cf.WHOLE),
        "cell_area": (("y", "x"), areas_m2.reshape(shape), cf.CELL_AREA, cf.WHOLE),
    }


def _gridded(season: Season, frame: Frame) -> dict[str, Any]:
    cells = season.cells
    places = (
        pd.Index(frame.days).get_indexer(pd.Index(cells["day"])),
        *frame.places(cells),
    )

    def laid_out(values: "pd.Series[float]", empty: float) -> npt.NDArray[np.float32]:
        filled = np.full(frame.shape, empty, np.float32)
        filled[places] = values.to_numpy()
        return filled

    observed = cells["observed_km2"]
    shares = {"sea_ice_concentration": cells[ICE_AREAS].sum(axis=1) / observed}
    shares |= {
        f"{c.key}_fraction": cells[f"{c.key}_km2"] / observed for c in SeaIceClass
    }
    made: dict[str, Any] = {
        name: (cf.DIMENSIONS, laid_out(values, np.nan), cf.share(name), cf.PACKED)
        for name, values in shares.items()
    }
    covered = laid_out(observed / cells["cell_area_km2"], 0.0)
    made["observed_fraction"] = (cf.DIMENSIONS, covered, cf.OBSERVED, cf.PACKED)
    return made


def _regional(series: pd.DataFrame, frame: Frame) -> dict[str, Any]:
    """Return the series of every region, (region, time)."""
    names = series["region"].drop_duplicates().tolist()
    table = series.set_index(["region", "day"])
    wanted = pd.MultiIndex.from_product([names, frame.days])
    made: dict[str, Any] = {"region_name": ("region", np.array(names), cf.REGION)}
    for column, (name, attributes) in cf.REGIONAL.items():
        values = table[column].reindex(wanted).to_numpy(float)
        shaped = values.reshape(len(names), len(frame.days))
        made[name] = (("region", "time"), shaped, attributes, cf.FILLED)
    return made


# --- Nodes


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
