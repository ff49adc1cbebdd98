"""Scenes from a STAC API or a static catalogue: windows of Cloud-Optimised bands."""

import logging
import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC
from functools import partial
from itertools import combinations, count
from types import ModuleType
from typing import Any, ClassVar

import numpy as np

from sea_ice_kedro.addresses import host_of, is_named, without_keys
from sea_ice_kedro.bounded_web import Passing, Patience
from sea_ice_kedro.engines.base import content_digest
from sea_ice_kedro.errors import CannotFetch, InvalidScene, MissingPackage, NothingFound
from sea_ice_kedro.imagery.arrays import Georeference, Grey, Origin
from sea_ice_kedro.imagery.raw_scenes import RawScene, observed_numbers
from sea_ice_kedro.imagery.reflectance import Calibration
from sea_ice_kedro.rasters.bands import on_the_web, read_window
from sea_ice_kedro.sources.acquisitions import (
    Observed,
    in_turn,
    one_of_each,
    same_pass,
    tell_left_out,
    tile_of,
)
from sea_ice_kedro.sources.cutting import (
    Cut,
    coarse_cut,
    coarse_shape,
    cut_product,
    inner_pixels,
    on_grid,
    scene_id,
)
from sea_ice_kedro.sources.listing import (
    Rivals,
    SceneEntry,
    Unreadable,
    entries_of,
    subsample_scenes,
    tell_without_scenes,
    within_limits,
)
from sea_ice_kedro.sources.options import IngestionOptions
from sea_ice_kedro.sources.plausible import expect_light
from sea_ice_kedro.sources.product_options import SearchOptions, StacOptions
from sea_ice_kedro.sources.regions import Region, outlines_of
from sea_ice_kedro.sources.stac_items import (
    ShortwaveAsset,
    StacFacts,
    read_item,
    read_shortwave,
)
from sea_ice_kedro.sources.stac_properties import (
    acquired_of,
    cloud_of,
    expect_offset_in,
    sun_of,
)

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


# --- Scenes from a STAC API or a static catalogue: windows of Cloud-Optimised bands

logger = logging.getLogger(__name__)

_ON_THE_WEB = ("http", "https", "s3", "gs")
_FIRST_WAIT_S = 0.5
_FINAL = ("HTTP response code: 401", "HTTP response code: 403", "response code: 404")

_OF_GDAL = "an error from GDAL"
"""In errors that another try or an account may help against."""

_ADVICE = (
    ". If it is behind an account, give GDAL its credentials by the environment "
    "(AWS_..., GDAL_HTTP_...), and name who gets them with --params "
    "ingestion.stac.buckets=... or hosts=...; run the same command again: what has "
    "been downloaded stays in data/01_raw/downloads"
)


