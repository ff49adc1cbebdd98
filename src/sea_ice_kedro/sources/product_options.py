"""Options in `params:ingestion` for Sentinel-2 products, local and remote."""

from dataclasses import dataclass
from datetime import date

from sea_ice_kedro.errors import (
    InvalidOption,
    expect_choice,
    expect_integer,
    expect_number,
)
from sea_ice_kedro.sources.regions import Region, read_region

GRANULE_PX = 10_980
"""Rows and columns of a granule at 10 m."""

EXTRA_BANDS = ("qa60", "cloud_probability")
"""Bands that Earth Engine can give beside a scene."""


@dataclass(frozen=True)
class SearchOptions:
    """Which acquisitions are taken; of the sources "earth_engine" and "stac"."""

    region: str | tuple[float, float, float, float] | None = None
    """[west, south, east, north] in degrees ("-180/-78/-140/-70" in --params), west >
    east across the antimeridian; or the path of a GeoJSON file of polygons."""

    start: str | None = None
    """First day, "2019-11-01", UTC."""

    end: str | None = None
    """Last day, itself included."""

    max_cloud_percentage: float = 100.0
    """Of the granule, as its producer estimated it."""

    min_sun_elevation_deg: float = 0.0
    """Of the granule's mean, above the horizon."""

    max_scenes: int | None = None
    """So many are drawn from all that fit, the same every time; None: all."""

    seed: int = 2019

    def __post_init__(self) -> None:
        """Refuse what no acquisition can fit."""
        if isinstance(self.region, list):
            object.__setattr__(self, "region", tuple(self.region))
        for name, low, high in (
            ("max_cloud_percentage", 0, 100),
            ("min_sun_elevation_deg", -90, 90),
        ):
            expect_number(f"ingestion.search.{name}", getattr(self, name), low, high)
        if self.max_scenes is not None:
            expect_integer("ingestion.search.max_scenes", self.max_scenes, 1, 100_000)
        expect_integer("ingestion.search.seed", self.seed, 0, 2**32 - 1)
        if None not in (self.start, self.end):
            self.days()

    def days(self) -> tuple[date, date]:
        """Return the first and the last day.

        Raises:
            InvalidOption: if one is missing, no date, or they are reversed.
        """
        start, end = _day("start", self.start), _day("end", self.end)
        if start > end:
            raise InvalidOption(
                "expected ingestion.search.start not after end, got "
                f"{start} and {end}; swap them"
            )
        return start, end

    def place(self) -> Region:
        """Read the region.

        Raises:
            InvalidOption: if it is missing, no region, or none that is ever imaged.
        """
        return read_region(self.region)


def _day(name: str, value: object) -> date:
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        raise InvalidOption(
            f"expected ingestion.search.{name} as a day, got {value!r}; write it as "
            "2019-11-01"
        ) from None


@dataclass(frozen=True)
class CuttingOptions:
    """How granules become scenes; of the sources "safe", "earth_engine", "stac"."""

    size_px: int | None = None
    """Rows and columns of a scene, on the granule's own grid from its upper left
    corner; what is left over at its right and lower edge are smaller scenes. None:
    a granule is one scene."""

    min_observed_fraction: float = 0.0
    """Scenes of which the product's outline covers less are left out; 1 also leaves
    out the smaller scenes at the edges."""

    def __post_init__(self) -> None:
        """Refuse sizes that no granule has."""
        if self.size_px is not None:
            expect_integer("ingestion.cutting.size_px", self.size_px, 64, GRANULE_PX)
        expect_number(
            "ingestion.cutting.min_observed_fraction", self.min_observed_fraction, 0, 1
        )


@dataclass(frozen=True)
class SafeOptions:
    """How products in ESA's SAFE format are read."""

    crs: str | None = None
    """"EPSG:3031" (south) or "EPSG:3413" (north): scenes are cut from the granule
    after it was brought there at 10 m, by nearest neighbour: a mean of ice and water
    would be a class of its own. None: UTM, as it is."""

    offset: int | None = None
    """Added to digital numbers where the metadata say nothing though they should;
    None: such products are refused."""

    def __post_init__(self) -> None:
        """Refuse grids other than the two polar ones."""
        if self.crs is not None:
            expect_choice("ingestion.safe.crs", self.crs, ("EPSG:3031", "EPSG:3413"))
        if self.offset is not None:
            expect_integer("ingestion.safe.offset", self.offset, -10_000, 10_000)


