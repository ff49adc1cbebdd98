"""The rows of a daily grid, in memory: maps of days and series of regions from them."""

import hashlib
import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, cast

import narwhals as nw
import numpy as np
import numpy.typing as npt
import pandas as pd
from narwhals.typing import IntoFrame

from sea_ice_kedro.errors import InvalidOption
from sea_ice_kedro.imagery.arrays import Georeference
from sea_ice_kedro.imagery.classes import NODATA, SeaIceClass
from sea_ice_kedro.rasters.polar_grid import (
    CellGrid,
    ConcentrationRaster,
    expect_room,
    in_percent,
)
from sea_ice_kedro.sources.regions import WHOLE_RUN, NamedRegion, Region, Ring

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


# --- The cells of a day as a raster on their grid


@dataclass(frozen=True, eq=False)
class DayCells:
    """Observations of a grid on one day."""

    day: str
    grid: CellGrid
    frame: Frame
    """Of the whole run, so that the maps of all days lie on each other."""

    cells: pd.DataFrame
    """As `cells_by_day` makes them, of that day."""

    sources: tuple[str, ...] = ()
    """As `ConcentrationRaster` has them."""

    lands: tuple[str, ...] = ()

    def fingerprint(self) -> str:
        """Digest all values."""
        corner = int(self.frame.rows[0]), int(self.frame.columns[0])
        frame = self.grid, self.frame.shape[1:], corner
        return digest_of((frame, self.sources, self.lands), self.cells)


def day_cells(
    cells: pd.DataFrame, sources: tuple[str, ...], lands: tuple[str, ...]
) -> Iterator[tuple[str, DayCells]]:
    """Return each observed day of each grid with its name, "2019-11-03_epsg6932_25km".

    Args:
        cells: As `cells_by_day` makes them.
        sources: Of the scenes of the run.
        lands: Masks of land that were named.
    """
    for grid, part in grids_of(cells):
        frame = frame_of(part)
        for day, of_day in part.groupby("day"):
            name = f"{day}_{name_of(grid)}"
            yield name, DayCells(str(day), grid, frame, of_day, sources, lands)


_MOST_CELLS = 400_000_000
"""Of a map of one day: a byte each, twice."""


