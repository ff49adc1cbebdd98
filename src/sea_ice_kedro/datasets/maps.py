"""Maps that open in their colours: classes, concentration; Cloud-Optimised GeoTIFF."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from sea_ice_kedro.datasets.scene import (
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
    RAMP,
    SeaIceClass,
    palette,
    percent_palette,
)
from sea_ice_kedro.imagery.histogram import histogram_of
from sea_ice_kedro.imagery.predictions import (
    PROBABILITY_BANDS,
    PredictedMap,
    Prediction,
    Strip,
    closed_after,
    expected_range,
)
from sea_ice_kedro.imagery.scores import class_counts
from sea_ice_kedro.rasters.footprint import pixel_area_m2
from sea_ice_kedro.rasters.geotiff import (
    PRODUCT,
    Facts,
    Layers,
    georeference_of,
    opened,
    tags_of,
    write_raster,
)
from sea_ice_kedro.rasters.polar_grid import ConcentrationRaster
from sea_ice_kedro.rasters.streamed import Frame, Rows, write_strips
from sea_ice_kedro.rasters.value_names import (
    NamedValue,
    beside,
    style_beside,
    with_ramp,
    with_value_names,
)

_CLASS, _CONFIDENCE = "sea_ice_class", "confidence_percent"
_CONCENTRATION = ("sea_ice_concentration_percent", "observed_percent")
_RANGE = ("concentration_lower", "concentration_upper")
_AND = " and "

_LAND_NAME = {LAND: NamedValue(LAND_LABEL, LAND_COLOUR)}


class ClassMapDataset(RasterFileDataset[Any]):
    """Saves and loads one map of `SeaIceClass` codes.

    Band 1 holds uint8 codes with their palette, 254 = land, 255 = no data. A `ClassMap`
    has no more. A `Prediction` is computed and written strip by strip, and loaded as a
    `PredictedMap`: band 2 holds the probability of the class in percent, 255 on land,
    too; where a prediction has them, `PROBABILITY_BANDS` follow.

    The names of the classes lie beside the file, where GDAL and QGIS look for them:
    `<scene>.tif.aux.xml` and `<scene>.qml`.

    Examples:
        Using the YAML API:

        ```yaml
        prediction:
          type: sea_ice_kedro.datasets.ClassMapDataset
          filepath: data/07_model_output/predictions/s2_vis_00.tif
          confidence: true
        ```

        Using the Python API:

        >>> from sea_ice_kedro.datasets import ClassMapDataset
        >>> class_map = ClassMapDataset(filepath="s2_vis_00.tif").load()
        >>> prediction = ClassMapDataset(filepath="s2.tif", confidence=True).load()
        >>> prediction.codes, prediction.confidence
    """

    beside = staticmethod(beside)

    def __init__(
        self,
        *,
        filepath: str,
        confidence: bool = False,
        provenance: Mapping[str, str] | None = None,
        metadata: dict[str, Any] | None = None,
    ) -> None:
        """Name the file, and what it holds.

        Args:
            filepath: A path, or a URL that fsspec knows.
            confidence: Whether it is a prediction, whose confidence is loaded as well.
            provenance: To write into the file: `fingerprint`, `software`, ...
            metadata: Ignored by Kedro; read by kedro-viz.
        """
        super().__init__(filepath=filepath, provenance=provenance, metadata=metadata)
        self._confidence = confidence

    def save(self, data: ClassMap | Prediction) -> None:
        """Write the map, whole or not at all.

        Raises:
            CannotWrite: if there is no room or no permission.
        """
        if isinstance(data, Prediction):
            self._saved = _write_prediction(self._filepath, data, self._provenance)
        else:
            self._saved = _write_class_map(self._filepath, data, self._provenance)

    def load(self) -> ClassMap:
        """Read the map back, a `PredictedMap` with its confidence.

        Raises:
            InvalidScene: if the file is damaged or holds something else.
        """
        with opened(self._filepath) as file:
            tags, bands = tags_of(file), file.descriptions
            expected = (_CLASS, _CONFIDENCE) if self._confidence else (_CLASS,)
            found = bands[:2] if self._confidence else bands
            if found != expected or "scene_id" not in tags:
                raise self._other(bands)
            common = {
                "scene_id": tags["scene_id"],
                "codes": file.read(1),
                "georeference": georeference_of(file),
                "acquired": time_of(tags),
                "land_source": tags.get("land", ""),
                "source": tags.get("source", ""),
                "concentration_range": _range_of(tags),
            }
            if not self._confidence:
                return ClassMap(**common)
            return PredictedMap(
                **common,
                confidence=file.read(2),
                model_checksum=tags.get("model_checksum", ""),
            )

    def _other(self, bands: tuple[str | None, ...]) -> InvalidScene:
        what, pipeline = f"a class map (one band {_CLASS!r})", "autolabel"
        if self._confidence:
            pipeline = "inference"
            what = f"a prediction (bands {[_CLASS, _CONFIDENCE]})"
        return InvalidScene(
            f"{Path(self._filepath).name}: expected {what}, got bands {bands}. Make it "
            f"with: kedro run --pipelines {pipeline}"
        )


def _write_class_map(
    filepath: str, class_map: ClassMap, provenance: Mapping[str, str]
) -> Facts:
    land_pixels = int(np.count_nonzero(class_map.codes == LAND))
    names = value_names(bool(class_map.land_source or land_pixels))
    layers = Layers(
        bands=[class_map.codes],
        names=[_CLASS],
        georeference=class_map.georeference,
        nodata=NODATA,
        palette=palette(),
        tags={**_class_map_tags(class_map, land_pixels), **provenance},
    )
    with with_value_names(filepath, names):
        return write_raster(filepath, layers, PRODUCT)


def _write_prediction(
    filepath: str, prediction: Prediction, provenance: Mapping[str, str]
) -> Facts:
    more = PROBABILITY_BANDS if prediction.with_probabilities else ()
    names = (_CLASS, _CONFIDENCE, *more)
    place = prediction.georeference
    frame = Frame(prediction.shape, names, NODATA, palette(), place)
    tally = _Tally()
    with with_value_names(filepath, value_names(bool(prediction.land_source))):
        return write_strips(
            filepath,
            frame,
            tally.counted(prediction.strips),
            lambda: {**_prediction_tags(prediction, tally), **provenance},
        )


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


def _class_map_tags(class_map: ClassMap, land_pixels: int) -> dict[str, str]:
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
    if class_map.concentration_range is not None:
        tags |= _range_tags(*class_map.concentration_range)
    for sea_ice_class, count in class_counts(class_map.codes).items():
        tags[f"pixels_{sea_ice_class.key}"] = str(count)
    if class_map.georeference is not None:
        area = pixel_area_m2(class_map.georeference, class_map.shape)
        tags["pixel_area_m2"] = f"{area:.6f}"
    return tags


def _range_tags(lower: float, upper: float) -> dict[str, str]:
    """Write between what sea ice concentration lies, 0..1; nothing where it is NaN."""
    ends = dict(zip(_RANGE, (lower, upper), strict=True))
    return {name: f"{end:.6f}" for name, end in ends.items() if not np.isnan(end)}


def _range_of(tags: Mapping[str, str]) -> tuple[float, float] | None:
    lower, upper = map(tags.get, _RANGE)
    return None if lower is None or upper is None else (float(lower), float(upper))


class _Tally:
    """Counts values while strips pass."""

    def __init__(self) -> None:
        self.codes = np.zeros(256, np.int64)
        self.confidence = np.zeros(256, np.int64)
        self.unclassed = 0
        self.doubted = np.zeros(2)

    def counted(self, strips: Iterable[Strip]) -> Iterator[Rows]:
        """Pass strips on to be written."""
        with closed_after(strips):
            for strip in strips:
                self.codes += histogram_of(strip.codes)
                self.confidence += histogram_of(strip.confidence)
                self.unclassed += strip.unclassed_pixels
                self.doubted += strip.doubted_pixels
                yield strip.row, (strip.codes, strip.confidence, *strip.probabilities)


def _prediction_tags(prediction: Prediction, tally: _Tally) -> dict[str, str]:
    counts = {c: int(tally.codes[c]) for c in SeaIceClass}
    tags = {
        "scene_id": prediction.scene_id,
        **code_tags(prediction.land_source, int(tally.codes[LAND])),
        "pixels": str(prediction.shape[0] * prediction.shape[1]),
        **time_tag(prediction.acquired),
        **source_tag(prediction.source),
        **{f"pixels_{c.key}": str(count) for c, count in counts.items()},
        **_range_tags(*expected_range(counts, tally.doubted)),
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
            _CONCENTRATION,
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
            names = file.descriptions
            if names != _CONCENTRATION or place is None or "day" not in tags:
                raise InvalidScene(
                    f"{Path(self._filepath).name}: expected a concentration map (bands "
                    f"{list(_CONCENTRATION)}), got bands {names}. Make it with: "
                    "kedro run --pipelines time_series"
                )
            sources, lands = (
                tuple(tags[name].split(_AND)) if name in tags else ()
                for name in ("source", "land")
            )
            return ConcentrationRaster(
                tags["day"], file.read(1), file.read(2), place, sources, lands
            )
