"""Concentration of a day as a Cloud-Optimised GeoTIFF on the polar grid."""

from pathlib import Path

from sea_ice_kedro.datasets.raster_file import RasterFileDataset
from sea_ice_kedro.errors import InvalidScene
from sea_ice_kedro.imagery.classes import NODATA
from sea_ice_kedro.imagery.concentration_colours import RAMP, percent_palette
from sea_ice_kedro.rasters.concentration import ConcentrationRaster
from sea_ice_kedro.rasters.geotiff import opened
from sea_ice_kedro.rasters.header import georeference_of, tags_of
from sea_ice_kedro.rasters.streamed import Frame, write_strips
from sea_ice_kedro.rasters.value_names import style_beside, with_ramp

_BANDS = ("sea_ice_concentration_percent", "observed_percent")
_AND = " and "


class ConcentrationDataset(RasterFileDataset[ConcentrationRaster]):
    """Saves and loads one `ConcentrationRaster`; it opens in the colours of the figure.

    Band 1 holds concentration, band 2 how much of the cell was observed, both in
    percent; 255 = not observed. The style that QGIS takes lies beside it.

    Examples:
        Using the YAML API:

        ```yaml
        concentration_maps:
          type: sea_ice_kedro.datasets.ParallelPartitionedDataset
          path: data/08_reporting/concentration_maps
          filename_suffix: .tif
          dataset: {type: sea_ice_kedro.datasets.ConcentrationDataset}
        ```
    """

    beside = staticmethod(style_beside)

    def save(self, data: ConcentrationRaster) -> None:
        """Write the raster, whole or not at all.

        Raises:
            CannotWrite: if there is no room or no permission.
        """
        frame = Frame(
            data.shape,
            _BANDS,
            NODATA,
            percent_palette(),
            data.georeference,
        )
        rows = [(0, (data.concentration, data.observed))]
        words = {"source": data.sources, "land": data.lands}
        said = {name: _AND.join(these) for name, these in words.items() if these}
        tags = {"day": data.day, **said, **self._provenance}
        ramp = {round(100 * share): colour for share, colour in RAMP}
        with with_ramp(self._filepath, ramp):
            self._saved = write_strips(self._filepath, frame, rows, lambda: tags)

    def load(self) -> ConcentrationRaster:
        """Read the raster back.

        Raises:
            InvalidScene: if the file is damaged or holds something else.
        """
        with opened(self._filepath) as file:
            tags, place = tags_of(file), georeference_of(file)
            if file.descriptions != _BANDS or place is None or "day" not in tags:
                raise InvalidScene(
                    f"{Path(self._filepath).name}: expected a concentration map (bands "
                    f"{list(_BANDS)}), got bands {file.descriptions}. Make it with: "
                    "kedro run --pipelines time_series"
                )
            sources, lands = (
                tuple(tags[name].split(_AND)) if name in tags else ()
                for name in ("source", "land")
            )
            return ConcentrationRaster(
                tags["day"], file.read(1), file.read(2), place, sources, lands
            )
