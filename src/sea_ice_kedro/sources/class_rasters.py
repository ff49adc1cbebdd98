"""Class maps and labels of anybody: class codes, or the classes' colours."""

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any

import numpy as np
from rasterio.enums import ColorInterp

from sea_ice_kedro.errors import InvalidLabel
from sea_ice_kedro.imagery.arrays import RGB, Codes, Georeference
from sea_ice_kedro.imagery.classes import (
    COLOURS,
    LAND,
    LAND_COLOUR,
    LAND_LABEL,
    NODATA,
    NODATA_COLOUR,
    SeaIceClass,
)
from sea_ice_kedro.rasters.geotiff import opened
from sea_ice_kedro.rasters.header import georeference_of
from sea_ice_kedro.sources.class_colours import codes_of_colours
from sea_ice_kedro.sources.folder_listing import (
    SUFFIXES,
    labelled_scene,
    list_folder,
)
from sea_ice_kedro.sources.options import IngestionOptions
from sea_ice_kedro.sources.scene_files import stem_of

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
