"""Which items of a catalogue fit a search, and whose bands may see credentials."""

import math
from collections.abc import Sequence
from datetime import timezone
from typing import Any

from sea_ice_kedro.addresses import host_of, is_named
from sea_ice_kedro.sources.product_options import SearchOptions, StacOptions
from sea_ice_kedro.sources.regions import Region, outlines_of
from sea_ice_kedro.sources.stac_properties import acquired_of


def is_signed(href: str, options: StacOptions) -> bool:
    """Tell whether a band's server may see credentials: a catalogue leads anywhere."""
    scheme, _, rest = href.partition("://")
    if scheme in ("http", "https"):
        own = {host_of(options.url or "")} if "://" in (options.url or "") else set()
        return is_named(href, own | set(options.hosts))
    return scheme not in ("s3", "gs") or rest.partition("/")[0] in options.buckets


def is_there(item: dict[str, Any], search: SearchOptions, region: Region) -> bool:
    """Hold an item against days and region, which a static catalogue does not know."""
    start, end = search.days()
    day = acquired_of(item)
    if day is not None and not start <= day.astimezone(timezone.utc).date() <= end:
        return False
    boxes = _boxes_of(item)
    return not boxes or any(_meet(b, other) for b in boxes for other in region.boxes())


def _boxes_of(item: dict[str, Any]) -> list[Sequence[float]]:
    """Read an item's box, or that of its outline; none where it says neither."""
    try:
        box = [float(number) for number in item["bbox"]]
    except (KeyError, TypeError, ValueError):
        box = []
    if len(box) in (4, 6) and all(map(math.isfinite, box)):
        return [box]
    try:
        return list(outlines_of(item["geometry"]).boxes())
    except (KeyError, TypeError, ValueError, AttributeError, IndexError):
        return []


def _meet(box: Sequence[float], other: Sequence[float]) -> bool:
    west, south, east, north = (*box[:2], *box[len(box) // 2 :][:2])
    parts = [(west, east)] if west <= east else [(west, 180.0), (-180.0, east)]
    return (
        any(low <= other[2] and high >= other[0] for low, high in parts)
        and south <= other[3]
        and north >= other[1]
    )
