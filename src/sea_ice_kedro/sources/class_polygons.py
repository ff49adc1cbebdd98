"""Classes drawn as polygons: GeoJSON with an attribute "class"."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from rasterio import Affine
from rasterio.errors import RasterioError
from rasterio.features import rasterize
from rasterio.warp import transform_geom

from sea_ice_kedro.errors import MALFORMED, InvalidLabel
from sea_ice_kedro.imagery.arrays import Codes, Scene
from sea_ice_kedro.imagery.classes import NODATA, SeaIceClass
from sea_ice_kedro.rasters.files import reading

POLYGONS = {".geojson"}
"""Endings of such files."""

_WGS84 = "EPSG:4326"
_NAMES = {
    **{c.key: c for c in SeaIceClass},
    **{c.label: c for c in SeaIceClass},
    **{str(c.value): c for c in SeaIceClass},
}
_KINDS = ("Polygon", "MultiPolygon")


def read_class_polygons(filepath: str, scene: Scene) -> Codes:
    """Draw polygons on the grid of a scene; a pixel belongs where its centre lies.

    Where polygons overlap, the last in the file counts.

    Args:
        filepath: GeoJSON (RFC 7946), in longitude and latitude unless its "crs" says
            otherwise, as QGIS writes it; each feature with an attribute "class": the
            name or the code of a class.
        scene: The scene it labels.

    Returns:
        uint8 (H, W) of class codes, 255 where no polygon is.

    Raises:
        InvalidLabel: if it holds anything else, or lies beside its scene.
    """
    name = Path(filepath).name
    if scene.georeference is None:
        raise InvalidLabel(
            f"{name}: expected a scene with a place on Earth for polygons, got "
            f"{scene.scene_id} without; label it by an edited class map or a picture"
        )
    with reading(filepath) as path:
        content = path.read_bytes()
    try:
        drawn = list(_drawn(json.loads(content.decode()), scene.georeference.crs))
        codes: Codes = (
            rasterize(
                drawn,
                out_shape=scene.shape,
                transform=Affine(*scene.georeference.transform),
                fill=NODATA,
                dtype="uint8",
            )
            if drawn
            else np.full(scene.shape, NODATA, np.uint8)
        )
    except (*MALFORMED, RasterioError) as error:
        raise InvalidLabel(
            f"{name}: expected GeoJSON of polygons, each with an attribute class "
            f"({', '.join(c.key for c in SeaIceClass)}, or their codes), got "
            f"{type(error).__name__}: {error}"
        ) from error
    if (codes == NODATA).all():
        raise InvalidLabel(
            f"{name}: expected polygons on its scene {scene.scene_id}, got none there "
            f"({len(drawn)} in the file); is its CRS right?"
        )
    return codes


def _drawn(found: Any, crs: str) -> Iterator[tuple[dict[str, Any], int]]:  # noqa: ANN401
    """Return each polygon in the CRS of the scene, with its code."""
    told = (found.get("crs") or {}).get("properties", {}).get("name", _WGS84)
    features = found["features"] if found["type"] == "FeatureCollection" else [found]
    for number, feature in enumerate(features, 1):
        geometry = feature["geometry"]
        if geometry is None or geometry["type"] not in _KINDS:
            kind = geometry and geometry["type"]
            raise ValueError(f"feature {number}: geometry {kind}")
        own = {str(k).lower(): v for k, v in (feature["properties"] or {}).items()}
        said = str(own.get("class")).strip().lower()
        if said not in _NAMES:
            raise ValueError(f"feature {number}: class {own.get('class')!r}")
        yield transform_geom(told, crs, geometry), int(_NAMES[said])
