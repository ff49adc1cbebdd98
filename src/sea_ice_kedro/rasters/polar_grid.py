"""Grids of square cells in a polar projection, scenes in them, rasters of them."""

import re
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from pyproj import CRS, Proj, Transformer
from pyproj.exceptions import CRSError

from sea_ice_kedro.errors import InvalidOption, InvalidScene
from sea_ice_kedro.imagery.arrays import Georeference, Grey
from sea_ice_kedro.imagery.cell_counts import CellPositions
from sea_ice_kedro.rasters.footprint import (
    centre_deg,
    pixel_area_m2,
    places,
    to_degrees,
)

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

AUTO = "auto"
EASE_GRID_2_NORTH = "EPSG:6931"
EASE_GRID_2_SOUTH = "EPSG:6932"
"""Equal-area grids of the hemispheres (Brodzik et al. 2012)."""

_CELL_KM = (0.1, 1000.0)
_SIZES_KM = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 12.5, 25.0)
_ACROSS = 10
"""Cells that the shorter side of a scene holds at least, with "auto"."""


@dataclass(frozen=True)
class GridOptions:
    """The cells that scenes are counted in."""

    crs: str = AUTO
    """Projection of the grid, "EPSG:3413"; "auto": EASE-Grid 2.0 of the hemisphere."""

    cell_km: float | str = 25.0
    """Side of a cell, in km of the projection; "auto": the largest of 0.1, 0.25, 0.5,
    1, 2.5, 5, 12.5 and 25 of which the shorter side of a scene holds ten."""

    def __post_init__(self) -> None:
        """Refuse what is no grid in metres."""
        number = isinstance(self.cell_km, int | float) and self.cell_km is not True
        lowest, highest = _CELL_KM
        within = number and lowest <= float(self.cell_km) <= highest
        if not within and self.cell_km != AUTO:
            raise InvalidOption(
                f"expected gridding.grid.cell_km to be {lowest:g} to {highest:g} km or "
                f'"auto", got {self.cell_km!r}'
            )
        if self.crs != AUTO:
            _expect_metres(self.crs)


def _expect_metres(crs: str) -> None:
    axes = []
    if isinstance(crs, str) and re.fullmatch("EPSG:[0-9]+", crs):
        try:
            known = CRS.from_user_input(crs)
            axes = known.axis_info if known.is_projected else []
        except CRSError:
            axes = []
    if [axis.unit_name for axis in axes] != ["metre", "metre"]:
        raise InvalidOption(
            'expected gridding.grid.crs to be "auto" or a projection in metres by its '
            'number ("EPSG:3413": polar stereographic north, "EPSG:3976": south), got '
            f"{crs!r}"
        )


