"""A class map as a Cloud-Optimised GeoTIFF that opens in its colours."""

from pathlib import Path

import numpy as np

from sea_ice_kedro.datasets.raster_file import (
    RasterFileDataset,
    source_tag,
    time_of,
    time_tag,
)
from sea_ice_kedro.errors import InvalidScene
from sea_ice_kedro.imagery.arrays import ClassMap
from sea_ice_kedro.imagery.classes import (
    COLOURS,
    LAND,
    LAND_COLOUR,
    LAND_LABEL,
    NODATA,
    NODATA_COLOUR,
    SeaIceClass,
    palette,
)
from sea_ice_kedro.imagery.scores import class_counts
from sea_ice_kedro.rasters.footprint import pixel_area_m2
from sea_ice_kedro.rasters.geotiff import PRODUCT, Layers, opened, write_raster
from sea_ice_kedro.rasters.header import georeference_of, tags_of
from sea_ice_kedro.rasters.value_names import NamedValue, beside, with_value_names

_BAND = "sea_ice_class"

_LAND_NAME = {LAND: NamedValue(LAND_LABEL, LAND_COLOUR)}


def value_names(land: bool) -> dict[int, NamedValue]:
    """Return the names that GDAL and QGIS show beside the colours.

    Args:
        land: Whether there may be land: else no legend needs it.
    """
    return {
        **{c.value: NamedValue(c.label, COLOURS[c]) for c in SeaIceClass},
        **(_LAND_NAME if land else {}),
        NODATA: NamedValue("no data", NODATA_COLOUR, shown=False),
    }


def code_tags(land_source: str, land_pixels: int) -> dict[str, str]:
    """Write as tags what the codes mean, and what is land by which mask.

    Args:
        land_source: Name and digest of the mask; "" where none was named.
        land_pixels: Pixels of land.
    """
    names = value_names(bool(land_source or land_pixels))
    tags = {"classes": ", ".join(f"{v} = {n.name}" for v, n in names.items())}
    if land_source:
        tags["land"] = land_source
    if land_source or land_pixels:
        tags["pixels_land"] = str(land_pixels)
    return tags


class ClassMapDataset(RasterFileDataset[ClassMap]):
    """Saves and loads one `ClassMap`: uint8 codes, palette, 254 = land, 255 = no data.

    The names of the classes lie beside the file, where GDAL and QGIS look for them:
    `<scene>.tif.aux.xml` and `<scene>.qml`.

    Examples:
        Using the YAML API:

        ```yaml
        class_map:
          type: sea_ice_kedro.datasets.ClassMapDataset
          filepath: data/04_feature/class_maps/s2_vis_00.tif
        ```

        Using the Python API:

        >>> from sea_ice_kedro.datasets import ClassMapDataset
        >>> class_map = ClassMapDataset(filepath="s2_vis_00.tif").load()
    """

    beside = staticmethod(beside)

    def save(self, data: ClassMap) -> None:
        """Write the class map, whole or not at all.

        Raises:
            CannotWrite: if there is no room or no permission.
        """
        land_pixels = int(np.count_nonzero(data.codes == LAND))
        names = value_names(bool(data.land_source or land_pixels))
        layers = Layers(
            bands=[data.codes],
            names=[_BAND],
            georeference=data.georeference,
            nodata=NODATA,
            palette=palette(),
            tags={**_tags(data, land_pixels), **self._provenance},
        )
        with with_value_names(self._filepath, names):
            self._saved = write_raster(self._filepath, layers, PRODUCT)

    def load(self) -> ClassMap:
        """Read the class map back.

        Raises:
            InvalidScene: if the file is damaged or holds something else.
        """
        with opened(self._filepath) as file:
            tags = tags_of(file)
            if file.descriptions != (_BAND,) or "scene_id" not in tags:
                raise InvalidScene(
                    f"{Path(self._filepath).name}: expected a class map (one band "
                    f"{_BAND!r}), got bands {file.descriptions}. Make it with: "
                    "kedro run --pipelines autolabel"
                )
            return ClassMap(
                scene_id=tags["scene_id"],
                codes=file.read(1),
                georeference=georeference_of(file),
                acquired=time_of(tags),
                land_source=tags.get("land", ""),
                source=tags.get("source", ""),
            )


def _tags(class_map: ClassMap, land_pixels: int) -> dict[str, str]:
    tags = {
        "scene_id": class_map.scene_id,
        **code_tags(class_map.land_source, land_pixels),
        "pixels": str(class_map.codes.size),
        **time_tag(class_map.acquired),
        **source_tag(class_map.source),
    }
    if class_map.limits is not None:
        thin_ice_min, thick_ice_min = class_map.limits
        tags |= {
            "thin_ice_min": str(thin_ice_min),
            "thick_ice_min": str(thick_ice_min),
            "limits_source": class_map.limits_source,
            "water_channel": "darkest" if class_map.water_by_darkest else "brightest",
            "pixels_untrustworthy": str(class_map.untrustworthy_pixels),
        }
    for sea_ice_class, count in class_counts(class_map.codes).items():
        tags[f"pixels_{sea_ice_class.key}"] = str(count)
    if class_map.georeference is not None:
        area = pixel_area_m2(class_map.georeference, class_map.shape)
        tags["pixel_area_m2"] = f"{area:.6f}"
    return tags
