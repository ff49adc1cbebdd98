"""A static STAC catalogue of what a run has made: items, and files as assets.

STAC 1.1 with the extensions projection 2.0, classification 2.0, processing 1.2 and file
2.1.

An item is a scene, or a day of a polar grid. STAC needs a time of each item, and no
place: a scene without a georeference has none, one without a time is left out.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pystac
from pyproj import CRS
from pystac.extensions.classification import Classification

from sea_ice_kedro import __version__
from sea_ice_kedro.addresses import as_link
from sea_ice_kedro.imagery.arrays import SIMULATED, Georeference
from sea_ice_kedro.imagery.classes import (
    COLOURS,
    LAND,
    LAND_COLOUR,
    LAND_LABEL,
    NODATA,
    SeaIceClass,
)
from sea_ice_kedro.rasters.footprint import pixel_size_m
from sea_ice_kedro.rasters.geojson import place_of
from sea_ice_kedro.rasters.geotiff import Facts
from sea_ice_kedro.reporting.products import Product, ProductGroup

CLASSIFICATION = "https://stac-extensions.github.io/classification/v2.0.0/schema.json"
FILE = "https://stac-extensions.github.io/file/v2.1.0/schema.json"
PROCESSING = "https://stac-extensions.github.io/processing/v1.2.0/schema.json"
PROJECTION = "https://stac-extensions.github.io/projection/v2.0.0/schema.json"

_COG, _TIFF = pystac.MediaType.COG, pystac.MediaType.GEOTIFF
_MD5_MULTIHASH = "d50110"
"""Code of MD5 (0xd5 as a varint) and its length, 16 bytes (multiformats.io)."""

_HASH = "md5:"


@dataclass(frozen=True)
class Kind:
    """One kind of product."""

    title: str
    roles: tuple[str, ...]
    media_type: str
    bands: tuple[str, ...] = ()
    classified: bool = False
    """Whether its first band holds classes."""

    nodata: int | None = None


KINDS = {
    "class_map": Kind(
        "Classes by brightness", ("data",), _COG, ("sea_ice_class",), True, NODATA
    ),
    "prediction": Kind(
        "Classes by a network, and its confidence in percent",
        ("data",),
        _COG,
        ("sea_ice_class", "confidence_percent"),
        True,
        NODATA,
    ),
    "filtered_scene": Kind(
        "Scene without thin cloud and shadow, and its quality flags",
        ("data", "reflectance"),
        _TIFF,
    ),
    "quicklook": Kind(
        "Scene, filtered scene and classes", ("overview",), pystac.MediaType.PNG
    ),
    "prediction_quicklook": Kind(
        "Scene, prediction and confidence", ("overview",), pystac.MediaType.PNG
    ),
    "concentration": Kind(
        "Sea ice concentration by brightness, and share observed, in percent",
        ("data",),
        _COG,
        ("sea_ice_concentration_percent", "observed_percent"),
        nodata=NODATA,
    ),
    "network_concentration": Kind(
        "Sea ice concentration by a network, and share observed, in percent",
        ("data",),
        _COG,
        ("sea_ice_concentration_percent", "observed_percent"),
        nodata=NODATA,
    ),
}
"""By name of the asset."""


def asset_of(product: Product) -> pystac.Asset:
    """Describe a file.

    Args:
        product: The file and, of a raster, what it says of itself.
    """
    kind = KINDS[product.kind]
    fields: dict[str, Any] = {**_file(product), **_making(product.facts)}
    if product.facts:
        fields |= projection_of(product.georeference, product.shape)
    if kind.nodata is not None:
        fields |= {"data_type": "uint8", "nodata": kind.nodata}
    if kind.bands:
        more = product.facts.get("probability_bands", "")
        names = [*kind.bands, *(name for name in more.split(", ") if name)]
        fields["bands"] = [{"name": name} for name in names]
    if kind.classified:
        fields["bands"][0]["classification:classes"] = _classes(product.facts)
    return pystac.Asset(
        as_link(product.href),
        kind.title,
        None,
        kind.media_type,
        list(kind.roles),
        fields,
    )


def classes(land: bool) -> list[dict[str, Any]]:
    """Describe what the codes of a class map mean, with their colours.

    Args:
        land: Whether there may be land.
    """
    return [
        *(
            _class(c.value, c.key, c.label, _OF_APPEARANCE, COLOURS[c])
            for c in SeaIceClass
        ),
        *([_class(LAND, "land", LAND_LABEL, _OF_MASK, LAND_COLOUR)] if land else []),
        {
            "value": NODATA,
            "name": "nodata",
            "title": "no data",
            "description": "not observed, or not trusted; never open water",
            "nodata": True,
        },
    ]


_OF_APPEARANCE = "a class of appearance, not a stage of development"
_OF_MASK = "neither ice nor water, by a mask"


def projection_of(
    georeference: Georeference | None, shape: tuple[int, int]
) -> dict[str, Any]:
    """Return where a raster's pixels lie, in its own coordinate reference system."""
    if georeference is None:
        return {"proj:shape": list(shape)}
    crs, code = georeference.crs, georeference.crs
    wkt = {}
    if not crs.startswith("EPSG:"):
        code = None  # type: ignore[assignment]
        wkt = {"proj:wkt2": CRS.from_user_input(crs).to_wkt("WKT2_2019")}
    transform = [*georeference.transform]
    return {
        "proj:code": code,
        **wkt,
        "proj:shape": list(shape),
        "proj:transform": transform,
    }