@dataclass(frozen=True)
class CellGrid:
    """Square cells around the origin of a projection: column 0 is x = 0..cell side."""

    crs: str
    """"EPSG:6932"."""

    cell_m: float
    """Side of a cell in m of the projection."""

    def positions(self, georeference: Georeference) -> CellPositions:
        """Make the function that says where in the grid a place of a scene lies.

        It raises `InvalidScene` for a place that the projection does not show.

        Args:
            georeference: Where the scene lies, in any CRS.
        """
        to_grid = Transformer.from_crs(georeference.crs, self.crs, always_xy=True)

        def positions(columns: Floats, rows: Floats) -> tuple[Floats, Floats]:
            x, y = to_grid.transform(*places(georeference, columns, rows))
            if not (np.isfinite(x).all() and np.isfinite(y).all()):
                _, _, c, _, _, f = georeference.transform
                raise InvalidScene(
                    f"expected a scene that lies in {self.crs}, got one in "
                    f"{georeference.crs} around ({c:g}, {f:g}) that does not; is its "
                    "georeference right? Otherwise choose another gridding.grid.crs"
                )
            return x / self.cell_m, y / self.cell_m

        return positions

    def centres(self, columns: Integers, rows: Integers) -> tuple[Floats, Floats]:
        """Return x and y of cells' centres, in m of the projection: float64 (N,)."""
        return (columns + 0.5) * self.cell_m, (rows + 0.5) * self.cell_m

    def degrees(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        """Return longitude -180..180 and latitude of places, to a millionth degree."""
        # Lists: pyproj takes an array of one value for a scalar.
        transform = to_degrees(self.crs).transform
        longitudes, latitudes = transform(x.tolist(), y.tolist())
        return np.round(longitudes, 6), np.round(latitudes, 6)

    def project(self, longitudes: Floats, latitudes: Floats) -> tuple[Floats, Floats]:
        """Return x and y of places in degrees, in m of the projection: float64 (N,).

        Raises:
            InvalidScene: if the projection does not show a place.
        """
        crs = CRS.from_user_input(self.crs)
        to_grid = Transformer.from_crs(crs.geodetic_crs, crs, always_xy=True)
        x, y = map(np.asarray, to_grid.transform(longitudes, latitudes))
        if not (np.isfinite(x).all() and np.isfinite(y).all()):
            raise InvalidScene(
                f"expected places that lie in {self.crs}, got some that do not, such "
                f"as {latitudes[~np.isfinite(x)][0]:g}° north"
            )
        return x, y

    def areas_km2(self, longitudes: Floats, latitudes: Floats) -> Floats:
        """Return the true area of cells by their centres' degrees: float64 (N,).

        Of the areal scale at the centre, to 100 m²; in an equal-area grid all are the
        same.
        """
        factors = Proj(self.crs).get_factors(longitudes.tolist(), latitudes.tolist())
        scale = np.asarray(factors.areal_scale)
        return np.asarray(np.round((self.cell_m / 1e3) ** 2 / scale, 4))


def grid_of(
    georeference: Georeference, shape: tuple[int, int], options: GridOptions
) -> CellGrid:
    """Choose the grid of a scene.

    Args:
        georeference: Where the scene lies.
        shape: (H, W) in pixels.
        options: Projection and size of the cells. With "auto", the scene's centre
            tells the hemisphere (the equator is north), and its size that of cells.
    """
    crs = options.crs
    if crs == AUTO:
        _, latitude = centre_deg(georeference, shape)
        crs = EASE_GRID_2_NORTH if latitude >= 0 else EASE_GRID_2_SOUTH
    cell_km = options.cell_km
    if cell_km == AUTO:
        side_km = min(shape) * pixel_area_m2(georeference, shape) ** 0.5 / 1e3
        fit = [size for size in _SIZES_KM if _ACROSS * size <= side_km]
        cell_km = max(fit, default=_SIZES_KM[0])
    return CellGrid(crs, float(cell_km) * 1000.0)


def expect_room(rows: int, columns: int, most: int, what: str) -> None:
    """Refuse a rectangle of cells that is too large to lay out.

    Args:
        rows: From the first to the last cell, whether observed or not.
        columns: Alike.
        most: Cells that there is room for.
        what: What is laid out, for the message.

    Raises:
        InvalidOption: if there are more.
    """
    if rows * columns > most:
        raise InvalidOption(
            f"{what}: expected at most {most:,} cells between its observations, got "
            f"{rows:,} x {columns:,}; make gridding.grid.cell_km larger, or keep "
            "scenes that lie far apart in data roots of their own"
        )


# --- Sea ice concentration of one day as a raster


@dataclass(frozen=True, eq=False)
class ConcentrationRaster:
    """Concentration of a day in the cells of a polar grid, a pixel a cell."""

    day: str
    """In UTC, "2019-11-03"."""

    concentration: Grey
    """uint8 (H, W): ice in percent of what was observed, 0..100; 255 = not observed."""

    observed: Grey
    """uint8 (H, W): percent of the cell that was observed, 0..100, rounded up, so that
    only 0 means nothing; 255 where the first is."""

    georeference: Georeference
    sources: tuple[str, ...] = ()
    """Of the scenes of the run: "sample" (simulated), "folder", ..."""

    lands: tuple[str, ...] = ()
    """Names and digests of the masks of land that were named."""

    @property
    def shape(self) -> tuple[int, int]:
        """(H, W) in cells."""
        return self.concentration.shape[0], self.concentration.shape[1]


def in_percent(shares: npt.NDArray[np.float64]) -> npt.NDArray[np.uint8]:
    """Round shares, 0..1, to whole percent."""
    return np.asarray(np.rint(np.clip(shares, 0, 1) * 100), np.uint8)
