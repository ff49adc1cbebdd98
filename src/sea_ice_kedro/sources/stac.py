"""Scenes from a STAC API or a static catalogue: windows of Cloud-Optimised bands."""

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from types import ModuleType
from typing import Any, ClassVar

import numpy as np

from sea_ice_kedro.addresses import host_of, is_named, without_keys
from sea_ice_kedro.engines.tasks import content_digest
from sea_ice_kedro.errors import (
    CannotFetch,
    InvalidScene,
    MissingPackage,
    NothingFound,
)
from sea_ice_kedro.imagery.arrays import Grey, Origin
from sea_ice_kedro.imagery.raw_scenes import RawScene, observed_numbers
from sea_ice_kedro.imagery.reflectance import to_reflectance
from sea_ice_kedro.rasters.bands import on_the_web, read_window
from sea_ice_kedro.sources.acquisitions import Observed, one_of_each, tell_left_out
from sea_ice_kedro.sources.cutting import Cut, cut_granule, scene_id
from sea_ice_kedro.sources.drawing import draw
from sea_ice_kedro.sources.listing import SceneEntry, Unreadable, entries_of
from sea_ice_kedro.sources.options import IngestionOptions
from sea_ice_kedro.sources.patience import Passing, Patience
from sea_ice_kedro.sources.product_options import StacOptions
from sea_ice_kedro.sources.regions import Region
from sea_ice_kedro.sources.search_limits import within_limits
from sea_ice_kedro.sources.shortwave import coarse_cut, coarse_shape, on_grid
from sea_ice_kedro.sources.stac_choice import is_there
from sea_ice_kedro.sources.stac_items import StacFacts, read_item
from sea_ice_kedro.sources.stac_properties import cloud_of, sun_of
from sea_ice_kedro.sources.stac_shortwave import ShortwaveAsset, read_shortwave

logger = logging.getLogger(__name__)

_NEGATIVE = -0.02
"""Sen2Cor may give dark water a reflectance a little below 0, but not this."""

_MOST_NEGATIVE = 0.05
"""Share of such pixels from which on the offset has been taken out twice."""

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
            InvalidScene: if the offset has been taken out of the numbers already.
        """
        numbers = np.stack([self._band(href) for href in self.facts.hrefs])
        raw = RawScene(
            scene_id=self.scene_id,
            numbers=numbers,
            valid_mask=observed_numbers(numbers, self.facts.calibrations),
            calibrations=self.facts.calibrations,
            origin=Origin("stac", self.facts.item_id, self._digest()),
            acquisition=self.facts.acquisition,
            georeference=self.cut.of(self.facts.grid.georeference),
            acquired=self.facts.acquired,
            alongside={one.band.name: self._beside(one) for one in self.shortwave},
        )
        _expect_offset(raw)
        return raw

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

    def _beside(self, one: ShortwaveAsset) -> Grey:
        numbers = self._band(one.href, one.factor)
        return one.band.levels(on_grid(numbers, self.cut, one.factor), one.calibration)

    def _band(self, href: str, factor: int = 1) -> Any:  # noqa: ANN401 - uint16 (H, W)
        cut = coarse_cut(self.cut, factor)
        window = cut.row, cut.column, cut.height, cut.width
        shape = coarse_shape(self.facts.grid.shape, factor)
        timeout_s = self.options.timeout_s
        place = self.facts.grid.georeference if factor == 1 else None
        path, signed = self._path(href), _is_signed(href, self.options)

        def fetch() -> Any:  # noqa: ANN401
            try:
                return read_window(
                    path, shape, window, None, timeout_s, place, signed=signed
                )
            except InvalidScene as error:
                if _OF_GDAL not in str(error) or any(w in str(error) for w in _FINAL):
                    raise
                raise Passing(str(error)) from None

        try:
            return Patience(self.options.tries, _FIRST_WAIT_S).ask(fetch, "a band")
        except (Passing, InvalidScene) as error:
            advice = _ADVICE if _OF_GDAL in str(error) else ""
            raise CannotFetch(
                f"STAC item {self.facts.item_id}: {error}{advice}"
            ) from None


def _is_signed(href: str, options: StacOptions) -> bool:
    """Tell whether a band's server may see credentials: a catalogue leads anywhere."""
    scheme, _, rest = href.partition("://")
    if scheme in ("http", "https"):
        own = {host_of(options.url or "")} if "://" in (options.url or "") else set()
        return is_named(href, own | set(options.hosts))
    return scheme not in ("s3", "gs") or rest.partition("/")[0] in options.buckets


def _expect_offset(raw: RawScene) -> None:
    """Refuse numbers that the offset cannot be in: some items say so, and err."""
    if not raw.valid_mask.any() or all(c.offset >= 0 for c in raw.calibrations):
        return
    dark = np.zeros(raw.valid_mask.shape, bool)
    for band, calibration in zip(raw.numbers, raw.calibrations, strict=True):
        dark |= to_reflectance(band, calibration) < _NEGATIVE
    share = float(dark[raw.valid_mask].mean())
    if share > _MOST_NEGATIVE:
        raise InvalidScene(
            f"STAC item {raw.acquisition.asset_id}: expected its offset of "
            f"{raw.calibrations[0].offset:g} to leave reflectance of at least "
            f"{_NEGATIVE:g}, got less in more than {_MOST_NEGATIVE:.0%} of the pixels: "
            "the provider seems to have taken the offset out already, against what its "
            "item says. Leave this item out (other days or another region), or fetch "
            "it alone with --params ingestion.stac.offset=0.0, which would misread "
            "items that are right"
        )


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
    there = _by_name(i for i in items if is_there(i, options.search, region))
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
    left_out = one_of_each(
        [one for name, found in scenes.items() for one in _observed(name, found)]
    )
    tell_left_out(left_out)
    kept = [found for name, found in scenes.items() if name not in left_out]
    entries = odd + [entry for found in kept for entry in found]
    if not entries:
        raise NothingFound(
            f"expected scenes in {len(fitting)} items, got none whose centre lies in "
            "ingestion.search.region and that were observed as "
            "ingestion.cutting.min_observed_fraction asks; lower that, or size_px"
        )
    return draw(entries, options.search)


def _catalogue() -> ModuleType:
    try:
        from sea_ice_kedro.sources import stac_catalogue  # noqa: PLC0415 - optional
    except ImportError as error:
        raise MissingPackage(
            "expected pystac-client, got none; install it: .tools/uv sync --inexact "
            "--extra stac, or pip install 'sea_ice_kedro[stac]'"
        ) from error
    return stac_catalogue


def _by_name(items: Iterable[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Name items by their ids, with the collection where two share one."""
    named: dict[str, dict[str, Any]] = {}
    for item in items:
        name = str(item.get("id"))
        named[f"{item.get('collection')}/{name}" if name in named else name] = item
    return named


def _observed(name: str, found: list[SceneEntry]) -> Iterator[Observed]:
    """Give what tells the acquisition of an item that could be read."""
    for download in [entry.download for entry in found[:1]]:
        if isinstance(download, StacScene):
            yield replace(download.facts.observed, name=name)


def _scenes_of(
    item: dict[str, Any], options: IngestionOptions, region: Region
) -> list[SceneEntry]:
    facts = read_item(item, options.stac)
    cuts = cut_granule(facts.grid, options.cutting, facts.outline, region)
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