def map_day(day: DayCells) -> ConcentrationRaster:
    """Lay one day's cells out, a pixel a cell; 255 where nothing was observed."""
    cells, grid, frame = day.cells, day.grid, day.frame
    places, shape = frame.places(cells), frame.shape[1:]
    expect_room(*shape, _MOST_CELLS, f"map of {day.day}")

    def laid_out(values: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
        filled = np.full(shape, NODATA, np.uint8)
        filled[places] = values
        return filled

    observed = cells["observed_km2"].to_numpy()
    ice = cells[ICE_AREAS].sum(axis=1).to_numpy()
    covered = np.ceil(observed / cells["cell_area_km2"].to_numpy() * 100)
    side, left, top = grid.cell_m, frame.columns[0], frame.rows[0] + 1
    place = (side, 0.0, float(left * side), 0.0, -side, float(top * side))
    return ConcentrationRaster(
        day.day,
        laid_out(in_percent(ice / observed)),
        laid_out(np.minimum(covered, 100).astype(np.uint8)),
        Georeference(grid.crs, place),
        day.sources,
        day.lands,
    )


# --- From daily cells to regions: areas, concentration, and how much was looked at

Floats = npt.NDArray[np.float64]

COLUMNS = [
    *("region", "grid", "cell_km", "day", "observed_cells", "region_km2"),
    *("observed_km2", "coverage", *CLASS_AREAS, "sea_ice_concentration"),
]

_MAX_SAMPLES = 2_000_000
"""Of cells that are asked whether they lie in a region; of more, every n-th is."""

_OUTLINE_STEP_DEG = 0.25


def regional_series(
    cells: pd.DataFrame, regions: Iterable[NamedRegion]
) -> pd.DataFrame:
    """Sum the cells of each region day by day, also on days without any.

    A cell belongs to a region that holds its centre.

    Args:
        cells: As `cells_by_day` makes them.
        regions: Beside the whole run, which is every cell that was observed on any day.

    Returns:
        A row a region, grid and calendar day, `COLUMNS`: `region_km2`, the true area
        of all cells of the region; `coverage`, the share of it that was observed that
        day, 0..1; class areas of what was observed, and `sea_ice_concentration`, 0..1,
        ice area / observed area: NaN on a day without observation.
    """
    chosen = list(regions)
    rows, seen = [pd.DataFrame(columns=COLUMNS)], set()
    for grid, part in grids_of(cells):
        whole = part.drop_duplicates(["cell_column", "cell_row"])["cell_area_km2"].sum()
        rows.append(_series(WHOLE_RUN, grid, part, part, whole))
        for named in chosen:
            inside = part[named.region.holds(part["longitude"], part["latitude"])]
            if len(inside):
                seen.add(named.name)
                area_km2 = region_area_km2(named.region, grid)
                rows.append(_series(named.name, grid, part, inside, area_km2))
    unseen = [named.name for named in chosen if named.name not in seen]
    if unseen:
        _LOG.warning(
            "no cell that was observed has its centre in %s: no time series; look at "
            "time_series.regions, or make gridding.grid.cell_km smaller",
            ", ".join(unseen),
        )
    made = [table for table in rows if len(table)] or rows
    return pd.concat(made, ignore_index=True)[COLUMNS]


def _series(
    name: str,
    grid: CellGrid,
    part: pd.DataFrame,
    inside: pd.DataFrame,
    region_km2: float,
) -> pd.DataFrame:
    """Sum the cells inside a region over all days that the grid was observed in."""
    areas = ["observed_km2", *CLASS_AREAS]
    by_day = inside.groupby("day")
    # Days without observation become rows without areas.
    sums = by_day[areas].sum().reindex(days_of(part))
    ice = sums[ICE_AREAS].sum(axis=1, min_count=1)
    table = sums.assign(
        region=name,
        grid=grid.crs,
        cell_km=grid.cell_m / 1e3,
        observed_cells=by_day.size().reindex(sums.index, fill_value=0),
        region_km2=region_km2,
        sea_ice_concentration=ice / sums["observed_km2"],
        observed_km2=sums["observed_km2"].fillna(0.0),
    )
    table["coverage"] = table["observed_km2"] / region_km2
    return table.rename_axis("day").reset_index()


def region_area_km2(region: Region, grid: CellGrid) -> float:
    """Sum the true areas of all cells of a grid whose centres a region holds.

    Of more than two million cells around the region every n-th row and column stands
    for its neighbours.
    """
    columns, rows = _extent(region, grid)
    step = int(np.ceil(np.sqrt(len(columns) * len(rows) / _MAX_SAMPLES))) or 1
    total = 0.0
    for row in rows[::step]:
        x, y = grid.centres(columns[::step], np.full(len(columns[::step]), row))
        longitudes, latitudes = grid.degrees(x, y)
        inside = region.holds(longitudes, latitudes)
        if inside.any():
            areas = grid.areas_km2(longitudes[inside], latitudes[inside])
            total += float(areas.sum())
    return total * step**2


def _extent(
    region: Region, grid: CellGrid
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return columns and rows of the cells around a region."""
    outline = np.concatenate([_densified(ring) for ring in region.rings], axis=1)
    x, y = grid.project(*outline)
    places = np.floor(np.array([x, y]) / grid.cell_m).astype(np.int64)
    (left, right), (bottom, top) = ((p.min(), p.max() + 1) for p in places)
    return np.arange(left, right), np.arange(bottom, top)


def _densified(ring: Ring) -> Floats:
    """Put points along a ring's sides, which are straight in degrees: (2, N)."""
    corners = np.array(ring)
    sides = np.abs(np.roll(corners, -1, axis=0) - corners).max(axis=1)
    parts = [
        start + (end - start) * np.linspace(0, 1, _points(side))[:, None]
        for start, end, side in zip(
            corners, np.roll(corners, -1, axis=0), sides, strict=True
        )
    ]
    return np.asarray(np.concatenate(parts).T)


def _points(side_deg: float) -> int:
    return 2 + int(side_deg / _OUTLINE_STEP_DEG)
