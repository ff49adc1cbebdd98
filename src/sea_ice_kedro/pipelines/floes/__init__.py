"""class_maps → floe_polygons, lead_polygons, their tables, summary and figure."""

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from kedro.pipeline import Node, Pipeline

from sea_ice_kedro.datasets.files import Regions
from sea_ice_kedro.datasets.parallel_partitions import StoredPartitions, load_many
from sea_ice_kedro.engines import Partitions, map_partitions
from sea_ice_kedro.imagery.arrays import ClassMap
from sea_ice_kedro.imagery.floes import Floats, FloeOptions, find_floes
from sea_ice_kedro.imagery.leads import find_leads
from sea_ice_kedro.pipelines.scenes import class_areas, facts_by_scene, of_index
from sea_ice_kedro.rasters.footprint import (
    bearings_deg,
    degrees,
    places,
    square_pixel_m,
)
from sea_ice_kedro.rasters.geotiff import Facts
from sea_ice_kedro.reporting.run_figures import SIZE_STEP, draw_floe_figure, size_edges

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


# --- A row a scene of floes and leads, and its floes by size

_NAN = float("nan")
_PER_KM2 = 1000.0

SIZES = (
    *("scene_id", "caliper_from_m", "caliper_to_m", "floes", "floes_at_edge"),
    *("area_km2", "as_large_per_1000_km2"),
)
"""Columns of the floes by size."""

SUMMARY = (
    *("scene_id", "acquired", "source", "observed_km2", "sea_ice_concentration"),
    *("floes", "floes_at_edge", "floe_km2", "median_caliper_m", "largest_caliper_m"),
    *("leads", "leads_resolvable", "lead_km2", "lead_fraction", "lead_length_km"),
    *("width_p10_m", "width_median_m", "width_p90_m"),
    *("orientation_deg", "orientation_concentration"),
)
"""Columns of the summary."""


def size_rows(
    scene_id: str,
    facts: Facts,
    floes: pd.DataFrame | None,
    options: FloeOptions,
) -> Iterator[tuple[Any, ...]]:
    """Count the floes of a scene in bins a factor of root 2 wide, that are complete.

    The first bin begins above the smallest size that is resolved. Floes that touch the
    edge are counted apart: their size is not known.

    Args:
        scene_id: Name of the scene.
        facts: Of its map.
        floes: Its floes, None where there are none.
        options: The smallest floe.
    """
    pixel_m = facts.get("pixel_area_m2", _NAN) ** 0.5
    if floes is None or not pixel_m > 0:
        return
    observed = _observed_km2(class_areas(scene_id, facts))
    caliper, whole = floes["mean_caliper_m"], ~floes["touches_edge"].astype(bool)
    for edge in size_edges(options.smallest_px * pixel_m, float(caliper.max())):
        here = (caliper >= edge) & (caliper < edge * SIZE_STEP)
        as_large = int((whole & (caliper >= edge)).sum())
        yield (
            scene_id,
            round(edge, 1),
            round(edge * SIZE_STEP, 1),
            int((here & whole).sum()),
            int((here & ~whole).sum()),
            _sum(floes["area_km2"][here & whole]),
            round(as_large / observed * _PER_KM2, 3),
        )


def summary_row(
    scene_id: str,
    facts: Facts,
    floes: pd.DataFrame | None,
    leads: pd.DataFrame | None,
) -> tuple[Any, ...]:
    """Sum up the floes and leads of a scene, in the order of `SUMMARY`.

    Sizes are of whole floes, widths and directions of resolvable leads, weighted by
    their length.
    """
    areas = class_areas(scene_id, facts)
    observed = _observed_km2(areas)
    row: list[Any] = [scene_id, areas["acquired"], areas["source"], observed]
    row.append(areas["sea_ice_concentration"])
    if floes is None:
        row += [0, 0, 0.0, _NAN, _NAN]
    else:
        at_edge = floes["touches_edge"].astype(bool)
        whole = floes["mean_caliper_m"][~at_edge].dropna()
        row += [len(floes), int(at_edge.sum()), _sum(floes["area_km2"])]
        row += [whole.median(), whole.max()]
    if leads is None:
        return (*row, 0, 0, 0.0, 0.0, 0.0, *[_NAN] * 5)
    pixels = sum(areas[key] for key in areas if key.endswith("_pixels"))
    resolved = leads[leads["resolvable"].astype(bool)]
    lengths = resolved["length_px"].to_numpy(float)
    return (
        *row,
        *(len(leads), len(resolved), _sum(leads["area_km2"])),
        *(round(leads["area_px"].sum() / pixels, 6), _sum(leads["length_m"] / 1e3)),
        *weighted_percentiles(resolved["width_m"].to_numpy(float), lengths),
        *mean_axis(resolved["orientation_deg"].to_numpy(float), lengths),
    )


def weighted_percentiles(values: Floats, weights: Floats) -> tuple[float, ...]:
    """Return the 10th, 50th and 90th percentile, NaN of nothing."""
    if not len(values):
        return _NAN, _NAN, _NAN
    order = np.argsort(values)
    share = np.cumsum(weights[order]) / weights.sum()
    last = len(values) - 1
    places = [min(int(np.searchsorted(share, p)), last) for p in (0.1, 0.5, 0.9)]
    return tuple(float(values[order][place]) for place in places)


