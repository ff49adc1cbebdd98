"""A prediction as a Cloud-Optimised GeoTIFF: classes in colours, and confidence."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt

from sea_ice_kedro.datasets.class_map import code_tags, value_names
from sea_ice_kedro.datasets.raster_file import (
    RasterFileDataset,
    source_tag,
    time_of,
    time_tag,
)
from sea_ice_kedro.errors import InvalidScene
from sea_ice_kedro.imagery.classes import LAND, NODATA, SeaIceClass, palette
from sea_ice_kedro.imagery.histogram import histogram_of
from sea_ice_kedro.imagery.predictions import (
    PROBABILITY_BANDS,
    PredictedMap,
    Prediction,
    Strip,
)
from sea_ice_kedro.rasters.footprint import pixel_area_m2
from sea_ice_kedro.rasters.geotiff import opened
from sea_ice_kedro.rasters.header import georeference_of, tags_of
from sea_ice_kedro.rasters.streamed import Frame, Rows, write_strips
from sea_ice_kedro.rasters.value_names import beside, with_value_names

_BANDS = ("sea_ice_class", "confidence_percent")


class PredictionDataset(RasterFileDataset[Prediction | PredictedMap]):
    """Saves a `Prediction` strip by strip; loads it as a `PredictedMap`.

    Band 1 holds class codes with their palette, band 2 the probability of the class in
    percent; 255 = no data in both, and on land, which is 254 in band 1. Where a
    prediction has them, `PROBABILITY_BANDS` follow. The names of
    the classes lie beside the file, where GDAL and QGIS look for them:
    `<scene>.tif.aux.xml` and `<scene>.qml`.

    Examples:
        Using the YAML API:

        ```yaml
        prediction:
          type: sea_ice_kedro.datasets.PredictionDataset
          filepath: data/07_model_output/predictions/s2_vis_00.tif
        ```

        Using the Python API:

        >>> from sea_ice_kedro.datasets import PredictionDataset
        >>> prediction = PredictionDataset(filepath="s2_vis_00.tif").load()
        >>> prediction.codes, prediction.confidence
    """

    beside = staticmethod(beside)

    def save(self, data: Prediction) -> None:  # type: ignore[override]
        """Compute the prediction and write it, whole or not at all.

        Raises:
            CannotWrite: if there is no room or no permission.
        """
        more = PROBABILITY_BANDS if data.with_probabilities else ()
        names = (*_BANDS, *more)
        frame = Frame(data.shape, names, NODATA, palette(), data.georeference)
        tally = _Tally()
        with with_value_names(self._filepath, value_names(bool(data.land_source))):
            self._saved = write_strips(
                self._filepath,
                frame,
                tally.counted(data.strips),
                lambda: {**_tags(data, tally), **self._provenance},
            )

    def load(self) -> PredictedMap:
        """Read the prediction back.

        Raises:
            InvalidScene: if the file is damaged or holds something else.
        """
        with opened(self._filepath) as file:
            tags = tags_of(file)
            if file.descriptions[:2] != _BANDS or "scene_id" not in tags:
                raise InvalidScene(
                    f"{Path(self._filepath).name}: expected a prediction (bands "
                    f"{list(_BANDS)}), got bands {file.descriptions}. Make it with: "
                    "kedro run --pipelines inference"
                )
            return PredictedMap(
                scene_id=tags["scene_id"],
                codes=file.read(1),
                georeference=georeference_of(file),
                acquired=time_of(tags),
                source=tags.get("source", ""),
                confidence=file.read(2),
                model_checksum=tags.get("model_checksum", ""),
                land_source=tags.get("land", ""),
            )


class _Tally:
    """Counts values while strips pass."""

    def __init__(self) -> None:
        self.codes = np.zeros(256, np.int64)
        self.confidence = np.zeros(256, np.int64)
        self.unclassed = 0

    def counted(self, strips: Iterable[Strip]) -> Iterator[Rows]:
        """Pass strips on to be written."""
        for strip in strips:
            self.codes += histogram_of(strip.codes)
            self.confidence += histogram_of(strip.confidence)
            self.unclassed += strip.unclassed_pixels
            yield strip.row, (strip.codes, strip.confidence, *strip.probabilities)


def _tags(prediction: Prediction, tally: _Tally) -> dict[str, str]:
    counts = {c: int(tally.codes[c]) for c in SeaIceClass}
    tags = {
        "scene_id": prediction.scene_id,
        **code_tags(prediction.land_source, int(tally.codes[LAND])),
        "pixels": str(prediction.shape[0] * prediction.shape[1]),
        **time_tag(prediction.acquired),
        **source_tag(prediction.source),
        **{f"pixels_{c.key}": str(count) for c, count in counts.items()},
        "pixels_unclassed": str(tally.unclassed),
        **_mean_confidence(tally.confidence),
        **prediction.facts,
    }
    if prediction.with_probabilities:
        tags["probability_bands"] = ", ".join(PROBABILITY_BANDS)
    if prediction.georeference is not None:
        area = pixel_area_m2(prediction.georeference, prediction.shape)
        tags["pixel_area_m2"] = f"{area:.6f}"
    return tags


def _mean_confidence(counts: npt.NDArray[np.int64]) -> Mapping[str, str]:
    """Average the confidence of the valid pixels, 0..1, where there are any."""
    percent = np.arange(NODATA)
    valid = int(counts[:NODATA].sum())
    if not valid:
        return {}
    return {"mean_confidence": f"{(counts[:NODATA] * percent).sum() / valid / 100:.4f}"}
