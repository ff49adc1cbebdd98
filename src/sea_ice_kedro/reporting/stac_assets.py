"""The files of a run as STAC assets, with the extensions' fields."""

import json
from dataclasses import dataclass
from typing import Any

import pystac
from pyproj import CRS
from pystac.extensions.classification import Classification

from sea_ice_kedro.addresses import as_link
from sea_ice_kedro.imagery.arrays import Georeference
from sea_ice_kedro.imagery.classes import (
    COLOURS,
    LAND,
    LAND_COLOUR,
    LAND_LABEL,
    NODATA,
    SeaIceClass,
)
from sea_ice_kedro.rasters.geotiff import Facts
from sea_ice_kedro.reporting.products import Product

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
    fields: dict[str, Any] = {**file_fields(product), **_making(product.facts)}
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
    known = [class_of(c) for c in SeaIceClass]
    if land:
        known.append(_class(LAND, "land", LAND_LABEL, _OF_MASK, LAND_COLOUR))
    return [
        *(described.to_dict() for described in known),
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


def class_of(code: SeaIceClass) -> Classification:
    """Describe a class, with its colour."""
    return _class(code.value, code.key, code.label, _OF_APPEARANCE, COLOURS[code])


def _class(
    value: int, key: str, label: str, said: str, colour: tuple[int, int, int]
) -> Classification:
    return Classification.create(
        value, f"{label}: {said}", key, label, bytes(colour).hex().upper()
    )


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


def file_fields(product: Product) -> dict[str, Any]:
    """Return size and checksum, as far as they are known."""
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
