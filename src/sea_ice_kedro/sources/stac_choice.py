"""Which items of a catalogue fit a search, and whose bands may see credentials."""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC
from itertools import combinations, count
from typing import Any

from sea_ice_kedro.addresses import host_of, is_named
from sea_ice_kedro.sources.acquisitions import Observed, same_pass, tile_of
from sea_ice_kedro.sources.product_options import SearchOptions, StacOptions
from sea_ice_kedro.sources.regions import Region, outlines_of
from sea_ice_kedro.sources.stac_properties import acquired_of

_AZURE = ".blob.core.windows.net"
"""Where Planetary Computer keeps its data."""


def is_signed(href: str, options: StacOptions) -> bool:
    """Tell whether a band's server may see credentials: a catalogue leads anywhere."""
    scheme, _, rest = href.partition("://")
    if scheme in ("http", "https"):
        own = {host_of(options.url or "")} if "://" in (options.url or "") else set()
        return is_named(href, own | set(options.hosts))
    return scheme not in ("s3", "gs") or rest.partition("/")[0] in options.buckets


def is_planetary(href: str, options: StacOptions) -> bool:
    """Tell whether Planetary Computer is to sign a band's address: no other's."""
    scheme, _, rest = href.partition("://")
    host = rest.partition("/")[0]
    return (
        options.planetary_computer
        and scheme == "https"
        and host.endswith(_AZURE)
        and "?" not in href  # signed already
    )


def is_there(item: dict[str, Any], search: SearchOptions, region: Region) -> bool:
    """Hold an item against days and region, which a static catalogue does not know."""
    start, end = search.days()
    day = acquired_of(item)
    if day is not None and not start <= day.astimezone(UTC).date() <= end:
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


def by_name(items: Iterable[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Name items by their ids, with the collection where two share one."""
    named: dict[str, dict[str, Any]] = {}
    for item in items:
        name = str(item.get("id"))
        if name in named:
            name = f"{item.get('collection')}/{name}"
        more = (f"{name} {n}" for n in count(2))
        named[next(more) if name in named else name] = item
    return named


def rival_hosts(
    observed: Sequence[Observed], bands: Mapping[str, tuple[object, Sequence[str]]]
) -> dict[str, str]:
    """Find items of one acquisition with bands on different hosts, none of them named.

    Which of them shows what a satellite saw nobody can tell: each may claim to be the
    newer processing. Providers keep a collection on one host.

    Args:
        observed: What tells the acquisitions of items.
        bands: By the names in `observed`, an item's collection and its bands' hrefs.

    Returns:
        Name of an item -> why it is not taken.
    """
    tiles: dict[object, list[Observed]] = defaultdict(list)
    for one in observed:
        tiles[tile_of(one.grid)].append(one)
    doubtful: dict[str, str] = {}
    for tile in tiles.values():
        for one, other in combinations(tile, 2):
            (ours, here), (theirs, there) = bands[one.name], bands[other.name]
            if ours != theirs or _hosts(here) == _hosts(there):
                continue
            passed = [each for each in tile if same_pass(one, each)]
            if other not in passed or any(each.trusted for each in passed):
                continue
            for name, rival in ((one.name, other.name), (other.name, one.name)):
                doubtful[name] = (
                    f"STAC item {name}: expected one acquisition's bands on one host, "
                    f"got those of {rival} on another ({_hosts(here)} and "
                    f"{_hosts(there)}): nobody can tell which is right. Name it: "
                    "--params ingestion.stac.hosts=... (or buckets)"
                )
    return doubtful


def _hosts(hrefs: Sequence[str]) -> str:
    """Name the hosts, or buckets, of bands."""
    found = {
        href.partition("?")[0].partition("://")[2].partition("/")[0] for href in hrefs
    }
    return " ".join(sorted(host.rpartition("@")[2].lower() for host in found))
