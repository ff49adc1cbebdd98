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


def digest_of(about: object, *tables: pd.DataFrame) -> str:
    """Digest all values of tables, and what else is said of them: "sha256:..."."""
    digest = hashlib.sha256(str(about).encode())
    for table in tables:
        digest.update(" ".join(map(str, table)).encode())
        hashed = pd.util.hash_pandas_object(table, index=False)
        digest.update(hashed.to_numpy().tobytes())
    return f"sha256:{digest.hexdigest()}"