@dataclass(frozen=True)
class StacScene:
    """Fetches one scene when called."""

    product_version: ClassVar[str] = "download 1"
    """Changes with what a download holds."""

    scene_id: str
    facts: StacFacts
    cut: Cut
    options: StacOptions
    shortwave: tuple[ShortwaveAsset, ...] = ()
    """Bands that go beside the scene."""

    def __call__(self) -> RawScene:
        """Fetch the scene's windows of the three bands, and of those beside it.

        Raises:
            CannotFetch: if a band cannot be had.
            InvalidScene: if the offset has been taken out of the numbers already, or no
                snow is as bright as their scale makes them.
        """
        numbers = np.stack([self._numbers(n, self.cut) for n in range(3)])
        raw = RawScene(
            scene_id=self.scene_id,
            numbers=numbers,
            valid_mask=observed_numbers(numbers, self.facts.calibrations),
            calibrations=self.facts.calibrations,
            origin=Origin("stac", self.facts.item_id, self._digest()),
            acquisition=self.facts.acquisition,
            georeference=self.cut.of(self.facts.grid.georeference),
            acquired=self.facts.acquired,
            extra_bands={one.band.name: self._beside(one) for one in self.shortwave},
        )
        expect_offset_in(raw)
        expect_light(raw, f"STAC item {self.facts.item_id}")
        return raw

    def expect_readable(self) -> None:
        """Fetch the last pixel of each band: what is cut short ends before it.

        Raises:
            CannotFetch: if a band cannot be had, or is not what the item says.
            InvalidScene: if it lies where no band may.
        """
        height, width = self.facts.grid.shape
        last = Cut(height - 1, width - 1, 1, 1)
        for index in range(len(self.facts.hrefs)):
            self._numbers(index, last)

    def fills_its_outline(self) -> bool:
        """Look at pixels of blue, in which water is brightest; one may be missing."""
        pixels = inner_pixels(self.facts.grid, self.facts.outline)
        seen = [bool(self._numbers(2, Cut(*pixel, 1, 1))[0, 0]) for pixel in pixels]
        return seen.count(False) <= 1

    def fingerprint(self) -> str:
        """Name what would be fetched; nothing is asked. Signatures have no part."""
        return f"{self.facts.item_id} {self._digest()}"

    def _digest(self) -> str:
        facts = self.facts
        hrefs = [href.partition("?")[0] for href in facts.hrefs]
        beside = [
            (one.band, one.href.partition("?")[0], one.factor, one.calibration)
            for one in self.shortwave
        ]
        return content_digest(
            (
                *(hrefs, facts.grid, facts.calibrations, facts.acquisition, self.cut),
                *beside,
            )
        )

    def _path(self, href: str) -> str:
        """Name a band for GDAL; what is on the web leads to the web."""
        url = self.options.url or ""
        if "://" in url and href.partition("://")[0] not in _ON_THE_WEB:
            raise InvalidScene(
                f"STAC item {self.facts.item_id}: expected the address of a band "
                f"({', '.join(_ON_THE_WEB)}), got {without_keys(href)[:200]!r}: no "
                "catalogue on the web has to do with files of this machine"
            )
        return on_the_web(href)

    def _numbers(self, index: int, cut: Cut) -> Any:  # noqa: ANN401 - uint16 (H, W)
        facts = self.facts
        place = facts.grid.georeference
        calibration, nodata = facts.calibrations[index], facts.nodata[index]
        return self._band(
            facts.hrefs[index], facts.grid.shape, cut, calibration, place, nodata
        )

    def _beside(self, one: ShortwaveAsset) -> Grey:
        cut = coarse_cut(self.cut, one.factor)
        shape = coarse_shape(self.facts.grid.shape, one.factor)
        numbers = self._band(one.href, shape, cut, one.calibration)
        return one.band.levels(on_grid(numbers, self.cut, one.factor), one.calibration)

    def _meaning(self, calibration: Calibration) -> tuple[float | None, float | None]:
        """Return scale and offset that a file may not contradict; None: it may."""
        scale, offset = self.facts.is_said
        chosen = self.options.offset == calibration.offset
        return (
            calibration.scale if scale else None,
            calibration.offset if offset and not chosen else None,
        )

    def _band(  # noqa: PLR0913 - what is read, and what it must be
        self,
        href: str,
        shape: tuple[int, int],
        cut: Cut,
        calibration: Calibration,
        place: Georeference | None = None,
        nodata: float | None = None,
    ) -> Any:  # noqa: ANN401 - uint16 (H, W)
        window = cut.row, cut.column, cut.height, cut.width
        read = partial(
            read_window,
            self._path(href),
            shape,
            window,
            None,
            self.options.timeout_s,
            place,
            signed=is_signed(href, self.options),
            planetary=is_planetary(href, self.options),
            nodata=nodata,
            negative_is_dark=calibration.offset <= 0,
            meaning=self._meaning(calibration),
        )

        def fetch() -> Any:  # noqa: ANN401
            try:
                return read()
            except InvalidScene as error:
                if _OF_GDAL not in str(error) or any(w in str(error) for w in _FINAL):
                    raise
                raise Passing(str(error)) from None

        try:
            return Patience(self.options.max_attempts, _FIRST_WAIT_S).ask(
                fetch, "a band"
            )
        except (Passing, InvalidScene) as error:
            advice = _ADVICE if _OF_GDAL in str(error) else ""
            raise CannotFetch(
                f"STAC item {self.facts.item_id}: {error}{advice}"
            ) from None


