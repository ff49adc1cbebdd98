"""What a STAC item says of a Sentinel-2 product, and what providers leave unsaid."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any, NoReturn

from sea_ice_kedro.errors import InvalidScene
from sea_ice_kedro.imagery.arrays import Acquisition, Georeference
from sea_ice_kedro.imagery.reflectance import Calibration, Calibrations
from sea_ice_kedro.sources.cutting import Grid
from sea_ice_kedro.sources.plausible import (
    expect_calibration,
    expect_place,
    expect_shape,
)
from sea_ice_kedro.sources.product_options import StacOptions
from sea_ice_kedro.sources.regions import Region, outlines_of

# Earth Search and stactools | Planetary Computer | Copernicus Data Space.
_USUAL_ASSETS = (
    ("red", "green", "blue"),
    ("B04", "B03", "B02"),
    ("B04_10m", "B03_10m", "B02_10m"),
)

# ESA's quantification value of 10 000, for providers that do not repeat it.
_SCALE = 0.0001

_REMOVED = ("earthsearch:boa_offset_applied", "sentinel:boa_offset_applied")
"""True: the provider has taken the offset out, whatever its bands say (Element 84)."""


@dataclass(frozen=True)
class StacFacts:
    """One item, as far as scenes need it."""

    item_id: str
    hrefs: tuple[str, str, str]
    """Of red, green and blue."""

    grid: Grid
    calibrations: Calibrations
    outline: Region
    acquired: datetime
    acquisition: Acquisition


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
    baseline = baseline_of(properties)
    red, green, blue = (calibration_of(item, a, baseline, options) for a in assets)
    try:
        return StacFacts(
            item_id=item["id"],
            hrefs=tuple(asset["href"] for asset in assets),
            grid=_grid(item, assets[0]),
            calibrations=(red, green, blue),
            outline=outlines_of(item["geometry"]),
            acquired=_expect_time(item),
            acquisition=Acquisition(
                granule=_granule(properties),
                sun_elevation_deg=sun_of(item),
                cloud_percentage=cloud_of(item),
                processing_baseline=baseline,
                asset_id=item["id"],
            ),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        _fail(item, "hrefs, geometry and datetime", f"{type(error).__name__}: {error}")


def cloud_of(item: Mapping[str, Any]) -> float | None:
    """Return the cloud percentage of an item; None where it says none."""
    return _number(item, "eo:cloud_cover")


def sun_of(item: Mapping[str, Any]) -> float | None:
    """Return the sun's elevation in degrees; None where an item says none."""
    elevation = _number(item, "view:sun_elevation")
    zenith = _number(item, "s2:mean_solar_zenith")
    return 90.0 - zenith if elevation is None and zenith is not None else elevation


