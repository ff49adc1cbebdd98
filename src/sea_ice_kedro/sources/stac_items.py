"""Sentinel-2 metadata in a STAC item, and what providers leave out."""

import logging
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sea_ice_kedro.addresses import without_keys
from sea_ice_kedro.errors import InvalidScene
from sea_ice_kedro.imagery.arrays import Acquisition, Georeference
from sea_ice_kedro.imagery.reflectance import Calibration, Calibrations
from sea_ice_kedro.imagery.shortwave import SHORTWAVE, ShortwaveBand
from sea_ice_kedro.sources.acquisitions import (
    Observed,
    datatake_in,
    level_in,
    satellite_in,
)
from sea_ice_kedro.sources.cutting import Grid
from sea_ice_kedro.sources.plausible import (
    expect_place,
    expect_shape,
)
from sea_ice_kedro.sources.product_options import StacOptions
from sea_ice_kedro.sources.regions import Region, outlines_of
from sea_ice_kedro.sources.stac_properties import (
    acquired_of,
    baseline_of,
    calibration_of,
    cloud_of,
    expect_one_scale,
    fail,
    granule_in,
    is_said,
    nodata_of,
    product_names,
    sun_of,
)

_LOG = logging.getLogger(__name__)

_SHORTWAVE_ASSETS = {
    "B10": ("cirrus", "B10", "B10_60m"),
    "B11": ("swir16", "B11", "B11_20m"),
    "B12": ("swir22", "B12", "B12_20m"),
}
"""Keys of Earth Search and stactools, Planetary Computer, Copernicus Data Space."""


@dataclass(frozen=True)
class ShortwaveAsset:
    """One short-wave infrared band of an item."""

    band: ShortwaveBand
    href: str
    factor: int
    """Pixels of the granule along a side of one of its own."""

    calibration: Calibration


def read_shortwave(
    item: Mapping[str, Any], grid: Grid, options: StacOptions
) -> tuple[ShortwaveAsset, ...]:
    """Find the short-wave infrared bands that an item has.

    A band whose offset is not known is warned of: a scene without it is right, but less
    of its cloud is told.

    Args:
        item: The item as JSON, its links resolved.
        grid: Of its red, green and blue.
        options: What the items do not say themselves.
    """
    baseline = baseline_of(item)
    found = []
    for band in SHORTWAVE:
        keys = (
            key for key in _SHORTWAVE_ASSETS[band.esa_name] if key in item["assets"]
        )
        asset = item["assets"].get(next(keys, None))
        if asset is None:
            continue
        shape = asset.get("proj:shape")
        factor = band.factor if shape is None else round(grid.shape[0] / int(shape[0]))
        try:
            calibration = calibration_of(item, asset, baseline, options)
        except InvalidScene as error:
            _LOG.warning("%s: left out band %s: %s", item["id"], band.esa_name, error)
            continue
        found.append(ShortwaveAsset(band, asset["href"], max(factor, 1), calibration))
    return tuple(found)


# --- Sentinel-2 metadata in a STAC item, and what providers leave out

# Earth Search and stactools | Planetary Computer | Copernicus Data Space.
_USUAL_ASSETS = (
    ("red", "green", "blue"),
    ("B04", "B03", "B02"),
    ("B04_10m", "B03_10m", "B02_10m"),
)


_NUMBERED = {"B02": "blue", "B03": "green", "B04": "red"}
"""Names of Sentinel-2's bands."""


@dataclass(frozen=True)
class StacFacts:
    """One item, as far as scenes need it."""

    item_id: str
    hrefs: tuple[str, str, str]
    """Addresses of red, green and blue."""

    grid: Grid
    calibrations: Calibrations
    outline: Region
    acquired: datetime
    acquisition: Acquisition
    observed: Observed
    nodata: tuple[float | None, float | None, float | None] = (None, None, None)
    """What stands for "not observed" beside 0, where the item says it."""

    is_said: tuple[bool, bool] = (True, True)
    """Whether scale and offset are the item's: neither set, nor taken out."""


def read_item(item: Mapping[str, Any], options: StacOptions) -> StacFacts:
    """Read an item.

    Args:
        item: The item as JSON, its links resolved.
        options: What the items do not say themselves.

    Raises:
        InvalidScene: if something is missing that nothing can stand for.
    """
    properties = item["properties"]
    keys = _asset_keys(item, options)
    assets = [item["assets"][key] for key in keys]
    baseline = baseline_of(item)
    _expect_three(item, assets)
    red, green, blue = (calibration_of(item, a, baseline, options) for a in assets)
    expect_one_scale(item, assets, baseline, options)  # by now they are numbers
    no_red, no_green, no_blue = (nodata_of(item, asset) for asset in assets)
    grid, acquired = _grid(item, assets[0]), _expect_time(item)
    outline = _outline(item)
    try:
        return StacFacts(
            item_id=item["id"],
            hrefs=tuple(asset["href"] for asset in assets),
            grid=grid,
            calibrations=(red, green, blue),
            outline=outline,
            acquired=acquired,
            acquisition=Acquisition(
                granule=granule_in(properties),
                sun_elevation_deg=sun_of(item),
                cloud_percentage=cloud_of(item),
                processing_baseline=baseline,
                asset_id=item["id"],
            ),
            observed=_observed(item, grid, outline, acquired),
            nodata=(no_red, no_green, no_blue),
            is_said=is_said(item, baseline, options),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        fail(item, "assets with hrefs, and an id", f"{type(error).__name__}: {error}")


def _outline(item: Mapping[str, Any]) -> Region:
    geometry = item.get("geometry")
    try:
        return outlines_of(geometry)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError):
        fail(
            item,
            "a geometry of polygons, where it was observed",
            str(geometry)[:80],
            "leave it out, or tell its provider",
        )


