"""Where scenes lie: a map with coastline of each region, drawn in the page itself."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from pyproj import Transformer

from sea_ice_kedro.reporting.concentration_figures import Box, Floats, Line, graticule
from sea_ice_kedro.reporting.run_report.formatting import (
    NONE,
    is_number,
    is_text,
    plural,
)
from sea_ice_kedro.reporting.score_tables import records_of

SIDE = 300
"""Of a map, in its own units."""

LABEL_WIDTH, LABEL_HEIGHT = 42, 15
"""Of the longest label, "170°W", with some room around it."""

NARROWEST_KM = 2400
"""Of a map: the coastline is simplified to 10 km, and a coast of less tells nobody
which one it is."""

MOST_REGIONS = 12
"""With a map of their own; of more, each hemisphere has one map of all."""


@dataclass(frozen=True)
class Pole:
    """The map that the coastline of a hemisphere is drawn for."""

    name: str
    """"north": of the file `coast_north.txt` (tools/draw_coastlines.py)."""

    crs: str
    half_km: float
    """From the pole to the sides of what is drawn."""


NORTH = Pole("north", "EPSG:3413", 6600)
SOUTH = Pole("south", "EPSG:3976", 5600)


@dataclass(frozen=True)
class Parallel:
    """A parallel or meridian."""

    points: Sequence[str]
    """The attribute `points` of SVG's polylines, one a piece."""

    label: str
    """ "75°S"; "" where another one has its place."""

    x: float
    y: float


@dataclass(frozen=True)
class LocatorView:
    """A region with its scenes; x to the right and y downwards, 0 to `SIDE`."""

    region: str
    """Its name; "" where the scenes have none."""

    pole: str
    """Whose coastline it shows."""

    placing: str
    """The attribute `transform` that puts the coastline into the map."""

    dots: Mapping[tuple[float, float], str]
    """Place -> the scenes there, in words."""

    lines: Sequence[Parallel]
    words: str
    """How many scenes, and where."""


def locate(scenes: pd.DataFrame) -> list[LocatorView]:
    """Draw a map of each region, in the order of the scenes.

    Args:
        scenes: `scene_id`, and where known `region`, `latitude_deg`, `longitude_deg`.

    Returns:
        None of scenes without a place, or nearer to the equator than the coastlines
        reach.
    """
    known = [
        (_pole_of(row["latitude_deg"]), row)
        for row in records_of(scenes)
        if is_number(row.get("latitude_deg")) and is_number(row.get("longitude_deg"))
    ]
    named = {row["region"] for _, row in known if is_text(row.get("region"))}
    regions: dict[tuple[str, Pole], list[Mapping[str, Any]]] = {}
    for pole, row in known:
        of_region = is_text(row.get("region")) and len(named) <= MOST_REGIONS
        region = str(row["region"]) if of_region else ""
        regions.setdefault((region, pole), []).append(row)
    maps = (_view(region, pole, rows) for (region, pole), rows in regions.items())
    return [view for view in maps if view is not None]


def degrees_of(latitude: Any, longitude: Any) -> str:  # noqa: ANN401 - cells of a table
    """Say "78.60° S, 165.20° E"; an index of an earlier version does not know."""
    if not (is_number(latitude) and is_number(longitude)):
        return NONE
    return (
        f"{abs(latitude):.2f}° {'S' if latitude < 0 else 'N'}, "
        f"{abs(longitude):.2f}° {'W' if longitude < 0 else 'E'}"
    )


def _pole_of(latitude: float) -> Pole:
    return SOUTH if latitude < 0 else NORTH


