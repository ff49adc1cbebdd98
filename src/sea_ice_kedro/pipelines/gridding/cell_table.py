"""The table of one class map, a row a cell of the grid; made in a worker."""

from datetime import datetime

import numpy as np
import pandas as pd

from sea_ice_kedro.imagery.arrays import ClassMap
from sea_ice_kedro.imagery.cell_counts import count_by_cell
from sea_ice_kedro.imagery.classes import SeaIceClass
from sea_ice_kedro.rasters.footprint import pixel_area_m2
from sea_ice_kedro.rasters.polar_grid import GridOptions, grid_of

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
        "cell_km": options.cell_km,
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
