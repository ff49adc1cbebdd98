"""A scene as a GeoTIFF: R, G, B and validity, and a quality band once filtered."""

from pathlib import Path

import cv2
import numpy as np

from sea_ice_kedro.datasets.raster_file import (
    RasterFileDataset,
    acquisition_of,
    acquisition_tags,
    time_of,
    time_tag,
)
from sea_ice_kedro.errors import InvalidScene
from sea_ice_kedro.imagery.arrays import FilteredScene, Land, Origin, Quality, Scene
from sea_ice_kedro.imagery.classes import QualityFlag
from sea_ice_kedro.imagery.histogram import histogram_of
from sea_ice_kedro.imagery.raw_scenes import SATURATED
from sea_ice_kedro.imagery.reflectance import rendering_of
from sea_ice_kedro.rasters.footprint import pixel_size_m
from sea_ice_kedro.rasters.geotiff import WORKING, Layers, opened, write_raster
from sea_ice_kedro.rasters.header import Facts, facts_of, georeference_of
from sea_ice_kedro.rasters.stored_scene import LAND_BAND

_BANDS = ["red", "green", "blue"]
_QUALITY, _LAND = "quality", LAND_BAND
_ANY = (0, 0)
"""Limits of a scene that passed unfiltered."""

_GIVEN = "given_limits"
"""Tag: the limits that somebody has set for the scene, "40 180"."""


class SceneDataset(RasterFileDataset[Scene]):
    """Saves and loads one `Scene` or `FilteredScene`, lossless.

    Examples:
        Using the YAML API:

        ```yaml
        scene:
          type: sea_ice_kedro.datasets.SceneDataset
          filepath: data/02_intermediate/scenes/s2_vis_00.tif
        ```

        Using the Python API:

        >>> from sea_ice_kedro.datasets import SceneDataset
        >>> scene = SceneDataset(filepath="s2_vis_00.tif").load()
    """

    def save(self, data: Scene) -> None:
        """Write the scene, whole or not at all.

        Raises:
            CannotWrite: if there is no room or no permission.
        """
        bands = [np.asarray(band, np.uint8) for band in cv2.split(data.rgb)]
        names = list(_BANDS)
        quality = getattr(data, "quality", None)
        if quality is not None:
            bands.append(quality)
            names.append(_QUALITY)
        for name, band in data.extra_bands.items():
            bands.append(band)
            names.append(name)
        if data.land is not None:
            bands.append(data.land.mask.astype(np.uint8))
            names.append(_LAND)
        layers = Layers(
            bands=bands,
            names=names,
            georeference=data.georeference,
            valid_mask=data.valid_mask,
            tags={**_tags(data), **_flag_counts(quality), **self._provenance},
        )
        self._saved = write_raster(self._filepath, layers, WORKING)

    def load(self) -> Scene:
        """Read the scene back, a `FilteredScene` where there is a quality band.

        Raises:
            InvalidScene: if the file is damaged or was not written by this class.
        """
        with opened(self._filepath) as file:
            facts = facts_of(file)
            if "scene_id" not in facts or file.descriptions[:3] != tuple(_BANDS):
                raise InvalidScene(
                    f"{Path(self._filepath).name}: expected a scene written by this "
                    f"project (bands {_BANDS}), got bands {file.descriptions}. Make it "
                    "with: kedro run --pipelines ingestion,filtering"
                )
            bands, names = file.read(), file.descriptions
            # Reading the mask takes time; most scenes were observed whole.
            whole = facts["valid_pixels"] == file.height * file.width
            shape = file.height, file.width
            valid_mask = np.ones(shape, bool) if whole else file.dataset_mask() > 0
            georeference = georeference_of(file)
        common = {
            "scene_id": facts["scene_id"],
            "rgb": cv2.merge(list(bands[:3])),
            "valid_mask": valid_mask,
            "georeference": georeference,
            "acquired": time_of(facts),
            "origin": Origin(
                facts["source"],
                facts["location"],
                facts["checksum"],
                facts.get("notes", ""),
            )
            if "source" in facts
            else None,
            "acquisition": acquisition_of(facts),
            "rendering": rendering_of(facts),
            "given_limits": given_limits_of(facts),
        }
        others = dict(zip(names[3:], bands[3:], strict=True))
        quality, land = others.pop(_QUALITY, None), others.pop(_LAND, None)
        common |= {
            "extra_bands": others,
            "land": None if land is None else Land(land > 0, facts[_LAND]),
        }
        if quality is None:
            return Scene(**common)
        return FilteredScene(**common, quality=quality, limits=limits_of(facts))


def limits_of(facts: Facts) -> tuple[int, int] | None:
    """Tell from facts which limits a scene was filtered for; None: for any."""
    limits = facts["thin_ice_min"], facts["thick_ice_min"]
    return None if limits == _ANY else limits


def given_limits_of(facts: Facts) -> tuple[int, int] | None:
    """Tell from facts which limits somebody has set for a scene; None: none."""
    if _GIVEN not in facts:
        return None
    thin_ice_min, thick_ice_min = map(int, facts[_GIVEN].split())
    return thin_ice_min, thick_ice_min


def _tags(scene: Scene) -> dict[str, str]:
    tags = {
        "scene_id": scene.scene_id,
        "valid_pixels": str(np.count_nonzero(scene.valid_mask)),
        **time_tag(scene.acquired),
    }
    if scene.origin is not None:
        tags |= {
            "source": scene.origin.source,
            "location": scene.origin.location,
            "checksum": scene.origin.checksum,
            **({"notes": scene.origin.notes} if scene.origin.notes else {}),
        }
    if scene.acquisition is not None:
        tags |= acquisition_tags(scene.acquisition)
    if scene.land is not None:
        tags[_LAND] = scene.land.source
        tags["pixels_land"] = str(np.count_nonzero(scene.land.mask))
    if scene.rendering is not None:
        tags |= scene.rendering.tags()
    if scene.given_limits is not None:
        tags[_GIVEN] = "{} {}".format(*scene.given_limits)
    if SATURATED in scene.extra_bands:
        count = np.count_nonzero(scene.extra_bands[SATURATED])
        tags["saturated_pixels"] = str(count)
    if isinstance(scene, FilteredScene):
        thin_ice_min, thick_ice_min = scene.limits or _ANY
        tags |= {"thin_ice_min": str(thin_ice_min), "thick_ice_min": str(thick_ice_min)}
    if scene.georeference is not None:
        size = pixel_size_m(scene.georeference, scene.shape)
        tags["pixel_size_m"] = f"{size:.6g}"
    return tags


def _flag_counts(quality: Quality | None) -> dict[str, str]:
    """Count the pixels of each quality flag, for the statistics to read."""
    if quality is None:
        return {}
    counts = histogram_of(quality)
    values = np.arange(256)
    return {
        f"pixels_{flag.key}": str(counts[(values & flag) > 0].sum())
        for flag in QualityFlag
    }
