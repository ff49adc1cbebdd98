"""Attributes of a NetCDF file and its variables (CF 1.8, ACDD 1.3).

Standard names and area types are those of the CF tables.
"""

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from pyproj import CRS

from sea_ice_kedro import __version__
from sea_ice_kedro.imagery.arrays import SIMULATED
from sea_ice_kedro.imagery.classes import SeaIceClass

Attributes = dict[str, Any]

DIMENSIONS = ("time", "y", "x")

_FILL = -1.0
"""Fill value of quantities that are never negative."""

PACKED: Attributes = {
    "_FillValue": _FILL,
    "zlib": True,
    "complevel": 4,
    "shuffle": True,
}
"""How shares of cells are stored."""

FILLED: Attributes = {"_FillValue": _FILL}

WHOLE: Attributes = {"_FillValue": None}
"""What has no gaps."""

TIME: Attributes = {
    "standard_name": "time",
    "long_name": "day of acquisition, UTC",
    "units": "days since 1970-01-01 00:00:00",
    "calendar": "standard",
    "axis": "T",
    "bounds": "time_bounds",
}
LATITUDE: Attributes = {
    "standard_name": "latitude",
    "long_name": "latitude of the cell's centre",
    "units": "degrees_north",
}
LONGITUDE: Attributes = {
    "standard_name": "longitude",
    "long_name": "longitude of the cell's centre",
    "units": "degrees_east",
}
HEIGHT: Attributes = {
    "standard_name": "height_above_mean_sea_level",
    "long_name": "height of the surface that was observed",
    "units": "m",
    "positive": "up",
    "axis": "Z",
}
CELL_AREA: Attributes = {
    "standard_name": "cell_area",
    "long_name": "true area of the cell",
    "coverage_content_type": "auxiliaryInformation",
    "units": "m2",
    "grid_mapping": "crs",
    "coordinates": "latitude longitude",
}
REGION: Attributes = {"long_name": "name of the region"}
AREA_TYPE: Attributes = {
    "standard_name": "area_type",
    "long_name": "what a fraction is the area of",
}
ICE_TYPE, WATER_TYPE = "ice_area_type", "water_area_type"
AREA_TYPES = {ICE_TYPE: "sea_ice", WATER_TYPE: "ice_free_sea"}
"""Scalar coordinate -> its value; `area_fraction` says by one of them of what it is."""

_OF_WHAT = "of the area that was observed on the day; not of the whole cell"
_ON_GRID: Attributes = {
    "grid_mapping": "crs",
    "coordinates": "latitude longitude",
    "cell_measures": "area: cell_area",
    "cell_methods": "time: mean area: mean",
    "coverage_content_type": "thematicClassification",
    "units": "1",
    "valid_min": np.float32(0),
    "valid_max": np.float32(1),
}
OBSERVED: Attributes = {
    **_ON_GRID,
    "standard_name": "area_fraction",
    "long_name": "share of the cell that was observed",
    "coverage_content_type": "qualityInformation",
    "comment": "area seen by several scenes of a day counts as often, up to the cell",
}


def share(name: str) -> Attributes:
    """Describe a share of a cell's observed area.

    Args:
        name: "sea_ice_concentration" or "<class>_fraction".
    """
    if name == "sea_ice_concentration":
        standard = {"standard_name": "sea_ice_area_fraction"}
        return {
            **_ON_GRID,
            **standard,
            "long_name": "sea ice concentration",
            "comment": _OF_WHAT,
        }
    label = name.removesuffix("_fraction").replace("_", " ")
    is_water = name.startswith(SeaIceClass.OPEN_WATER.key)
    return {
        **_ON_GRID,
        "standard_name": "area_fraction",
        "long_name": f"area fraction of {label}",
        "coordinates": f"latitude longitude {WATER_TYPE if is_water else ICE_TYPE}",
        "comment": f"a class of appearance, not a WMO stage; {_OF_WHAT}",
    }


def axis(name: str) -> Attributes:
    """Describe an axis of the projection, "x" or "y"."""
    return {
        "standard_name": f"projection_{name}_coordinate",
        "long_name": f"{name} of the cell's centre",
        "units": "m",
        "axis": name.upper(),
        "bounds": f"{name}_bounds",
    }


def grid_mapping(crs: str) -> Attributes:
    """Describe a projection, "EPSG:3413", in CF's terms and as WKT."""
    projection = CRS.from_user_input(crs)
    attributes = projection.to_cf()
    if attributes["grid_mapping_name"] == "polar_stereographic":
        # CF asks which pole; PROJ knows it by the parallel of true scale.
        parallel = attributes.get("standard_parallel", 90.0)
        pole = 90.0 if parallel > 0 else -90.0
        attributes.setdefault("latitude_of_projection_origin", pole)
    return {"long_name": f"projection of the grid, {crs}", **attributes}


