"""Class maps and labels of anybody: class codes, the classes' colours, or polygons."""

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any

import numpy as np
from rasterio import Affine
from rasterio.enums import ColorInterp
from rasterio.errors import RasterioError
from rasterio.features import rasterize
from rasterio.warp import transform_geom

from sea_ice_kedro.errors import MALFORMED, InvalidLabel
from sea_ice_kedro.imagery.arrays import RGB, ClassMap, Codes, Georeference, Scene
from sea_ice_kedro.imagery.classes import (
    COLOURS,
    LAND,
    LAND_COLOUR,
    LAND_LABEL,
    NODATA,
    NODATA_COLOUR,
    SeaIceClass,
)
from sea_ice_kedro.rasters.files import reading
from sea_ice_kedro.rasters.geotiff import georeference_of, opened
from sea_ice_kedro.sources.folder_listing import (
    SUFFIXES,
    labelled_scene,
    list_folder,
)
from sea_ice_kedro.sources.options import IngestionOptions
from sea_ice_kedro.sources.scene_files import stem_of

_SHOWN = 5


def codes_of_colours(rgb: RGB, name: str) -> Codes:
    """Turn the colours of a label, uint8 (H, W, 3), into class codes, uint8 (H, W).

    Raises:
        InvalidLabel: if there is any other colour; names the most frequent.
    """
    packed = (rgb.astype(np.uint32) * np.array([65536, 256, 1], np.uint32)).sum(-1)
    codes = np.full(packed.shape, NODATA, np.uint8)
    known = packed == _packed(NODATA_COLOUR)
    for code, colour in [*COLOURS.items(), (LAND, LAND_COLOUR)]:
        here = packed == _packed(colour)
        codes[here] = code
        known |= here
    if not known.all():
        colours, counts = np.unique(packed[~known], return_counts=True)
        order = np.argsort(counts)[::-1][:_SHOWN]
        shown = ", ".join(f"#{colours[i]:06x} ({counts[i]} px)" for i in order)
        legend = ", ".join(f"#{_packed(c):06x} {k.label}" for k, c in COLOURS.items())
        land = f"#{_packed(LAND_COLOUR):06x} {LAND_LABEL}"
        raise InvalidLabel(
            f"{name}: expected only {legend}, {land}, #000000 no data; got also "
            f"{shown}. JPEG and resampling blur colours: save labels as PNG, unscaled"
        )
    return codes


def _packed(colour: tuple[int, int, int]) -> int:
    red, green, blue = colour
    return red << 16 | green << 8 | blue


# --- Class maps and labels of anybody: class codes, or the classes' colours

_CLASSES = {int(c) for c in SeaIceClass}
_SAME_PLACE = 0.01
"""Pixels by which corners may differ: some tools round coordinates."""


@dataclass(frozen=True, eq=False)
class ClassRaster:
    """The class of every pixel, as a file has it."""

    codes: Codes
    georeference: Georeference | None


def list_class_rasters(folder: str) -> dict[str, list[str]]:
    """List the PNG, JPEG and GeoTIFF files of a folder: scene id -> its files.

    A file that is named as a label (`ice_07_label`, `s2_seg_00`) is of that scene
    (`ice_07`, `s2_vis_00`), and comes before the picture of that name.

    Raises:
        InvalidScene: if there is no such folder.
        CannotRead: if it is in a bucket and cannot be listed.
    """
    scenes: dict[str, list[str]] = defaultdict(list)
    labels: dict[str, list[str]] = defaultdict(list)
    options = IngestionOptions()
    for path in list_folder(folder):
        name = PurePath(path)
        if name.name.startswith(".") or name.suffix.lower() not in SUFFIXES:
            continue
        stem = stem_of(path)
        of_scene = labelled_scene(stem, options)
        if of_scene is None:
            scenes[stem].append(path)
        else:
            labels[of_scene].append(path)
    return {**scenes, **labels}


def read_class_raster(filepath: str) -> ClassRaster:
    """Read class codes: band 1 of a map, or colours as in `COLOURS`.

    The colours of a palette count where all that occur are those of the classes, as
    programs number colours as they like; else the numbers do.

    Raises:
        InvalidLabel: if there are other numbers or other colours.
        InvalidScene: if it is no raster, or a damaged one.
    """
    name = Path(filepath).name
    with opened(filepath, foreign=True) as file:
        georeference = georeference_of(file)
        if file.dtypes[0] != "uint8":
            raise InvalidLabel(
                f"{name}: expected class codes or colours of 8 bit, got "
                f"{file.dtypes[0]}; save it as 8-bit GeoTIFF or PNG"
            )
        if file.colorinterp[:3] == (
            ColorInterp.red,
            ColorInterp.green,
            ColorInterp.blue,
        ):
            rgb: RGB = np.moveaxis(file.read([1, 2, 3]), 0, -1)
            return ClassRaster(codes_of_colours(rgb, name), georeference)
        codes: Codes = file.read(1)
        colours = _palette_of(file)
        nodata = file.nodata
    found = np.flatnonzero(np.bincount(codes.ravel(), minlength=256))
    if colours is not None and _all_of_classes(colours[found]):
        return ClassRaster(codes_of_colours(colours[codes], name), georeference)
    return ClassRaster(_as_codes(name, codes, found.tolist(), nodata), georeference)


