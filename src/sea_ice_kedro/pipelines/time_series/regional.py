"""From daily cells to regions: areas, concentration, and how much was looked at."""

import logging
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import pandas as pd

from sea_ice_kedro.pipelines.time_series.daily_cells import (
    CLASS_AREAS,
    ICE_AREAS,
    days_of,
    grids_of,
)
from sea_ice_kedro.rasters.polar_grid import CellGrid
from sea_ice_kedro.sources.named_regions import WHOLE_RUN, NamedRegion
from sea_ice_kedro.sources.regions import Region, Ring

_LOG = logging.getLogger(__name__)

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
