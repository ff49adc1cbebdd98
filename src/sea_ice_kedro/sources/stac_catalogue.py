"""Items of a STAC API, or of a static catalogue; the only module with pystac-client."""

import logging
import warnings
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urlsplit

import requests
from pystac import Item
from pystac_client import Client
from pystac_client.exceptions import APIError
from pystac_client.stac_api_io import StacApiIO
from urllib3 import Retry

from sea_ice_kedro.addresses import without_keys
from sea_ice_kedro.errors import CannotFetch, InvalidOption
from sea_ice_kedro.sources.product_options import SearchOptions, StacOptions
from sea_ice_kedro.sources.regions import Region

logger = logging.getLogger(__name__)

Found = tuple[list[dict[str, Any]], dict[str, str]]
"""Items as JSON with absolute links, and why each of the others cannot be read."""

_PASSING = (429, 500, 502, 503, 504)


def find_items(options: StacOptions, search: SearchOptions, region: Region) -> Found:
    """Return the items that a catalogue has there and then.

    An API is asked for the box and the days; a static catalogue is walked whole. Cloud
    and sun are for the caller to look at.

    Raises:
        InvalidOption: if no catalogue is named.
        CannotFetch: if it does not answer, or is no catalogue.
    """
    if not options.url:
        raise InvalidOption(
            "expected ingestion.stac.url to name a STAC API or a catalog.json, got "
            f"{options.url!r}; add --params ingestion.stac.url=https://..."
        )
    retry = Retry(
        total=options.tries - 1,
        backoff_factor=0.5,
        backoff_jitter=0.5,
        status_forcelist=_PASSING,
        allowed_methods=None,
    )
    with _errors_of(options.url):
        io = StacApiIO(max_retries=retry, timeout=options.timeout_s)
        # `open` sets the timeout of its own argument, none.
        catalogue = Client.open(options.url, stac_io=io, timeout=options.timeout_s)
        if catalogue.conforms_to("ITEM_SEARCH"):
            return _searched(catalogue, options, search, region)
        return _walked(catalogue, options)


@contextmanager
def _errors_of(url: str) -> Iterator[None]:
    try:
        with warnings.catch_warnings():
            # A static catalogue conforms to no API: that is known.
            warnings.simplefilter("ignore")
            yield
    except (APIError, requests.RequestException, OSError) as error:
        found = f"{type(error).__name__}: {_first_line(error)}"
    # What is no catalogue fails in pystac's many ways.
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        found = f"no catalogue ({type(error).__name__}: {_first_line(error)})"
    except Exception as error:  # noqa: BLE001 - pystac has errors of its own
        found = f"{type(error).__name__}: {_first_line(error)}"
    else:
        return
    raise CannotFetch(
        f"expected a STAC API or catalogue at {without_keys(url)}, got "
        f"{without_keys(found)}. Is "
        "the address right, and does the network work? Run the same command again: "
        "what has been downloaded stays"
    )


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [""])[0][:300]


def _searched(
    catalogue: Any,  # noqa: ANN401 - a Client
    options: StacOptions,
    search: SearchOptions,
    region: Region,
) -> Found:
    start, end = search.days()
    days = f"{start}T00:00:00Z/{end + timedelta(days=1)}T00:00:00Z"
    found: dict[tuple[Any, str], dict[str, Any]] = {}
    lost: dict[str, str] = {}
    for box in region.boxes():
        asked = catalogue.search(
            collections=[options.collection] if options.collection else None,
            bbox=list(box),
            datetime=days,
            limit=100,
        )
        for number, record in enumerate(asked.items_as_dicts()):
            name = str(record.get("id") or f"item {number} of the answer")
            with _noting(lost, name):
                # Two boxes of a region may hold the same item.
                key = record.get("collection"), name
                found[key] = _resolved(Item.from_dict(record, root=catalogue))
    return list(found.values()), lost


def _walked(catalogue: Any, options: StacOptions) -> Found:  # noqa: ANN401
    found: dict[str, dict[str, Any]] = {}
    others: Counter[str] = Counter()
    lost: dict[str, str] = {}
    left, seen = [catalogue], {catalogue.self_href}
    while left:
        here = left.pop(0)
        for link in here.get_links("item"):
            with _noting(lost, _named(link)):
                item = link.resolve_stac_object(root=catalogue).target
                # Some items do not say it: they belong to where they are listed.
                collection = item.collection_id or here.id
                if options.collection in (None, collection):
                    found[item.self_href] = _resolved(item)
                else:
                    others[collection] += 1
        for link in here.get_links("child"):
            with _noting(lost, _named(link)):
                child = link.resolve_stac_object(root=catalogue).target
                if child.self_href not in seen:  # one that leads to itself has no end
                    seen.add(child.self_href)
                    left.append(child)
    if others:
        logger.info("items of other collections, and not taken: %s", dict(others))
    return list(found.values()), lost


def _named(link: Any) -> str:  # noqa: ANN401 - a pystac.Link
    """Name what a link leads to: "scene" of scene.json, or of scene/item.json."""
    path = PurePosixPath(urlsplit(link.get_absolute_href() or "").path)
    return path.parent.name if path.stem in ("item", "") else path.stem


@contextmanager
def _noting(lost: dict[str, str], name: str) -> Iterator[None]:
    """Have one item that cannot be read cost no other."""
    try:
        yield
    except Exception as error:  # noqa: BLE001 - pystac fails in many ways
        lost[name] = (
            f"STAC item {name}: expected an item, got {type(error).__name__}: "
            f"{without_keys(_first_line(error))}; run the same command again, or leave "
            "it out"
        )


def _resolved(item: Any) -> dict[str, Any]:  # noqa: ANN401 - a pystac.Item
    item.make_asset_hrefs_absolute()
    record: dict[str, Any] = item.to_dict(include_self_link=False)
    return record
