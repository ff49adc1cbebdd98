"""The cells of a day as a raster on their grid."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from sea_ice_kedro.imagery.arrays import Georeference
from sea_ice_kedro.imagery.classes import NODATA
from sea_ice_kedro.pipelines.time_series.daily_cells import (
    ICE_AREAS,
    Frame,
    digest_of,
    frame_of,
    grids_of,
    name_of,
)
from sea_ice_kedro.rasters.concentration import ConcentrationRaster, in_percent
from sea_ice_kedro.rasters.polar_grid import CellGrid


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


def map_day(day: DayCells) -> ConcentrationRaster:
    """Lay one day's cells out, a pixel a cell; 255 where nothing was observed."""
    cells, grid, frame = day.cells, day.grid, day.frame
    places, shape = frame.places(cells), frame.shape[1:]

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