def _number(item: Mapping[str, Any], name: str) -> float | None:
    try:
        number = float(item["properties"][name])
    except (KeyError, TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None


def acquired_of(item: Mapping[str, Any]) -> datetime | None:
    """Return an item's time, or the begin of its span; None where it says neither."""
    for name in ("datetime", "start_datetime"):
        text = item["properties"].get(name)
        try:
            time = datetime.fromisoformat(str(text).replace("Z", "+00:00"))
        except ValueError:
            continue
        return time if time.tzinfo else time.replace(tzinfo=timezone.utc)
    return None


def _expect_time(item: Mapping[str, Any]) -> datetime:
    acquired = acquired_of(item)
    if acquired is None:
        _fail(
            item, "datetime or start_datetime", str(item["properties"].get("datetime"))
        )
    return acquired


def _fail(item: Mapping[str, Any], expected: str, got: str, out: str = "") -> NoReturn:
    raise InvalidScene(
        f"STAC item {item.get('id')}: expected {expected}, got {got}"
        + (f"; {out}" if out else "")
    )


def _asset_keys(item: Mapping[str, Any], options: StacOptions) -> tuple[str, ...]:
    choices = (options.assets,) if options.assets else _USUAL_ASSETS
    for keys in choices:
        if all(key in item["assets"] for key in keys):
            return keys
    _fail(
        item,
        f"assets {' or '.join('-'.join(keys) for keys in choices)}",
        ", ".join(sorted(item["assets"])[:40]),
        "name the red, green and blue one with --params ingestion.stac.assets=a-b-c",
    )


def baseline_of(properties: Mapping[str, Any]) -> str:
    """Find ESA's processing baseline, "N0400"; "" where it is nowhere."""
    for key in ("s2:processing_baseline", "processing:version"):
        found = re.fullmatch(r"(\d\d)\.(\d\d)", str(properties.get(key, "")))
        if found:
            return f"N{found.group(1)}{found.group(2)}"
    for key in ("s2:product_uri", "sentinel:product_id"):
        found = re.search(r"_(N\d{4})_", str(properties.get(key, "")))
        if found:
            return found.group(1)
    return ""


def calibration_of(
    item: Mapping[str, Any],
    asset: Mapping[str, Any],
    baseline: str,
    options: StacOptions,
) -> Calibration:
    """Find what turns an asset's numbers into reflectance.

    Args:
        item: The item as JSON.
        asset: The band's.
        baseline: Of its processing, "N0400", or "".
        options: What the items do not say themselves.

    Raises:
        InvalidScene: if there should be an offset, and there is none.
    """
    band = _band(asset)
    scale = options.scale or band.get("scale") or _SCALE
    due = not re.fullmatch(r"N0[0-3]\d\d", baseline)
    if due and options.offset is not None:
        return _expected(item, scale, options.offset)
    if any(item["properties"].get(name) is True for name in _REMOVED):
        return _expected(item, scale, 0.0)
    offset = band.get("offset")
    if due and not offset:
        _fail(
            item,
            "an offset (raster:bands), which products have from baseline 04.00 on",
            f"{'none' if offset is None else offset}, and baseline "
            f"{baseline or 'unknown'}",
            "water would look like ice with the wrong one. Where the provider leaves "
            "it in the numbers, add --params ingestion.stac.offset=-0.1; where it has "
            "taken it out, ingestion.stac.offset=0.0",
        )
    return _expected(item, scale, offset or 0.0)


def _expected(item: Mapping[str, Any], scale: Any, offset: Any) -> Calibration:  # noqa: ANN401
    try:
        calibration = Calibration(float(scale), float(offset))
    except (TypeError, ValueError):
        _fail(item, "numbers for scale and offset", f"{scale!r} and {offset!r}")
    expect_calibration(calibration, f"STAC item {item.get('id')}, scale and offset")
    return calibration


def _band(asset: Mapping[str, Any]) -> dict[str, Any]:
    """Find scale and offset: of raster 1, of raster 2 in STAC 1.1, or of the asset."""
    found: dict[str, Any] = {}
    places = [asset, *asset.get("bands", [])[:1], *asset.get("raster:bands", [])[:1]]
    for place in places:
        for name in ("scale", "offset"):
            value = place.get(f"raster:{name}", place.get(name))
            if value is not None:
                found[name] = value
    return found


def _grid(item: Mapping[str, Any], asset: Mapping[str, Any]) -> Grid:
    def found(name: str) -> Any:  # noqa: ANN401 - JSON
        return asset.get(f"proj:{name}", item["properties"].get(f"proj:{name}"))

    crs = found("code") or (f"EPSG:{found('epsg')}" if found("epsg") else None)
    shape, transform = found("shape"), found("transform")
    if crs is None or None in (shape, transform):
        _fail(
            item,
            "proj:code (or proj:epsg), proj:shape and proj:transform of its bands",
            f"{crs}, {shape} and {transform}",
            "the catalogue does not say where its bands lie: read the products as SAFE "
            "or GeoTIFF instead",
        )
    a, b, c, d, e, f = (float(number) for number in transform[:6])
    grid = Grid(Georeference(crs, (a, b, c, d, e, f)), (int(shape[0]), int(shape[1])))
    expect_place(grid.georeference, f"STAC item {item.get('id')}")
    expect_shape(grid.shape, f"STAC item {item.get('id')}")
    return grid


def _granule(properties: Mapping[str, Any]) -> str:
    """Name the granule "T03CWT"."""
    code = str(properties.get("grid:code", "")).removeprefix("MGRS-")
    code = code or str(properties.get("s2:mgrs_tile", ""))
    # A zone below 10 may be written with one digit.
    return f"T{code.zfill(5)}" if code else ""
