"""Metadata of a raster file, read without its pixels."""

from collections.abc import Mapping
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
        """Read tags (lower case), size and place of the raster.

        These are `height`, `width`, `crs` and `transform`, "" and None where the raster
        lies nowhere.

        Raises:
            InvalidScene: if the file is damaged.
        """
        with opened_header(self._filepath) as file:
            georeference = georeference_of(file)
            crs = "" if georeference is None else georeference.crs
            size = {"height": file.height, "width": file.width, "crs": crs}
            place = None if georeference is None else georeference.transform
            return {**tags_of(file), **size, "transform": place}

    def save(self, data: dict[str, Any]) -> NoReturn:
        """Refuse: tags are written together with the pixels.

        Raises:
            DatasetError: always.
        """
        raise DatasetError(
            "expected tags to be saved with their raster, got them alone: save to the "
            "`@raster` entry of this dataset instead"
        )


def tags_from(stored: Mapping[str, Any]) -> dict[str, Any]:
    """Return what `RasterTagsDataset` loaded, from what JSON has kept of it."""
    place = stored["transform"]
    return {**stored, "transform": None if place is None else tuple(place)}
