"""Items of a STAC API, or of a static catalogue; the only module with pystac-client."""

import json
import logging
import sys
import warnings
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit

import requests
from pystac import Item, Link
from pystac_client import Client
from pystac_client.exceptions import APIError
from pystac_client.stac_api_io import StacApiIO

from sea_ice_kedro.addresses import host_of, without_keys
from sea_ice_kedro.bounded_web import (
    LARGEST_ANSWER,
    Limits,
    NotAllowed,
    bounded_session,
)
from sea_ice_kedro.errors import CannotFetch, InvalidOption
from sea_ice_kedro.sources.product_options import SearchOptions, StacOptions
from sea_ice_kedro.sources.regions import Region

logger = logging.getLogger(__name__)

Found = tuple[list[dict[str, Any]], dict[str, str]]
"""Items as JSON with absolute links, and why each of the others cannot be read."""

_DEEPEST = 20
"""Catalogues within catalogues; by year, month, day, tile there are five."""

_MOST_REPEATED = 10
"""Pages in a row that bring nothing new, before a search counts as endless."""


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
    on_the_web = options.url.startswith(("http://", "https://"))
    own = {host_of(options.url)} if on_the_web else set()
    limits = Limits(own | set(options.hosts), options.max_items, options.max_search_s)
    with _errors_of(options.url, limits):
        io = _BoundedIO(limits, options, on_the_web=on_the_web)
        # `open` sets the timeout of its own argument, none.
        catalogue = Client.open(options.url, stac_io=io, timeout=options.timeout_s)
        if catalogue.conforms_to("ITEM_SEARCH"):
            found, lost = _searched(catalogue, options, search, region, limits)
        else:
            found, lost = _walked(catalogue, options, limits)
        return found, lost | io.lost


class _BoundedIO(StacApiIO):
    """Reads what a catalogue leads to, within limits."""

    def __init__(
        self, limits: Limits, options: StacOptions, *, on_the_web: bool
    ) -> None:
        super().__init__(timeout=options.timeout_s)
        self.session = bounded_session(limits, options.max_attempts)
        self._limits, self._on_the_web = limits, on_the_web
        self._asked: set[str] = set()
        self.lost: dict[str, str] = {}
        """Why what links without an address led to cannot be read, by their names."""

    def read_text(self, source: Any, *args: Any, **kwargs: Any) -> str:  # noqa: ANN401
        """Read a file of the web, or of this machine for a catalogue on its disk."""
        href = str(source.get_href() if isinstance(source, Link) else source)
        if "://" in href and not href.startswith("file://"):
            if isinstance(source, Link):
                self._expect_new(source)
            return str(super().read_text(source, *args, **kwargs))
        if self._on_the_web:
            raise NotAllowed(
                f"expected an address, got {href[:200]!r}: no catalogue on the web has "
                "to do with files of this machine"
            )
        self._limits.count()
        path = Path(href.removeprefix("file://"))
        # A pipe would have its reader wait for ever.
        if path.exists() and (
            not path.is_file() or path.stat().st_size > LARGEST_ANSWER
        ):
            raise NotAllowed(f"expected a file of at most {LARGEST_ANSWER:,} bytes")
        return path.read_text(encoding="utf-8")

    def json_loads(self, txt: str, *_: Any, **__: Any) -> dict[str, Any]:  # noqa: ANN401
        """Read JSON with numbers that cannot be: one item's must not cost its page.

        Raises:
            CannotFetch: if a next page has no address: what is on it would be missed.
        """
        text = txt.removeprefix("\ufeff")
        found: dict[str, Any] = json.loads(text, parse_int=_number)
        if not isinstance(found, dict):
            return found
        for place, link in enumerate(_links(found)):
            if not _leads_somewhere(link):
                self._note_lost(found.get("id"), place, link)
        return _with_sound_links(found)

    def _note_lost(self, name: object, place: int, link: object) -> None:
        """Note a link without an address that may have led to scenes."""
        relation = link.get("rel") if isinstance(link, dict) else None
        what = f"expected a link with rel and href, got {json.dumps(link)[:200]}"
        if relation == "next":
            raise CannotFetch(
                f"{what}: the items of the next page would be missed; tell who runs "
                "this catalogue, or ask for fewer days"
            )
        if relation in ("item", "child"):
            named = f"link {place} of {name}"
            while named in self.lost:  # ids of catalogues need not differ
                named += " again"
            self.lost[named] = (
                f"STAC {named}: {without_keys(what)}; tell who runs this catalogue"
            )

    def _expect_new(self, page: Link) -> None:
        """Refuse a next page that has been asked for already: it would have no end."""
        asked = json.dumps(page.to_dict(transform_href=False), sort_keys=True)
        if asked in self._asked:
            raise CannotFetch(
                f"expected a next page, got {without_keys(page.get_href() or '')} "
                "again; tell who runs this catalogue, or ask for fewer days"
            )
        self._asked.add(asked)


def _number(digits: str) -> float:
    """Read a whole number; one beyond all numbers, as 1e999 is, is infinite."""
    return int(digits) if len(digits) <= sys.float_info.max_10_exp else float(digits)


def _links(record: dict[str, Any]) -> list[Any]:
    links = record.get("links") or []
    if not isinstance(links, list):
        raise CannotFetch(
            f"expected links to be a list, got {json.dumps(links)[:200]}: what they "
            "lead to would be missed; tell who runs this catalogue"
        )
    return links


def _leads_somewhere(link: object) -> bool:
    fields = (link.get("rel"), link.get("href")) if isinstance(link, dict) else ()
    return bool(fields) and all(isinstance(field, str) and field for field in fields)