def mean_axis(degrees: Floats, weights: Floats) -> tuple[float, float]:
    """Return the mean of axes, 0..180, and how much they agree, 0..1.

    Angles are doubled, so that an axis is the same turned around (Fisher 1993, 2.3);
    the resultant length is 1 where all are parallel, and 0 where none prevails.
    """
    if not len(degrees) or np.isnan(degrees).any():
        return _NAN, _NAN
    total = (weights * np.exp(2j * np.radians(degrees))).sum() / weights.sum()
    mean = round(float(np.degrees(np.angle(total)) / 2 % 180), 1) % 180
    return mean, round(float(abs(total)), 4)


def _observed_km2(areas: Mapping[str, Any]) -> float:
    names = [key for key in areas if key.endswith("_km2") and key != "land_km2"]
    return round(float(sum(areas[name] for name in names)), 6)


def _sum(values: "pd.Series[float]") -> float:
    """Sum values to six digits after the point; NaN where they are not known, not 0."""
    return round(float(values.sum(skipna=False)), 6)


# --- Floes and leads of maps: polygons, tables, summary and figure

_BY = "autolabel (class maps) or inference (predictions)"


def outline_regions(
    scene_index: pd.DataFrame, maps: Partitions[ClassMap], options: FloeOptions
) -> tuple[Partitions[Regions], Partitions[Regions]]:
    """Declare the floes and the leads of every scene; made when saved.

    Args:
        scene_index: A row a scene.
        maps: Scene id -> loader of one class map or prediction.
        options: What is a floe, and what a lead.

    Returns:
        Floes and leads, scene id -> maker of polygons with a row each.
    """
    chosen = of_index(scene_index, maps, "the map", _BY)
    floes = map_partitions(partial(floes_of, options=options), chosen)
    return floes, map_partitions(partial(leads_of, options=options), chosen)


def tabulate(
    scene_index: pd.DataFrame, polygons: Partitions[pd.DataFrame]
) -> pd.DataFrame:
    """Join the rows of all scenes, without their polygons."""
    ids = (i for i in scene_index["scene_id"] if i in polygons)
    tables = list(load_many(polygons, ids).values())
    nothing = pd.DataFrame({"scene_id": pd.Series([], dtype="string")})
    return pd.concat(tables or [nothing], ignore_index=True)


def count_sizes(
    scene_index: pd.DataFrame,
    floes: pd.DataFrame,
    maps: StoredPartitions[ClassMap],
    options: FloeOptions,
) -> pd.DataFrame:
    """Count the floes of every scene by mean caliper diameter.

    Returns:
        `SIZES`, a row a scene and bin; none for a scene without a georeference.
    """
    by_scene = dict(list(floes.groupby("scene_id")))
    rows = [
        row
        for scene_id, facts in facts_by_scene(scene_index, maps).items()
        for row in size_rows(scene_id, facts, by_scene.get(scene_id), options)
    ]
    return pd.DataFrame(rows, columns=list(SIZES))


def summarise_floes(
    scene_index: pd.DataFrame,
    floes: pd.DataFrame,
    leads: pd.DataFrame,
    maps: StoredPartitions[ClassMap],
) -> pd.DataFrame:
    """Make the table of floes and leads, a row a scene: `SUMMARY`."""
    of_floes = dict(list(floes.groupby("scene_id")))
    of_leads = dict(list(leads.groupby("scene_id")))
    rows = [
        summary_row(scene_id, facts, of_floes.get(scene_id), of_leads.get(scene_id))
        for scene_id, facts in facts_by_scene(scene_index, maps).items()
    ]
    return pd.DataFrame(rows, columns=list(SUMMARY))


def draw_floes(
    floes: pd.DataFrame, leads: pd.DataFrame, summary: pd.DataFrame
) -> go.Figure:
    """Draw the floe sizes and the lead widths of all scenes that lie somewhere."""
    where = summary.loc[summary["observed_km2"].notna(), "scene_id"]
    observed = float(np.nansum(summary["observed_km2"]))
    chosen = [table[table["scene_id"].isin(where)] for table in (floes, leads)]
    return draw_floe_figure(chosen[0], chosen[1], observed)


# --- Wiring


def create_pipeline() -> Pipeline:
    """Wire the `floes` pipeline: of the class maps by brightness."""
    return measure_maps("scene_index", "class_maps", "")


def measure_maps(index: str, maps: str, prefix: str) -> Pipeline:
    """Wire floes and leads of some maps.

    Args:
        index: Name of the index of their scenes.
        maps: Name of the folder of maps.
        prefix: Of the names of products and nodes.
    """
    floes, leads = f"{prefix}floes#table", f"{prefix}leads#table"
    summary = f"{prefix}floe_summary#table"
    return Pipeline(
        [
            Node(
                func=outline_regions,
                inputs=[index, maps, "params:floes"],
                outputs=[f"{prefix}floe_polygons", f"{prefix}lead_polygons"],
                name=f"outline_{prefix}regions",
            ),
            Node(
                func=tabulate,
                inputs=[index, f"{prefix}floe_polygons"],
                outputs=floes,
                name=f"tabulate_{prefix}floes",
            ),
            Node(
                func=tabulate,
                inputs=[index, f"{prefix}lead_polygons"],
                outputs=leads,
                name=f"tabulate_{prefix}leads",
            ),
            Node(
                func=count_sizes,
                inputs=[index, floes, maps, "params:floes"],
                outputs=f"{prefix}floe_sizes#table",
                name=f"count_{prefix}sizes",
            ),
            Node(
                func=summarise_floes,
                inputs=[index, floes, leads, maps],
                outputs=summary,
                name=f"summarise_{prefix}floes",
            ),
            Node(
                func=draw_floes,
                inputs=[floes, leads, summary],
                outputs=f"{prefix}floe_figure#figure",
                name=f"draw_{prefix}floes",
            ),
        ],
        tags="floes",
    )