def list_scenes(options: IngestionOptions) -> list[SceneEntry]:
    """List the scenes of the items that fit the search.

    An item that cannot be read costs no other.

    Raises:
        MissingPackage: if pystac-client is not installed.
        CannotFetch: if the catalogue does not answer.
        NothingFound: if nothing fits.
    """
    region = options.search.place()
    options.search.days()
    items, lost = _catalogue().find_items(options.stac, options.search, region)
    odd = [SceneEntry(name, Unreadable(reason)) for name, reason in lost.items()]
    there = by_name(i for i in items if is_there(i, options.search, region))
    if elsewhere := len(items) - len(there):
        logger.info(
            "%d of %d items lie elsewhere, or on other days", elsewhere, len(items)
        )
    skies = {name: (cloud_of(item), sun_of(item)) for name, item in there.items()}
    clear = within_limits(skies, options.search)
    fitting = {name: item for name, item in there.items() if name in clear}
    if not fitting and not odd:
        raise NothingFound(
            f"expected items of {options.stac.collection or 'any collection'} in the "
            f"region and on the days of ingestion.search, got {len(there)} at any cloud"
            f" and sun, none with at most {options.search.max_cloud_percentage:g} % "
            f"cloud and the sun at least {options.search.min_sun_elevation_deg:g}° high"
            "; ask for another region, other days or more cloud"
        )
    scenes = {
        name: entries_of(name, partial(_scenes_of, item, options, region), "STAC item")
        for name, item in fitting.items()
    }
    tell_without_scenes(scenes)
    rivals = Rivals(scenes)
    observed = [one for name, found in scenes.items() for one in _observed(name, found)]
    bands = {n: (fitting[n].get("collection"), _hrefs(scenes[n])) for n in scenes}
    rivals.unreadable |= rival_hosts(observed, bands)
    observed = [one for one in observed if one.name not in rivals.unreadable]
    left_out = one_of_each(observed, rivals.can_be_read)
    tell_left_out(left_out, rivals.unreadable)
    kept = {n: rivals.entries(n) for n in scenes if n not in left_out}
    entries = odd + in_turn(kept, observed)
    if not entries:
        raise NothingFound(
            f"expected scenes in {len(fitting)} items, got none whose centre lies in "
            "ingestion.search.region and that were observed as "
            "ingestion.cutting.min_observed_fraction asks; lower that, or size_px"
        )
    return subsample_scenes(entries, options.search)


def _catalogue() -> ModuleType:
    try:
        from sea_ice_kedro.sources import stac_catalogue  # noqa: PLC0415 - optional
    except ImportError as error:
        raise MissingPackage(
            "expected pystac-client, got none; install it: .tools/uv sync --inexact "
            "--extra stac, or pip install 'sea_ice_kedro[stac]'"
        ) from error
    return stac_catalogue


def _observed(name: str, found: list[SceneEntry]) -> Iterator[Observed]:
    """Return what tells the acquisition of an item that could be read."""
    for download in [entry.download for entry in found[:1]]:
        if isinstance(download, StacScene):
            facts, options = download.facts, download.options
            trusted = all(is_signed(href, options) for href in facts.hrefs)
            yield replace(facts.observed, name=name, trusted=trusted)


def _hrefs(found: list[SceneEntry]) -> tuple[str, ...]:
    downloads = [entry.download for entry in found[:1]]
    return next((d.facts.hrefs for d in downloads if isinstance(d, StacScene)), ())


def _scenes_of(
    item: dict[str, Any], options: IngestionOptions, region: Region
) -> list[SceneEntry]:
    facts = read_item(item, options.stac)
    what = f"STAC item {facts.item_id}"
    cuts = cut_product(what, facts.grid, options.cutting, facts.outline, region)
    beside: tuple[ShortwaveAsset, ...] = ()
    if options.swir:
        beside = read_shortwave(item, facts.grid, options.stac)
    return [
        SceneEntry(
            name, None, download=StacScene(name, facts, cut, options.stac, beside)
        )
        for cut in cuts
        for name in [scene_id(facts.item_id, cut, facts.grid)]
    ]