def of_file(
    crs: str,
    sources: Collection[str],
    lands: Collection[str],
    own: Mapping[str, str],
) -> Attributes:
    """Describe the whole file. No time of making: same input, same bytes.

    Args:
        crs: Of the grid, "EPSG:3413".
        sources: Of the scenes: "sample" (simulated), "folder", ...
        lands: Names and digests of the masks of land that were named.
        own: Attributes that only the user knows (`creator_name`, `license`,
            `date_created`); they take the place of those written here.
    """
    kinds = [
        "simulated scenes, no observations" if one == SIMULATED else f"scenes ({one})"
        for one in sources
    ]
    scenes = " and ".join(kinds) or "scenes"
    software = f"sea_ice_kedro {__version__}"
    land = (
        f"Land and ice shelf of {' and '.join(lands)} are not observed."
        if lands
        else "Land and ice shelf count as thick ice: no mask of them was named."
    )
    return {
        "Conventions": "CF-1.8, ACDD-1.3",
        "title": "Sea ice concentration and classes of appearance by day",
        "summary": "Daily sea ice concentration and fractions of thick ice, thin ice "
        "and open water on a polar grid, of what optical scenes showed of each cell "
        "that day; and the same summed over regions.",
        "keywords": "EARTH SCIENCE > CRYOSPHERE > SEA ICE > SEA ICE CONCENTRATION, "
        "EARTH SCIENCE > CRYOSPHERE > SEA ICE > ICE TYPES",
        "keywords_vocabulary": "GCMD Science Keywords",
        "standard_name_vocabulary": "CF Standard Name Table v93",
        "institution": "made with sea_ice_kedro; see source",
        "source": f"{scenes}, classified by {software}",
        "history": f"{software}: gridding (cells of {crs}), time_series",
        "references": "https://arxiv.org/abs/2403.13135",
        "comment": "NaN or _FillValue where nothing was observed, which is never open "
        f"water. {land}",
        "product_version": __version__,
        "processing_level": "Level 3",
        "cdm_data_type": "Grid",
        **own,
    }


def of_extent(
    crs: str,
    days: list[str],
    degrees: tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]],
    edges: tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]],
) -> Attributes:
    """Describe which days and which part of the Earth a file holds (ACDD 1.3).

    Args:
        crs: Of the grid.
        days: Every day, in order.
        degrees: Longitudes and latitudes of the cells' centres.
        edges: Edges of the cells in x and in y, metres.
    """
    longitudes, latitudes = degrees
    (west, east), (south, north) = ((e.min(), e.max()) for e in edges)
    corners = [(west, south), (west, north), (east, north), (east, south)]
    ring = ", ".join(f"{x:.0f} {y:.0f}" for x, y in [*corners, corners[0]])
    return {
        "time_coverage_start": f"{days[0]}T12:00:00Z",
        "time_coverage_end": f"{days[-1]}T12:00:00Z",
        "time_coverage_duration": f"P{len(days)}D",
        "time_coverage_resolution": "P1D",
        "geospatial_bounds": f"POLYGON (({ring}))",
        "geospatial_bounds_crs": crs,
        "geospatial_lat_min": float(latitudes.min()),
        "geospatial_lat_max": float(latitudes.max()),
        "geospatial_lat_units": "degrees_north",
        "geospatial_lon_min": float(longitudes.min()),
        "geospatial_lon_max": float(longitudes.max()),
        "geospatial_lon_units": "degrees_east",
        "geospatial_bounds_vertical_crs": "EPSG:5714",
        "geospatial_vertical_min": 0.0,
        "geospatial_vertical_max": 0.0,
        "geospatial_vertical_positive": "up",
        "geospatial_vertical_units": "m",
    }


def _per_region(long_name: str, units: str, **more: str) -> Attributes:
    return {
        "long_name": f"{long_name}, by region",
        "units": units,
        "cell_methods": "time: mean",
        "coordinates": "region_name",
        "coverage_content_type": "thematicClassification",
        **more,
    }


REGIONAL: dict[str, tuple[str, Attributes]] = {
    "sea_ice_concentration": (
        "region_sea_ice_concentration",
        _per_region(
            "sea ice concentration of what was observed",
            "1",
            standard_name="sea_ice_area_fraction",
        ),
    ),
    "coverage": (
        "region_coverage",
        _per_region(
            "share of the region that was observed",
            "1",
            standard_name="area_fraction",
            coverage_content_type="qualityInformation",
        ),
    ),
    "observed_km2": (
        "region_observed_area",
        _per_region(
            "area observed",
            "km2",
            standard_name="sea_area",
            coverage_content_type="qualityInformation",
        ),
    ),
    **{
        f"{c.key}_km2": (
            f"region_{c.key}_area",
            _per_region(
                f"area of {c.label} in what was observed",
                "km2",
                standard_name="sea_area"
                if c is SeaIceClass.OPEN_WATER
                else "sea_ice_area",
            ),
        )
        for c in SeaIceClass
    },
}
"""Column of the table -> variable and what it is."""
