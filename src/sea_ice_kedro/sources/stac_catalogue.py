"""Items of a STAC API, or of a static catalogue; the only module with pystac-client."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import requests
from pystac_client import Client
from pystac_client.exceptions import APIError
from pystac_client.stac_api_io import StacApiIO
from urllib3 import Retry

from sea_ice_kedro.errors import CannotFetch, InvalidOption
from sea_ice_kedro.sources.product_options import SearchOptions, StacOptions
from sea_ice_kedro.sources.regions import Region

_PASSING = (429, 500, 502, 503, 504)


def find_items(
    options: StacOptions, search: SearchOptions, region: Region
) -> list[dict[str, Any]]:
    """Give the items that a catalogue has there and then, as JSON with absolute links.

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
        catalogue = Client.open(options.url, stac_io=io)
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
        f"expected a STAC API or catalogue at {url.partition('?')[0]}, got {found}. Is "
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
) -> list[dict[str, Any]]:
    start, end = search.days()
    days = f"{start}T00:00:00Z/{end + timedelta(days=1)}T00:00:00Z"
    found: dict[str, dict[str, Any]] = {}
    for box in region.boxes():
        asked = catalogue.search(
            collections=[options.collection] if options.collection else None,
            bbox=list(box),
            datetime=days,
            limit=100,
        )
        for item in asked.items():
            found[item.id] = _resolved(item)
    return list(found.values())


def _walked(catalogue: Any, options: StacOptions) -> list[dict[str, Any]]:  # noqa: ANN401
    return [
        _resolved(item)
        for item in catalogue.get_items(recursive=True)
        if options.collection in (None, item.collection_id)
    ]


def _resolved(item: Any) -> dict[str, Any]:  # noqa: ANN401 - a pystac.Item
    item.make_asset_hrefs_absolute()
    record: dict[str, Any] = item.to_dict(include_self_link=False)
    return record
