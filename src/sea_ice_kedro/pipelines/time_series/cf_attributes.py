"""Attributes of a NetCDF file's variables (CF conventions 1.8).

Standard names are those of the CF standard name table.
"""

from collections.abc import Collection
from typing import Any

import numpy as np
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
CELL_AREA: Attributes = {
    "standard_name": "cell_area",
    "long_name": "true area of the cell",
    "units": "m2",
    "grid_mapping": "crs",
    "coordinates": "latitude longitude",
}
REGION: Attributes = {"long_name": "name of the region"}

_OF_WHAT = "of the area that was observed on the day; not of the whole cell"
_ON_GRID: Attributes = {
    "grid_mapping": "crs",
    "coordinates": "latitude longitude",
    "cell_measures": "area: cell_area",
    "cell_methods": "time: mean area: mean",
    "units": "1",
    "valid_min": np.float32(0),
    "valid_max": np.float32(1),
}
OBSERVED: Attributes = {
    **_ON_GRID,
    "long_name": "share of the cell that was observed",
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
    comment = f"a class of appearance, not a WMO stage; {_OF_WHAT}"
    return {**_ON_GRID, "long_name": f"area fraction of {label}", "comment": comment}


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


def of_file(crs: str, sources: Collection[str] = ()) -> Attributes:
    """Describe the whole file. No time of making: same input, same bytes.

    Args:
        crs: Of the grid.
        sources: Of the scenes: "sample" (simulated), "folder", ...
    """
    kinds = [
        "simulated scenes, no observations" if one == SIMULATED else f"scenes ({one})"
        for one in sources
    ]
    scenes = " and ".join(kinds) or "scenes"
    software = f"sea_ice_kedro {__version__}"
    return {
        "Conventions": "CF-1.8",
        "title": "Sea ice concentration and classes of appearance by day",
        "institution": "made with sea_ice_kedro; see source",
        "source": f"{scenes}, classified by {software}",
        "history": f"{software}: gridding (cells of {crs}), time_series",
        "references": "https://arxiv.org/abs/2403.13135",
        "comment": "NaN or _FillValue where nothing was observed, which is never open "
        "water. There is no mask of land: it counts as thick ice.",
    }


def _per_region(long_name: str, units: str, **more: str) -> Attributes:
    return {
        "long_name": f"{long_name}, by region",
        "units": units,
        "cell_methods": "time: mean",
        "coordinates": "region_name",
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
        _per_region("share of the region that was observed", "1"),
    ),
    "observed_km2": ("region_observed_area", _per_region("area observed", "km2")),
    **{
        f"{c.key}_km2": (
            f"region_{c.key}_area",
            _per_region(f"area of {c.label} in what was observed", "km2"),
        )
        for c in SeaIceClass
    },
}
"""Column of the table -> variable and what it is."""