def _palette_of(file: Any) -> RGB | None:  # noqa: ANN401 - rasterio is untyped
    if file.colorinterp[0] != ColorInterp.palette:
        return None
    colours = np.zeros((256, 3), np.uint8)
    for value, (red, green, blue, _) in file.colormap(1).items():
        colours[value] = red, green, blue
    return colours


def _all_of_classes(colours: RGB) -> bool:
    known = {NODATA_COLOUR, LAND_COLOUR, *COLOURS.values()}
    return {tuple(map(int, colour)) for colour in colours} <= known


def _as_codes(name: str, codes: Codes, found: list[int], nodata: float | None) -> Codes:
    if nodata in _CLASSES:
        meant = SeaIceClass(int(nodata or 0)).label
        raise InvalidLabel(
            f"{name}: expected {NODATA} for no data, got {nodata:g}, which is {meant}; "
            "take it out of the file (gdal_edit.py -unsetnodata)"
        )
    known = {*_CLASSES, LAND, NODATA, nodata}
    unknown = [value for value in found if value not in known]
    if unknown:
        legend = ", ".join(f"{c.value} {c.label}" for c in SeaIceClass)
        raise InvalidLabel(
            f"{name}: expected the codes {legend}, {LAND} {LAND_LABEL}, {NODATA} none, "
            f"or their colours, got also {unknown[:10]}"
        )
    if nodata is None or nodata == NODATA:
        return codes
    return np.where(codes == np.uint8(nodata), np.uint8(NODATA), codes)


def expect_one_grid(name: str, one: ClassRaster, other: ClassRaster) -> None:
    """Refuse two rasters whose pixels are not of the same places.

    Where one has no georeference, its size alone is compared.

    Raises:
        InvalidLabel: naming both sizes or places.
    """
    if one.codes.shape != other.codes.shape:
        raise InvalidLabel(
            f"{name}: expected map and label of one size, got "
            f"{_size(one)} and {_size(other)} (columns x rows)"
        )
    here, there = one.georeference, other.georeference
    if here is None or there is None:
        return
    pixel = max(map(abs, here.transform[:2]))
    apart = np.abs(np.subtract(here.transform, there.transform)) / pixel
    height, width = one.codes.shape
    far = [*apart[[2, 5]], *apart[[0, 3]] * width, *apart[[1, 4]] * height]
    if here.crs != there.crs or max(far) > _SAME_PLACE:
        raise InvalidLabel(
            f"{name}: expected map and label on one grid, got {here.crs} "
            f"{here.transform} and {there.crs} {there.transform}; warp the label to "
            "the map (gdalwarp -r near)"
        )


def _size(raster: ClassRaster) -> str:
    height, width = raster.codes.shape
    return f"{width} x {height}"


# --- Classes drawn as polygons: GeoJSON with an attribute "class"

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
        drawn = list(
            _drawn(json.loads(content.decode("utf-8-sig")), scene.georeference.crs)
        )
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


# --- Labels by a person: painted, edited class maps, or polygons


def read_manual_label(filepath: str, scene: Scene) -> ClassMap:
    """Read a label: class codes, colours of the classes, or polygons.

    Pixels that the scene did not observe become no data, whatever was painted there.

    Args:
        filepath: PNG or GeoTIFF of 8 bit: codes in band 1, with or without palette, or
            R, G, B (red thick ice, blue thin ice, green open water, black none); or
            GeoJSON of polygons with an attribute "class".
        scene: The scene it labels.

    Raises:
        InvalidLabel: if it has another size or place than its scene, or other classes.
    """
    name = Path(filepath).name
    if PurePath(filepath).suffix.lower() in POLYGONS:
        codes = read_class_polygons(filepath, scene)
    else:
        codes = _codes_on_grid(name, read_class_raster(filepath), scene)
    return ClassMap(
        scene_id=scene.scene_id,
        codes=np.where(scene.valid_mask, codes, np.uint8(NODATA)),
        georeference=scene.georeference,
        acquired=scene.acquired,
    )


def _codes_on_grid(name: str, raster: ClassRaster, scene: Scene) -> Codes:
    size, expected = raster.codes.shape, scene.shape
    if size != expected:
        raise InvalidLabel(
            f"{name}: expected the size of its scene {scene.scene_id}, "
            f"{expected[1]} x {expected[0]}, got {size[1]} x {size[0]}; label the "
            "scene at its full size, or take the label away"
        )
    expect_one_grid(name, ClassRaster(raster.codes, scene.georeference), raster)
    return raster.codes