def _class(
    value: int, key: str, label: str, said: str, colour: tuple[int, int, int]
) -> dict[str, Any]:
    made = Classification.create(
        value,
        f"{label}: {said}",
        key,
        label,
        bytes(colour).hex().upper(),
    )
    return made.to_dict()


def _classes(facts: Facts) -> list[dict[str, Any]]:
    """Add to the classes how many pixels of the file they have."""
    land = "pixels_land" in facts
    known = classes(land)
    counts = [facts[f"pixels_{c.key}"] for c in SeaIceClass]
    if land:
        counts.append(facts["pixels_land"])
    counts.append(facts["pixels"] - sum(counts))
    for described, count in zip(known, counts, strict=True):
        described["count"] = count
        described["percentage"] = round(100 * count / facts["pixels"], 4)
    return known


def _file(product: Product) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    if product.size is not None:
        fields["file:size"] = product.size
    if product.checksum.startswith(_HASH):
        digest = product.checksum.removeprefix(_HASH)
        fields["file:checksum"] = _MD5_MULTIHASH + digest
    return fields


def _making(facts: Facts) -> dict[str, Any]:
    """Record which software and settings made a file."""
    name, _, version = facts.get("software", "").partition(" ")
    fields: dict[str, Any] = {}
    if version:
        fields["processing:software"] = {name: version}
    if facts.get("recipe"):
        expression = json.loads(facts["recipe"])
        fields["processing:expression"] = {
            "format": "sea_ice_kedro recipe",
            "expression": expression,
        }
    return fields


# --- A static STAC catalogue of what a run has made

SCENES, DAYS = "scenes", "daily-concentration"
_WHOLE_EARTH = [-180.0, -90.0, 180.0, 90.0]
_EXTENSIONS = [PROJECTION, PROCESSING, FILE]
_DAY = timedelta(days=1)
_LAND_SHARE = "sea_ice:land_fraction"


def catalogue_of(
    scenes: Iterable[ProductGroup], days: Iterable[ProductGroup]
) -> pystac.Catalog:
    """Describe the products of scenes and of days.

    Args:
        scenes: Those without a time of acquisition must have been left out.
        days: Maps of concentration by day.

    Returns:
        A catalogue of a collection of each, where there are any; hrefs of assets are
        absolute as long as nobody has saved it.
    """
    catalogue = pystac.Catalog(
        "sea_ice_kedro",
        "Class maps of sea ice from Sentinel-2 scenes, and concentration by day.",
        "Sea ice",
        catalog_type=pystac.CatalogType.SELF_CONTAINED,
    )
    made = [
        (SCENES, "Scenes", "A scene an item: classes and pictures.", _scene_items),
        (DAYS, "Concentration by day", "A day of a polar grid an item.", _day_items),
    ]
    for (name, title, said, describe), groups in zip(
        made, (list(scenes), list(days)), strict=True
    ):
        items = list(describe(groups))
        if items:
            catalogue.add_child(_collection(name, title, said, items))
    _derive_days(catalogue)
    return catalogue


def _derive_days(catalogue: pystac.Catalog) -> None:
    """Link each day of a grid with the scenes that it sums."""
    scenes, days = (catalogue.get_child(name) for name in (SCENES, DAYS))
    if scenes is None or days is None:
        return
    shown = [scene for scene in scenes.get_items() if scene.bbox]
    for day in days.get_items():
        start, end = _time(day, "start_datetime"), _time(day, "end_datetime")
        for scene in shown:
            of_day = start <= _time(scene, "start_datetime") <= end
            if of_day and _is_north(scene) == _is_north(day):
                day.add_derived_from(scene)


def _is_north(item: pystac.Item) -> bool:
    _, south, _, north = item.bbox or [0, 0, 0, 0]
    return south + north > 0


def _scene_items(groups: Iterable[ProductGroup]) -> Iterator[pystac.Item]:
    for group in groups:
        item = _item(group, group.acquired())
        item.properties["processing:lineage"] = _lineage(group)
        item.properties |= _shares(group) | _source(group) | _platform(group)
        item.stac_extensions.append(CLASSIFICATION)
        yield item


def _day_items(groups: Iterable[ProductGroup]) -> Iterator[pystac.Item]:
    for group in groups:
        start = datetime.fromisoformat(group.day()).replace(tzinfo=UTC)
        item = _item(group, None, start, start + _DAY - timedelta(seconds=1))
        item.properties["processing:lineage"] = (
            "true areas of the classes of all scenes of the day, summed by cell of the "
            "grid; concentration is ice area / observed area"
        )
        yield item