def _with_sound_links(record: dict[str, Any]) -> dict[str, Any]:
    return {**record, "links": [i for i in _links(record) if _leads_somewhere(i)]}


@contextmanager
def _errors_of(url: str, limits: Limits) -> Iterator[None]:
    try:
        with warnings.catch_warnings():
            # A static catalogue conforms to no API: that is known.
            warnings.simplefilter("ignore")
            yield
    except CannotFetch:
        raise
    except (APIError, requests.RequestException, OSError) as error:
        found = f"{type(error).__name__}: {_first_line(error)}"
    # What is no catalogue fails in pystac's many ways.
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        found = f"no catalogue ({type(error).__name__}: {_first_line(error)})"
    except Exception as error:  # noqa: BLE001 - pystac has errors of its own
        found = f"{type(error).__name__}: {_first_line(error)}"
    else:
        return
    limits.expect_left()
    raise CannotFetch(
        f"expected a STAC API or catalogue at {without_keys(url)}, got "
        f"{without_keys(found)}. Is "
        "the address right, and does the network work? Run the same command again: "
        "what has been downloaded stays"
    )


def _first_line(error: BaseException) -> str:
    said = (str(error).splitlines() or [""])[0][:300]
    # pystac-client's message is the answer's text, and that may be empty.
    status = getattr(error, "status_code", None)
    return said if status is None else f"HTTP status {status} {said}".strip()


def _searched(
    catalogue: Any,  # noqa: ANN401 - a Client
    options: StacOptions,
    search: SearchOptions,
    region: Region,
    limits: Limits,
) -> Found:
    url = options.url or ""
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
        repeated, listed, promised = 0, 0, 0
        for page in asked.pages_as_dicts():
            promised = max(promised, _matched(page))
            limits.count(len(page["features"]))
            known = len(found) + len(lost)
            for record in page["features"]:
                said = record.get("id") if isinstance(record, dict) else None
                name = str(said or f"item {listed} of the answer")
                listed += 1
                with _noting(lost, name):
                    # Two boxes of a region may hold the same item.
                    key = record.get("collection"), name
                    sound = _with_sound_links(record)
                    found[key] = _resolved(Item.from_dict(sound, root=catalogue))
            repeated = repeated + 1 if len(found) + len(lost) == known else 0
            if repeated == _MOST_REPEATED:
                raise CannotFetch(
                    f"expected pages of different items from {without_keys(url)}, got "
                    f"{repeated} in a row with nothing new; tell who runs it, or ask "
                    "for fewer days"
                )
        if listed < promised:  # pystac-client stops at a page without items
            logger.warning(
                "%s: expected the %d items that it says match, got %d; ask for fewer "
                "days at a time to see whether scenes are missing",
                without_keys(url),
                promised,
                listed,
            )
    return list(found.values()), lost


def _matched(page: Mapping[str, Any]) -> int:
    """Return how many items of all pages a page says there are; 0: it does not say."""
    context = page.get("context")
    older = context.get("matched") if isinstance(context, dict) else None
    said = page.get("numberMatched", older)
    return said if isinstance(said, int) else 0


def _walked(
    catalogue: Any,  # noqa: ANN401 - a Client
    options: StacOptions,
    limits: Limits,
) -> Found:
    found: dict[str, dict[str, Any]] = {}
    others: Counter[str] = Counter()
    lost: dict[str, str] = {}
    left, seen = [(catalogue, 1)], {catalogue.self_href}
    while left:
        here, depth = left.pop(0)
        for link in here.get_links("item"):
            with _noting(lost, _named(link), limits):
                item = link.resolve_stac_object(root=catalogue).target
                # Some items do not say it: they belong to where they are listed.
                collection = item.collection_id or here.id
                if options.collection in (None, collection):
                    found[item.self_href] = _resolved(item)
                else:
                    others[collection] += 1
        for link in here.get_links("child"):
            with _noting(lost, _named(link), limits):
                if depth == _DEEPEST:
                    raise NotAllowed(f"a catalogue more than {_DEEPEST} within others")
                child = link.resolve_stac_object(root=catalogue).target
                if child.self_href not in seen:  # one that leads to itself has no end
                    seen.add(child.self_href)
                    left.append((child, depth + 1))
    if others:
        logger.info("items of other collections, and not taken: %s", dict(others))
    return list(found.values()), lost


def _named(link: Any) -> str:  # noqa: ANN401 - a pystac.Link
    """Name what a link leads to: "scene" of scene.json, or of scene/item.json."""
    path = PurePosixPath(urlsplit(link.get_absolute_href() or "").path)
    return path.parent.name if path.stem in ("item", "") else path.stem


@contextmanager
def _noting(
    lost: dict[str, str], name: str, limits: Limits | None = None
) -> Iterator[None]:
    """Have one item that cannot be read cost no other, within the limits of all."""
    try:
        yield
    except Exception as error:  # noqa: BLE001 - pystac fails in many ways
        if limits is not None:
            limits.expect_left()
        # pystac says only that a link does not resolve.
        said = error.__cause__ or error
        lost[name] = (
            f"STAC item {name}: expected an item, got {type(said).__name__}: "
            f"{without_keys(_first_line(said))}; run the same command again, or leave "
            "it out"
        )


def _resolved(item: Any) -> dict[str, Any]:  # noqa: ANN401 - a pystac.Item
    item.make_asset_hrefs_absolute()
    record: dict[str, Any] = item.to_dict(include_self_link=False)
    return record
