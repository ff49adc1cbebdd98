"""A class map as a Cloud-Optimised GeoTIFF that opens in its colours."""

from pathlib import Path

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
    NODATA,
    NODATA_COLOUR,
    SeaIceClass,
    palette,
)
from sea_ice_kedro.imagery.scores import class_counts
from sea_ice_kedro.rasters.footprint import pixel_area_m2
from sea_ice_kedro.rasters.geotiff import (
    PRODUCT,
    Layers,
    georeference_of,
    opened,
    tags_of,
    write_raster,
)
from sea_ice_kedro.rasters.value_names import NamedValue, beside, with_value_names

_BAND = "sea_ice_class"

CLASS_NAMES = {
    **{c.value: NamedValue(c.label, COLOURS[c]) for c in SeaIceClass},
    NODATA: NamedValue("no data", NODATA_COLOUR, shown=False),
}
"""Names that GDAL and QGIS show beside the colours."""


class ClassMapDataset(RasterFileDataset[ClassMap]):
    """Saves and loads one `ClassMap`: uint8 codes, palette, 255 = no data.

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
        layers = Layers(
            bands=[data.codes],
            names=[_BAND],
            georeference=data.georeference,
            nodata=NODATA,
            palette=palette(),
            tags={**_tags(data), **self._provenance},
        )
        with with_value_names(self._filepath, CLASS_NAMES):
            write_raster(self._filepath, layers, PRODUCT)

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
                source=tags.get("source", ""),
            )


def _tags(class_map: ClassMap) -> dict[str, str]:
    tags = {
        "scene_id": class_map.scene_id,
        "classes": ", ".join(f"{c.value} = {c.label}" for c in SeaIceClass)
        + f", {NODATA} = no data",
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
