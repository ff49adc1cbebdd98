"""What a raster file says about itself, without reading a pixel."""

from typing import Any, NoReturn

from kedro.io import DatasetError

from sea_ice_kedro.datasets.raster_file import RasterFileDataset
from sea_ice_kedro.rasters.geotiff import georeference_of, opened_header, tags_of


class RasterTagsDataset(RasterFileDataset[dict[str, Any]]):
    """Loads the tags and the size of a raster that another dataset saved.

    Used with transcoding: `class_maps@raster` is saved, `class_maps@tags` feeds the
    statistics, so that no table costs a second pass over the pixels.
    """

    def load(self) -> dict[str, Any]:
        """Read tags (lower case), `height`, `width` and `crs` ("" when there is none).

        Raises:
            InvalidScene: if the file is damaged.
        """
        with opened_header(self._filepath) as file:
            georeference = georeference_of(file)
            crs = "" if georeference is None else georeference.crs
            size = {"height": file.height, "width": file.width, "crs": crs}
            return {**tags_of(file), **size}

    def save(self, data: dict[str, Any]) -> NoReturn:
        """Refuse: tags are written together with the pixels.

        Raises:
            DatasetError: always.
        """
        raise DatasetError(
            "expected tags to be saved with their raster, got them alone: save to the "
            "`@raster` entry of this dataset instead"
        )
