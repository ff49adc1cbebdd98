"""Which items of a catalogue fit a search."""

import math
from collections.abc import Sequence
from datetime import timezone
from typing import Any

from sea_ice_kedro.sources.product_options import SearchOptions
from sea_ice_kedro.sources.regions import Region
from sea_ice_kedro.sources.stac_items import acquired_of, cloud_of, sun_of


def is_there(item: dict[str, Any], search: SearchOptions, region: Region) -> bool:
    """Hold an item against days and region, which a static catalogue does not know."""
    start, end = search.days()
    day = acquired_of(item)
    if day is not None and not start <= day.astimezone(timezone.utc).date() <= end:
        return False
    box = _box_of(item)
    return box is None or any(_meet(box, other) for other in region.boxes())


def _box_of(item: dict[str, Any]) -> list[float] | None:
    """Read an item's box; None where it says none that can be used."""
    try:
        box = [float(number) for number in item["bbox"]]
    except (KeyError, TypeError, ValueError):
        return None
    return box if len(box) in (4, 6) and all(map(math.isfinite, box)) else None


def _meet(box: Sequence[float], other: Sequence[float]) -> bool:
    west, south, east, north = (*box[:2], *box[len(box) // 2 :][:2])
    parts = [(west, east)] if west <= east else [(west, 180.0), (-180.0, east)]
    return (
        any(low <= other[2] and high >= other[0] for low, high in parts)
        and south <= other[3]
        and north >= other[1]
    )


def is_clear(item: dict[str, Any], search: SearchOptions) -> bool:
    """Hold an item against cloud and sun; what it does not know stays."""
    cloud, sun = cloud_of(item), sun_of(item)
    return (cloud is None or cloud <= search.max_cloud_percentage) and (
        sun is None or sun >= search.min_sun_elevation_deg
    )
