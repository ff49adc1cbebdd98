"""Labels by a person: painted, edited class maps, or polygons."""

from pathlib import Path, PurePath

import numpy as np

from sea_ice_kedro.errors import InvalidLabel
from sea_ice_kedro.imagery.arrays import ClassMap, Codes, Scene
from sea_ice_kedro.imagery.classes import NODATA
from sea_ice_kedro.sources.class_polygons import POLYGONS, read_class_polygons
from sea_ice_kedro.sources.class_rasters import (
    ClassRaster,
    expect_one_grid,
    read_class_raster,
)


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
