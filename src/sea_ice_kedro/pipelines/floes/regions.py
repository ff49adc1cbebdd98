"""Rows of the floes and leads of one map."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from sea_ice_kedro.datasets.files import Regions
from sea_ice_kedro.imagery.arrays import ClassMap
from sea_ice_kedro.imagery.floe_options import FloeOptions
from sea_ice_kedro.imagery.floes import Floats, find_floes
from sea_ice_kedro.imagery.leads import find_leads
from sea_ice_kedro.rasters.footprint import places
from sea_ice_kedro.rasters.ground import bearings_deg, degrees, square_pixel_m

_ASSUMED_M = 10.0
"""Side of a pixel where the map does not say: Sentinel-2's."""

_PLACE = {
    "x": "float64",
    "y": "float64",
    "longitude": "float64",
    "latitude": "float64",
    "touches_edge": "bool",
}
FLOE_KINDS = {
    "scene_id": "string",
    "floe": "int64",
    "area_km2": "float64",
    "mean_caliper_m": "float64",
    "effective_diameter_m": "float64",
    "perimeter_m": "float64",
    "area_px": "int64",
    "mean_caliper_px": "float64",
    **_PLACE,
}
LEAD_KINDS = {
    "scene_id": "string",
    "lead": "int64",
    "area_km2": "float64",
    "length_m": "float64",
    "width_m": "float64",
    "widest_m": "float64",
    "orientation_deg": "float64",
    "area_px": "int64",
    "length_px": "float64",
    "width_px": "float64",
    **_PLACE,
    "resolvable": "bool",
}


def floes_of(class_map: ClassMap, options: FloeOptions) -> Regions:
    """Find the floes of a map, with a row each.

    Lengths and areas are of the ground; NaN where the map has no georeference, `x` and
    `y` are column and row there.

    Raises:
        InvalidScene: if pixels are not square on the ground.
    """
    pixel_m = _pixel_m(class_map)
    floes = find_floes(class_map.codes, options)
    columns = {
        "scene_id": class_map.scene_id,
        "floe": np.arange(1, len(floes.area_px) + 1),
        "area_km2": _km2(floes.area_px, pixel_m),
        "mean_caliper_m": np.round(floes.caliper_px * pixel_m, 1),
        "effective_diameter_m": np.round(
            np.sqrt(4 / np.pi * floes.area_px) * pixel_m, 1
        ),
        "perimeter_m": np.round(floes.perimeter_px * pixel_m, 1),
        "area_px": floes.area_px,
        "mean_caliper_px": np.round(floes.caliper_px, 2),
        **_place(class_map, floes.columns, floes.rows),
        "touches_edge": floes.touches_edge,
    }
    rows = _table(columns, FLOE_KINDS)
    return Regions(rows, floes.labels, class_map.georeference)


def leads_of(class_map: ClassMap, options: FloeOptions) -> Regions:
    """Find the leads of a map, with a row each.

    Lengths and areas are of the ground, orientations from true north; NaN where the map
    has no georeference, `x` and `y` are column and row there.

    Raises:
        InvalidScene: if pixels are not square on the ground.
    """
    pixel_m = _pixel_m(class_map)
    assumed = _ASSUMED_M if np.isnan(pixel_m) else pixel_m
    leads = find_leads(class_map.codes, assumed, options)
    place = class_map.georeference
    bearings = (
        np.full(len(leads.area_px), np.nan)
        if place is None
        else bearings_deg(place, leads.columns, leads.rows, leads.along)
    )
    columns = {
        "scene_id": class_map.scene_id,
        "lead": np.arange(1, len(leads.area_px) + 1),
        "area_km2": _km2(leads.area_px, pixel_m),
        "length_m": np.round(leads.length_px * pixel_m, 1),
        "width_m": np.round(leads.width_px * pixel_m, 1),
        "widest_m": np.round(leads.widest_px * pixel_m, 1),
        "orientation_deg": np.round(bearings, 1) % 180,
        "area_px": leads.area_px,
        "length_px": np.round(leads.length_px, 1),
        "width_px": np.round(leads.width_px, 2),
        **_place(class_map, leads.columns, leads.rows),
        "touches_edge": leads.touches_edge,
        "resolvable": leads.width_px >= options.narrowest_px,
    }
    return Regions(_table(columns, LEAD_KINDS), leads.labels, place)


def _pixel_m(class_map: ClassMap) -> float:
    """Return the side of a pixel on the ground, m; NaN without a georeference."""
    place = class_map.georeference
    if place is None:
        return float("nan")
    return square_pixel_m(place, class_map.shape, class_map.scene_id)


def _km2(area_px: Floats, pixel_m: float) -> Floats:
    return np.asarray(np.round(area_px * (pixel_m**2 / 1e6), 6))


def _place(class_map: ClassMap, columns: Floats, rows: Floats) -> dict[str, Floats]:
    place = class_map.georeference
    nowhere = np.full(len(columns), np.nan)
    if place is None:
        x, y, longitude, latitude = columns, rows, nowhere, nowhere
    else:
        x, y = places(place, columns, rows)
        longitude, latitude = degrees(place, columns, rows)
    return {
        "x": np.round(x, 2),
        "y": np.round(y, 2),
        "longitude": longitude,
        "latitude": latitude,
    }


def _table(columns: Mapping[str, object], kinds: Mapping[str, str]) -> pd.DataFrame:
    return pd.DataFrame(columns)[list(kinds)].astype(kinds)