def _observed(
    item: Mapping[str, Any], grid: Grid, outline: Region, acquired: datetime
) -> Observed:
    """Gather what tells the acquisition of an item."""
    properties = item["properties"]
    products = [*product_names(item), properties.get("s2:datatake_id")]
    level = properties.get("processing:level"), properties.get("s2:product_type")
    made = properties.get("s2:generation_time"), properties.get("created")
    return Observed(
        name=item["id"],
        grid=grid,
        outline=outline,
        acquired=acquired,
        datatake=datatake_in(*products),
        satellite=satellite_in(properties.get("platform"), *products),
        # All items of a collection are of one level.
        level=level_in(item.get("collection"), *level, *products),
        baseline=baseline_of(item),
        made=next(filter(None, map(_past, made)), ""),
    )


def _past(text: object) -> str:
    """Return a time as text that sorts by it; "" for what is none, or still to come."""
    with suppress(ValueError):
        time = datetime.fromisoformat(str(text))
        time = time if time.tzinfo else time.replace(tzinfo=UTC)
        if time <= datetime.now(UTC):
            return time.astimezone(UTC).isoformat()
    return ""


def _expect_time(item: Mapping[str, Any]) -> datetime:
    acquired = acquired_of(item)
    if acquired is None:
        fail(
            item, "datetime or start_datetime", str(item["properties"].get("datetime"))
        )
    return acquired


def _asset_keys(item: Mapping[str, Any], options: StacOptions) -> tuple[str, ...]:
    choices = (options.assets,) if options.assets else _USUAL_ASSETS
    for keys in choices:
        if all(key in item["assets"] for key in keys):
            if not options.assets:
                _expect_colours(item, keys)
            return keys
    fail(
        item,
        f"assets {' or '.join('-'.join(keys) for keys in choices)}",
        ", ".join(sorted(item["assets"])[:40]),
        "name the red, green and blue one with --params ingestion.stac.assets=a-b-c",
    )


def _expect_three(item: Mapping[str, Any], assets: Sequence[Mapping[str, Any]]) -> None:
    """Refuse one file for two colours.

    Raises:
        InvalidScene: if two assets have the same href.
    """
    hrefs = [str(asset["href"]) for asset in assets if asset.get("href")]
    if len(set(hrefs)) < len(hrefs):
        fail(
            item,
            "a file each for red, green and blue",
            ", ".join(without_keys(href)[-80:] for href in hrefs),
            "leave it out, or tell its provider",
        )


def _expect_colours(item: Mapping[str, Any], keys: tuple[str, ...]) -> None:
    """Refuse assets whose bands are said to be of other colours than their keys."""
    for key, colour in zip(keys, ("red", "green", "blue"), strict=True):
        asset = item["assets"][key]
        bands = [*(asset.get("eo:bands") or ()), *(asset.get("bands") or ())]
        said = {
            _colour_of(item, band) or colour
            for band in bands
            if isinstance(band, Mapping)
        }
        if said and colour not in said:
            fail(
                item,
                f"asset {key} to be {colour}",
                f"a band that is said to be {', '.join(sorted(said))}",
                "see which is right, and name the red, green and blue one with "
                "--params ingestion.stac.assets=a-b-c",
            )


def _colour_of(item: Mapping[str, Any], band: Mapping[str, Any]) -> str:
    """Tell the colour of a band by its common name, or its number; "" of no word."""
    common = band.get("common_name") or band.get("eo:common_name")
    if common:
        return str(common)
    of_sentinel_2 = str(item["properties"].get("platform")).startswith("sentinel-2")
    return _NUMBERED.get(str(band.get("name")), "") if of_sentinel_2 else ""


def _grid(item: Mapping[str, Any], asset: Mapping[str, Any]) -> Grid:
    def found(name: str) -> Any:  # noqa: ANN401 - JSON
        return asset.get(f"proj:{name}", item["properties"].get(f"proj:{name}"))

    crs = found("code") or (f"EPSG:{found('epsg')}" if found("epsg") else None)
    shape, transform = found("shape"), found("transform")
    if crs is None or None in (shape, transform):
        fail(
            item,
            "proj:code (or proj:epsg), proj:shape and proj:transform of its bands",
            f"{crs}, {shape} and {transform}",
            "the catalogue does not say where its bands lie: read the products as SAFE "
            "or GeoTIFF instead",
        )
    a, b, c, d, e, f = (float(number) for number in transform[:6])
    sides = float(shape[0]), float(shape[1])
    expect_shape(sides, f"STAC item {item.get('id')}")
    rows, columns = map(int, sides)
    grid = Grid(Georeference(crs, (a, b, c, d, e, f)), (rows, columns))
    expect_place(grid.georeference, f"STAC item {item.get('id')}", grid.shape)
    return grid