def _pixel(
    georeference: Georeference | None, shape: tuple[int, int]
) -> dict[str, float]:
    """Tell the side of a pixel on the ground, "gsd" of STAC's common metadata."""
    if georeference is None:
        return {}
    return {"gsd": round(pixel_size_m(georeference, shape), 3)}


def _item(
    group: ProductGroup,
    when: datetime | None,
    start: datetime | None = None,
    end: datetime | None = None,
) -> pystac.Item:
    raster = next(group.rasters())
    georeference: Georeference | None = raster.georeference
    place = None if georeference is None else place_of(georeference, raster.shape)
    item = pystac.Item(
        group.name,
        None if place is None else place.geometry,
        None if place is None else place.bbox,
        when,
        {
            "processing:software": {"sea_ice_kedro": __version__},
            **projection_of(georeference, raster.shape),
            **_pixel(georeference, raster.shape),
        },
        start,
        end,
        list(_EXTENSIONS),
    )
    for product in group.products:
        item.add_asset(product.kind, asset_of(product))
    return item


def _lineage(group: ProductGroup) -> str:
    source, location = (group.facts.get(k, "") for k in ("source", "location"))
    steps = [KINDS[product.kind].title for product in group.products]
    return f"{location or group.name} (source {source or 'unknown'}); " + "; ".join(
        steps
    )


def _source(group: ProductGroup) -> dict[str, str]:
    """Say where a scene is from, and at first sight if it is no observation."""
    if not (source := group.facts.get("source", "")):
        return {}
    title = f"{group.name}: simulated, no observation"
    return {
        "sea_ice:source": source,
        **({"title": title} if source == SIMULATED else {}),
    }


def _platform(group: ProductGroup) -> dict[str, Any]:
    """Name the satellite, where the product that a scene is from does."""
    if not (satellite := group.facts.get("satellite", "")):
        return {}
    return {
        "platform": f"sentinel-{satellite.lower()}",
        "constellation": "sentinel-2",
        "instruments": ["msi"],
    }


def _shares(group: ProductGroup) -> dict[str, Any]:
    """Return the concentration of a scene, for search without opening a file."""
    for raster in group.rasters():
        if "pixels" in raster.facts:
            counts = {c: raster.facts[f"pixels_{c.key}"] for c in SeaIceClass}
            valid = sum(counts.values())
            ice = valid - counts[SeaIceClass.OPEN_WATER]
            pixels, land = raster.facts["pixels"], raster.facts.get("pixels_land")
            return {
                "sea_ice:valid_fraction": round(valid / pixels, 6),
                **({} if land is None else {_LAND_SHARE: round(land / pixels, 6)}),
                "sea_ice:concentration": round(ice / valid, 6) if valid else None,
            }
    return {}


def _collection(
    name: str, title: str, said: str, items: list[pystac.Item]
) -> pystac.Collection:
    collection = pystac.Collection(
        name,
        f"{said} Classes are of appearance, not stages of development; land counts as "
        "ice where no mask of it was named, and no data is never water.",
        _extent(items),
        title,
        catalog_type=pystac.CatalogType.SELF_CONTAINED,
        license="other",
        providers=[
            pystac.Provider("sea_ice_kedro", roles=[pystac.ProviderRole.PROCESSOR])
        ],
        summaries=pystac.Summaries(_summaries(name, items)),
    )
    if name == SCENES:
        collection.stac_extensions = [CLASSIFICATION]
    collection.add_items(items)
    return collection


def _summaries(name: str, items: list[pystac.Item]) -> dict[str, Any]:
    codes = sorted({item.properties.get("proj:code") or "" for item in items} - {""})
    summaries: dict[str, Any] = {"proj:code": codes} if codes else {}
    if name == SCENES:
        land = any(_LAND_SHARE in item.properties for item in items)
        summaries["classification:classes"] = classes(land)
    return summaries


def _extent(items: list[pystac.Item]) -> pystac.Extent:
    """Return box and days of all items; the whole Earth where none has a place."""
    boxes = [item.bbox for item in items if item.bbox] or [_WHOLE_EARTH]
    crosses = any(west > east for west, _, east, _ in boxes)
    # All around, where a box crosses the antimeridian: right, and maybe too wide.
    west = -180.0 if crosses else min(box[0] for box in boxes)
    east = 180.0 if crosses else max(box[2] for box in boxes)
    south, north = min(box[1] for box in boxes), max(box[3] for box in boxes)
    starts = [_time(item, "start_datetime") for item in items]
    ends = [_time(item, "end_datetime") for item in items]
    return pystac.Extent(
        pystac.SpatialExtent([[west, south, east, north]]),
        pystac.TemporalExtent([[min(starts), max(ends)]]),
    )


def _time(item: pystac.Item, name: str) -> datetime:
    time: Any = getattr(item.common_metadata, name) or item.datetime
    return datetime.fromisoformat(time.isoformat())
