"""The rows of a daily grid as every product in time needs them, in memory."""

import hashlib
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

import narwhals as nw
import numpy as np
import numpy.typing as npt
import pandas as pd
from narwhals.typing import IntoFrame

from sea_ice_kedro.errors import InvalidOption
from sea_ice_kedro.imagery.classes import SeaIceClass
from sea_ice_kedro.rasters.polar_grid import CellGrid

_LOG = logging.getLogger(__name__)

CLASS_AREAS = [f"{c.key}_km2" for c in SeaIceClass]
ICE_AREAS = [f"{c.key}_km2" for c in (SeaIceClass.THICK_ICE, SeaIceClass.THIN_ICE)]

_TAKEN = [
    *("day", "grid", "cell_km", "cell_column", "cell_row", "longitude", "latitude"),
    *("scenes", "observed_km2", *CLASS_AREAS),
]


def cells_by_day(daily_grid: IntoFrame) -> pd.DataFrame:
    """Take the rows whose day is known into memory, from pandas or Spark.

    What several scenes of a day saw counts as often in the daily grid, but no cell can
    be seen more than whole: areas beyond a cell's true area are scaled down to it.

    Args:
        daily_grid: A row a day and cell that was observed.

    Returns:
        The rows, `day` as "2019-11-03"; `cell_area_km2`, the true area of the cell;
        `observed_km2` and `<class>_km2`, at most that.
    """
    table: Any = daily_grid  # `from_native` has no type for "eager or lazy"
    rows = nw.from_native(table).lazy().select(*_TAKEN).collect("pandas").to_native()
    cells = cast("pd.DataFrame", rows).astype({"grid": str})
    known = cells["day"].notna() & (cells["day"] != "")
    if not known.all():
        _LOG.warning(
            "%d of %d rows of the daily grid have no day, as their scenes have no time "
            "of acquisition; they are in no time series",
            (~known).sum(),
            len(cells),
        )
    cells = cells[known].reset_index(drop=True)
    cells["cell_area_km2"] = np.nan
    for grid, part in grids_of(cells):
        areas = grid.areas_km2(*(part[n].to_numpy() for n in ("longitude", "latitude")))
        cells.loc[part.index, "cell_area_km2"] = areas
    seen = np.minimum(1.0, cells["cell_area_km2"] / cells["observed_km2"])
    scaled = {n: cells[n] * seen for n in ("observed_km2", *CLASS_AREAS)}
    return cells.assign(**scaled)


def grids_of(cells: pd.DataFrame) -> Iterator[tuple[CellGrid, pd.DataFrame]]:
    """Return the rows of each grid; a run over both hemispheres has two."""
    groups: Any = cells.groupby(["grid", "cell_km"])  # keys have no type
    for (crs, cell_km), part in groups:
        yield CellGrid(str(crs), float(cell_km) * 1e3), part


def name_of(grid: CellGrid) -> str:
    """Name a grid for files: "epsg6932_25km"."""
    return f"{grid.crs.replace(':', '').lower()}_{grid.cell_m / 1e3:g}km"


def days_of(cells: pd.DataFrame) -> list[str]:
    """List every day from the first to the last that was observed, gaps included."""
    days = pd.date_range(cells["day"].min(), cells["day"].max(), freq="D")
    return [day.date().isoformat() for day in days]


@dataclass(frozen=True, eq=False)
class Frame:
    """The days, rows and columns that hold all that was observed in a grid."""

    days: list[str]
    """Every calendar day from first to last."""

    rows: npt.NDArray[np.int64]
    """Rows of the grid, from the highest y downwards."""

    columns: npt.NDArray[np.int64]

    @property
    def shape(self) -> tuple[int, int, int]:
        """Days, rows, columns."""
        return len(self.days), len(self.rows), len(self.columns)

    def places(self, cells: pd.DataFrame) -> tuple[npt.NDArray[np.int64], ...]:
        """Return row and column within the frame of each cell."""
        rows = self.rows[0] - cells["cell_row"].to_numpy()
        return rows, cells["cell_column"].to_numpy() - self.columns[0]


def frame_of(cells: pd.DataFrame) -> Frame:
    """Return the smallest frame of one grid's cells."""
    rows, columns = (
        np.arange(cells[name].min(), cells[name].max() + 1)
        for name in ("cell_row", "cell_column")
    )
    return Frame(days_of(cells), rows[::-1], columns)


_NSIDC_KM = {
    "EPSG:3413": (-3850, 3750, -5350, 5850),
    "EPSG:3976": (-3950, 3950, -3950, 4350),
    "EPSG:6931": (-9000, 9000, -9000, 9000),
    "EPSG:6932": (-9000, 9000, -9000, 9000),
}
"""Projection -> west, east, south, north of NSIDC's polar stereographic grids
(Cavalieri et al. 1999) and EASE-Grids 2.0 (Brodzik et al. 2012)."""


def whole_frame(grid: CellGrid, observed: Frame) -> Frame:
    """Return the frame of all cells that NSIDC's grid in this projection has.

    Args:
        grid: Cells whose edges meet those of NSIDC's: 25, 12.5 or 6.25 km, for example.
        observed: Frame of what was observed, which must lie within.

    Raises:
        InvalidOption: if NSIDC has no grid in this projection, if its edge is no edge
            of a cell, or if something was observed outside.
    """
    extent = _NSIDC_KM.get(grid.crs)
    if extent is None:
        raise InvalidOption(
            f"expected a grid in one of {', '.join(_NSIDC_KM)} with "
            f"time_series.whole_grid, got {grid.crs}; change gridding.grid, or take "
            "time_series.whole_grid=false"
        )
    west, east, south, north = (km * 1e3 / grid.cell_m for km in extent)
    if any(not edge.is_integer() for edge in (west, east, south, north)):
        raise InvalidOption(
            f"expected gridding.grid.cell_km to divide the edges of NSIDC's grid in "
            f"{grid.crs}, {extent} km, with time_series.whole_grid, got "
            f"{grid.cell_m / 1e3:g}; take 25, 12.5 or 6.25"
        )
    rows = np.arange(int(south), int(north), dtype=np.int64)[::-1]
    columns = np.arange(int(west), int(east), dtype=np.int64)
    inside = set(observed.rows) <= set(rows) and set(observed.columns) <= set(columns)
    if not inside:
        raise InvalidOption(
            f"expected all that was observed within NSIDC's grid in {grid.crs}, "
            f"{extent} km, with time_series.whole_grid, got cells outside; take "
            "time_series.whole_grid=false, or the projection of the other hemisphere"
        )
    return Frame(observed.days, rows, columns)


def digest_of(about: object, *tables: pd.DataFrame) -> str:
    """Digest all values of tables, and what else is said of them: "sha256:..."."""
    digest = hashlib.sha256(str(about).encode())
    for table in tables:
        digest.update(" ".join(map(str, table)).encode())
        hashed = pd.util.hash_pandas_object(table, index=False)
        digest.update(hashed.to_numpy().tobytes())
    return f"sha256:{digest.hexdigest()}"
