"""Digital numbers of a scene as they were downloaded, as a GeoTIFF."""

from pathlib import Path

import numpy as np

from sea_ice_kedro.datasets.raster_file import (
    RasterFileDataset,
    acquisition_of,
    acquisition_tags,
    time_of,
    time_tag,
)
from sea_ice_kedro.errors import InvalidScene
from sea_ice_kedro.imagery.arrays import Acquisition, Origin
from sea_ice_kedro.imagery.raw_scenes import RawScene
from sea_ice_kedro.imagery.reflectance import calibration_tags, calibrations_of
from sea_ice_kedro.rasters.geotiff import WORKING, Layers, opened, write_raster
from sea_ice_kedro.rasters.header import georeference_of, tags_of

_BANDS = ("red", "green", "blue")


class RawSceneDataset(RasterFileDataset[RawScene]):
    """Saves and loads one `RawScene`, lossless.

    Examples:
        Using the YAML API:

        ```yaml
        download:
          type: sea_ice_kedro.datasets.RawSceneDataset
          filepath: data/01_raw/downloads/20191103T190921_T04CEA_y00000x02048.tif
        ```

        Using the Python API:

        >>> from sea_ice_kedro.datasets import RawSceneDataset
        >>> raw = RawSceneDataset(filepath="20191103T190921_T04CEA.tif").load()
    """

    def save(self, data: RawScene) -> None:
        """Write the numbers, whole or not at all.

        Raises:
            CannotWrite: if there is no room or no permission.
        """
        more = {name: band.astype(np.uint16) for name, band in data.extra_bands.items()}
        tags = {
            "scene_id": data.scene_id,
            "source": data.origin.source,
            "location": data.origin.location,
            "checksum": data.origin.checksum,
            **calibration_tags(data.calibrations),
            **time_tag(data.acquired),
            **acquisition_tags(data.acquisition),
            **self._provenance,
        }
        layers = Layers(
            bands=[*data.numbers, *more.values()],
            names=[*_BANDS, *more],
            georeference=data.georeference,
            valid_mask=data.valid_mask,
            tags=tags,
        )
        self._saved = write_raster(self._filepath, layers, WORKING)

    def load(self) -> RawScene:
        """Read the numbers back.

        Raises:
            InvalidScene: if the file is damaged or was not written by this class.
        """
        with opened(self._filepath) as file:
            tags, names = tags_of(file), file.descriptions
            if "scale" not in tags or names[:3] != _BANDS:
                raise InvalidScene(
                    f"{Path(self._filepath).name}: expected digital numbers that this "
                    f"project has downloaded, got bands {names}. Remove the file, and "
                    "fetch it again with: kedro run --pipelines ingestion"
                )
            bands = file.read()
            valid_mask = file.dataset_mask() > 0
            georeference = georeference_of(file)
        return RawScene(
            scene_id=tags["scene_id"],
            numbers=bands[:3],
            valid_mask=valid_mask,
            calibrations=calibrations_of(tags),
            origin=Origin(tags["source"], tags["location"], tags["checksum"]),
            acquisition=acquisition_of(tags) or Acquisition(),
            georeference=georeference,
            acquired=time_of(tags),
            extra_bands={
                name: band.astype(np.uint8)
                for name, band in zip(names[3:], bands[3:], strict=True)
            },
        )
