"""A row a scene of floes and leads, and its floes by size."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from sea_ice_kedro.imagery.floe_options import FloeOptions
from sea_ice_kedro.imagery.floes import Floats
from sea_ice_kedro.pipelines.class_areas import class_areas
from sea_ice_kedro.rasters.header import Facts
from sea_ice_kedro.reporting.floe_figure import SIZE_STEP, size_edges

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