@dataclass(frozen=True)
class EarthEngineOptions:
    """Requests to Google Earth Engine and their rate limits."""

    collection: str = "COPERNICUS/S2_HARMONIZED"
    """L1C, or "COPERNICUS/S2_SR_HARMONIZED": L2A; the offset has been taken out."""

    project: str | None = None
    """Cloud project registered for Earth Engine; None: of credentials.yml, or
    EARTHENGINE_PROJECT."""

    bands: tuple[str, str, str] = ("B4", "B3", "B2")
    """That become red, green and blue; of those at 10 m: B2, B3, B4, B8. "B8-B4-B3" in
    --params. The published limits are for the default."""

    extra_bands: tuple[str, ...] = ()
    """Bands beside each scene: "qa60", "cloud_probability"; "+" joins them."""

    url: str = "https://earthengine-highvolume.googleapis.com"
    requests_per_s: float = 20.0
    """By this process and all its workers together."""

    max_attempts: int = 8
    """Attempts per request before its scene fails."""

    first_wait_s: float = 1.0
    """Before the second try; doubled each time, up to a minute, with jitter."""

    timeout_s: float = 300.0
    """Without an answer a request counts as failed."""

    def __post_init__(self) -> None:
        """Refuse collections whose numbers are not harmonized, and no patience."""
        name = "ingestion.earth_engine"
        expect_choice(
            f"{name}.collection",
            self.collection,
            ("COPERNICUS/S2_HARMONIZED", "COPERNICUS/S2_SR_HARMONIZED"),
        )
        if isinstance(self.bands, str):
            object.__setattr__(self, "bands", tuple(self.bands.split("-")))
        object.__setattr__(self, "bands", tuple(self.bands))
        for band in self.bands:
            expect_choice(f"{name}.bands", band, ("B2", "B3", "B4", "B8"))
        if len(set(self.bands)) != 3:  # noqa: PLR2004 - red, green, blue
            raise InvalidOption(
                f"expected {name}.bands as three different ones for red, green and "
                f"blue, got {list(self.bands)}"
            )
        if isinstance(self.extra_bands, str):
            object.__setattr__(self, "extra_bands", tuple(self.extra_bands.split("+")))
        for band in self.extra_bands:
            expect_choice(f"{name}.extra_bands", band, EXTRA_BANDS)
        object.__setattr__(self, "extra_bands", tuple(self.extra_bands))
        expect_number(f"{name}.requests_per_s", self.requests_per_s, 0.01, 100)
        expect_integer(f"{name}.max_attempts", self.max_attempts, 1, 100)
        expect_number(f"{name}.first_wait_s", self.first_wait_s, 0, 60)
        expect_number(f"{name}.timeout_s", self.timeout_s, 0.1, 3600)


@dataclass(frozen=True)
class StacOptions:
    """Where a STAC catalogue is, and what its items do not say themselves."""

    url: str | None = None
    """Address of an API's landing page, or of a static catalogue's catalog.json."""

    collection: str | None = None
    """Id of the collection to search."""

    assets: tuple[str, str, str] | None = None
    """Keys of the red, green and blue asset, "B04-B03-B02" in --params; None: by
    what items usually call them."""

    scale: float | None = None
    """reflectance = number * scale + offset, for items that do not say it, or say it
    wrong; None: of the item, or 0.0001."""

    offset: float | None = None
    """Of items from processing baseline 04.00 on, or of an unknown one; no earlier
    product has an offset."""

    max_attempts: int = 8
    """Attempts per request before its scene fails."""

    timeout_s: float = 60.0
    """Without an answer a request counts as failed."""

    max_items: int = 10_000
    """Of a search, pages included, or files of a static catalogue: one that has more is
    refused."""

    max_search_s: float = 3600.0
    """Nor may it take longer to read all of them."""

    hosts: tuple[str, ...] = ()
    """Besides the catalogue's own: where it may lead, and where bands may be fetched
    with the credentials of the environment; "a.org+b.org:8080" in --params."""

    buckets: tuple[str, ...] = ()
    """Whose s3:// and gs:// addresses are signed with the credentials of this account,
    "one+other" in --params; others are asked for as by anybody."""

    planetary_computer: bool = False
    """Whether Microsoft's Planetary Computer signs the addresses of bands that lie with
    it: anybody gets a signature, which holds for an hour or so."""

    def __post_init__(self) -> None:
        """Refuse assets that are not three."""
        if isinstance(self.assets, str):
            object.__setattr__(self, "assets", tuple(self.assets.split("-")))
        if self.assets is not None:
            object.__setattr__(self, "assets", tuple(self.assets))
            if len(self.assets) != 3:  # noqa: PLR2004 - red, green, blue
                raise InvalidOption(
                    "expected ingestion.stac.assets as [red, green, blue], got "
                    f"{list(self.assets)}"
                )
        if self.scale is not None:
            expect_number("ingestion.stac.scale", self.scale, 1e-9, 1)
        if self.offset is not None:
            expect_number("ingestion.stac.offset", self.offset, -1, 1)
        for name in ("hosts", "buckets"):
            given = getattr(self, name) or ()
            names = given.split("+") if isinstance(given, str) else given
            object.__setattr__(self, name, tuple(str(one) for one in names))
        if not isinstance(self.planetary_computer, bool):
            raise InvalidOption(
                "expected ingestion.stac.planetary_computer to be true or false, got "
                f"{self.planetary_computer!r}"
            )
        expect_integer("ingestion.stac.max_attempts", self.max_attempts, 1, 100)
        expect_number("ingestion.stac.timeout_s", self.timeout_s, 0.1, 3600)
        expect_integer("ingestion.stac.max_items", self.max_items, 1, 10_000_000)
        expect_number("ingestion.stac.max_search_s", self.max_search_s, 1, 604_800)