def _view(
    region: str, pole: Pole, rows: Sequence[Mapping[str, Any]]
) -> LocatorView | None:
    to_map = Transformer.from_crs("EPSG:4326", pole.crs, always_xy=True)
    x, y = (
        np.asarray(values) / 1e3
        for values in to_map.transform(
            [row["longitude_deg"] for row in rows],
            [row["latitude_deg"] for row in rows],
        )
    )
    seen = np.maximum(np.abs(x), np.abs(y)) < pole.half_km
    if not seen.any():
        return None
    box = _box(x[seen], y[seen], pole)
    scale = SIDE / box.size_km
    names: dict[tuple[float, float], list[str]] = {}
    for row, here, right, up in zip(rows, seen, x, y, strict=True):
        if here:
            place = round((right - box.left) * scale), round((box.top - up) * scale)
            names.setdefault(place, []).append(str(row["scene_id"]))
    return LocatorView(
        region=region.replace("_", " "),
        pole=pole.name,
        placing=f"translate({-box.left * scale:.2f} {box.top * scale:.2f}) "
        f"scale({scale:.6f})",
        dots={place: _named(found) for place, found in names.items()},
        lines=list(_parallels(graticule(pole.crs, box), box)),
        words=_words([row for row, here in zip(rows, seen, strict=True) if here]),
    )


def _box(x: Floats, y: Floats, pole: Pole) -> Box:
    """Show all places with as much around them, within what is drawn."""
    reach = max(float(np.ptp(x)), float(np.ptp(y)), NARROWEST_KM / 2)
    half = min(reach, pole.half_km)
    room = pole.half_km - half
    middle_x, middle_y = (
        float(np.clip((v.min() + v.max()) / 2, -room, room)) for v in (x, y)
    )
    return Box(middle_x - half, middle_x + half, middle_y - half, middle_y + half)


def _named(scene_ids: Sequence[str]) -> str:
    return scene_ids[0] if len(scene_ids) == 1 else plural(len(scene_ids), "scene")


def _words(rows: Sequence[Mapping[str, Any]]) -> str:
    if len(rows) == 1:
        return degrees_of(rows[0]["latitude_deg"], rows[0]["longitude_deg"])
    latitudes = sorted((row["latitude_deg"] for row in rows), key=abs)
    low, high = (f"{abs(latitude):.1f}°" for latitude in (latitudes[0], latitudes[-1]))
    places = low if low == high else f"{low} to {high}"
    side = "S" if latitudes[0] < 0 else "N"
    return f"{plural(len(rows), 'scene')}, {places} {side}"


def _parallels(lines: Sequence[Line], box: Box) -> Iterator[Parallel]:
    scale = SIDE / box.size_km
    labels: list[tuple[float, float]] = []
    for line in lines:
        x, y = (line.x - box.left) * scale, (box.top - line.y) * scale
        there = ~np.isnan(x)
        ends = np.flatnonzero(np.diff(np.concatenate([[False], there, [False]])))
        pieces = [_thinned(x[a:b], y[a:b]) for a, b in ends.reshape(-1, 2)]
        right, down = float(x[line.label_at]), float(y[line.label_at])
        free = _has_room(right, down, labels)
        if free:
            labels.append((right, down))
        yield Parallel(
            [" ".join(f"{right:.1f},{down:.1f}" for right, down in p) for p in pieces],
            line.label if free else "",
            round(float(np.clip(right, LABEL_WIDTH / 2, SIDE - LABEL_WIDTH / 2)), 1),
            round(down, 1),
        )


def _has_room(x: float, y: float, labels: Sequence[tuple[float, float]]) -> bool:
    """Tell whether a label is whole within the map, and beside the others."""
    inside = LABEL_HEIGHT / 2 < y < SIDE - LABEL_HEIGHT / 2 and 0 < x < SIDE
    return inside and all(
        abs(x - other) > LABEL_WIDTH or abs(y - its) > LABEL_HEIGHT
        for other, its in labels
    )


def _thinned(x: Floats, y: Floats) -> list[tuple[float, float]]:
    """Leave out points that are nearer to the one before than two units."""
    kept = [(float(x[0]), float(y[0]))]
    for right, down in zip(x[1:], y[1:], strict=True):
        if abs(right - kept[-1][0]) + abs(down - kept[-1][1]) > 2:  # noqa: PLR2004
            kept.append((float(right), float(down)))
    return [*kept, (float(x[-1]), float(y[-1]))]
