"""A scene as a GeoTIFF: digital numbers; or R, G, B, and quality once filtered."""

from collections.abc import Mapping
from dataclasses import fields, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from kedro.io import DatasetError

from sea_ice_kedro.datasets.whole_file import ProvenancedFileDataset, Value
from sea_ice_kedro.errors import InvalidOption, InvalidScene
from sea_ice_kedro.imagery.arrays import (
    Acquisition,
    FilteredScene,
    Land,
    Origin,
    Quality,
    Scene,
)
from sea_ice_kedro.imagery.classes import QualityFlag
from sea_ice_kedro.imagery.histogram import histogram_of
from sea_ice_kedro.imagery.raw_scenes import SATURATED, RawScene
from sea_ice_kedro.imagery.reflectance import (
    calibration_tags,
    calibrations_of,
    rendering_of,
)
from sea_ice_kedro.rasters.footprint import pixel_size_m
from sea_ice_kedro.rasters.geotiff import (
    WORKING,
    Facts,
    Layers,
    facts_of,
    georeference_of,
    opened,
    opened_header,
    tags_of,
    write_raster,
)
from sea_ice_kedro.rasters.stored_scene import (
    GIVEN_FILTER,
    GIVEN_LIMITS,
    LAND_BAND,
    StoredScene,
    given_limits_of,
)


class RasterFileDataset(ProvenancedFileDataset[Value]):
    """One raster file with provenance in its tags."""

    _saved: Facts | None = None
    """What the file says that this dataset has saved."""

    def facts(self) -> Facts:
        """Return what the file says of itself: no pixel is read.

        Nothing is read at all of a file that this very dataset has saved.

        Raises:
            FileNotFoundError: if there is no such file.
            InvalidScene: if it is damaged.
        """
        if self._saved is not None:
            return self._saved
        with opened_header(self._filepath) as file:
            return facts_of(file)

    def stored_fingerprint(self) -> str | None:
        """Return what the existing file was made from; None when there is none."""
        try:
            fingerprint: str | None = self.facts().get("fingerprint")
        except (FileNotFoundError, InvalidScene):
            return None
        return fingerprint


def time_tag(acquired: datetime | None) -> dict[str, str]:
    """Write a time of acquisition as a tag, when it is known."""
    return {} if acquired is None else {"acquired": acquired.isoformat()}


def source_tag(source: str) -> dict[str, str]:
    """Write where a product's scene is from as a tag, when it is known."""
    return {"source": source} if source else {}


def time_of(tags: Mapping[str, str]) -> datetime | None:
    """Read the time of acquisition from tags."""
    return datetime.fromisoformat(tags["acquired"]) if "acquired" in tags else None


def acquisition_tags(acquisition: Acquisition) -> dict[str, str]:
    """Write a product's metadata of a scene as tags; unknown values are left out."""
    values = {f.name: getattr(acquisition, f.name) for f in fields(Acquisition)}
    return {
        name: f"{value:.10g}" if isinstance(value, float) else value
        for name, value in values.items()
        if value not in (None, "")
    }


def acquisition_of(tags: Mapping[str, str]) -> Acquisition | None:
    """Read back what `acquisition_tags` wrote; None where there is nothing."""
    words = {f.name: tags[f.name] for f in fields(Acquisition) if f.name in tags}
    if not words:
        return None
    numbers = ("sun_elevation_deg", "cloud_percentage")
    return Acquisition(
        **{k: float(v) if k in numbers else v for k, v in words.items()}  # type: ignore[arg-type]
    )


# --- The scene

CONTENTS = ("scene", "windows", "digital_numbers")

_BANDS = ["red", "green", "blue"]
_QUALITY, _LAND = "quality", LAND_BAND
_ANY = (0, 0)
"""Limits of a scene that passed unfiltered."""


class SceneDataset(RasterFileDataset[Any]):
    """Saves and loads one scene, lossless.

    `content` is one of

    - `scene`: a `Scene`; a `FilteredScene` where there is a quality band;
    - `windows`: the same file as a handle, which is read window by window, so that
      memory does not grow with the scene. Used with transcoding: `scenes@raster` is
      saved, `scenes@windows` feeds what needs a scene in parts;
    - `digital_numbers`: a `RawScene`, as it was downloaded.

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
        >>> stored = SceneDataset(filepath="s2_vis_00.tif", content="windows").load()
        >>> with stored.reader() as read:
        ...     rgb, valid_mask = read(0, 0, 256)
    """

    def __init__(
        self,
        *,
        filepath: str,
        content: str = "scene",
        provenance: Mapping[str, str] | None = None,
        metadata: dict[str, Any] | None = None,
    ) -> None:
        """Name the file, and what it holds.

        Args:
            filepath: A path, or a URL that fsspec knows.
            content: One of `CONTENTS`.
            provenance: To write into the file: `fingerprint`, `software`, ...
            metadata: Ignored by Kedro; read by kedro-viz.

        Raises:
            InvalidOption: if there is no such content.
        """
        if content not in CONTENTS:
            raise InvalidOption(
                f"expected content to be one of {', '.join(CONTENTS)}, got {content!r}"
            )
        super().__init__(filepath=filepath, provenance=provenance, metadata=metadata)
        self._content = content

    def save(self, data: Scene | RawScene) -> None:
        """Write the scene, whole or not at all.

        Raises:
            CannotWrite: if there is no room or no permission.
            DatasetError: if it is a handle, which holds no pixels.
        """
        if isinstance(data, StoredScene):
            raise DatasetError(
                "expected a scene to be saved with its pixels, got a handle of it: "
                "save to the `@raster` entry of this dataset instead"
            )
        layers = _raw_layers(data) if isinstance(data, RawScene) else _layers(data)
        layers = replace(layers, tags={**layers.tags, **self._provenance})
        self._saved = write_raster(self._filepath, layers, WORKING)

    def load(self) -> Any:  # noqa: ANN401 - by its content
        """Read a `Scene`, `RawScene` or `StoredScene`; no pixel is read of the last.

        Raises:
            InvalidScene: if the file is damaged or was not written by this class.
        """
        if self._content == "windows":
            return StoredScene(self._filepath)
        with opened(self._filepath) as file:
            if self._content == "digital_numbers":
                return _read_numbers(file, Path(self._filepath).name)
            return _read_scene(file, Path(self._filepath).name)


def _layers(scene: Scene) -> Layers:
    """Lay out R, G, B, quality, other bands and land."""
    bands = [np.asarray(band, np.uint8) for band in cv2.split(scene.rgb)]
    names = list(_BANDS)
    quality = getattr(scene, "quality", None)
    if quality is not None:
        bands.append(quality)
        names.append(_QUALITY)
    for name, band in scene.extra_bands.items():
        bands.append(band)
        names.append(name)
    if scene.land is not None:
        bands.append(scene.land.mask.astype(np.uint8))
        names.append(_LAND)
    return Layers(
        bands=bands,
        names=names,
        georeference=scene.georeference,
        valid_mask=scene.valid_mask,
        tags={**_tags(scene), **_flag_counts(quality)},
    )


def _read_scene(file: Any, name: str) -> Scene:  # noqa: ANN401 - rasterio's
    facts = facts_of(file)
    if "scene_id" not in facts or file.descriptions[:3] != tuple(_BANDS):
        raise InvalidScene(
            f"{name}: expected a scene written by this "
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
        "given_filter": facts.get(GIVEN_FILTER, ""),
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


def _raw_layers(raw: RawScene) -> Layers:
    """Lay out digital numbers and other bands."""
    more = {name: band.astype(np.uint16) for name, band in raw.extra_bands.items()}
    tags = {
        "scene_id": raw.scene_id,
        "source": raw.origin.source,
        "location": raw.origin.location,
        "checksum": raw.origin.checksum,
        **calibration_tags(raw.calibrations),
        **time_tag(raw.acquired),
        **acquisition_tags(raw.acquisition),
    }
    return Layers(
        bands=[*raw.numbers, *more.values()],
        names=[*_BANDS, *more],
        georeference=raw.georeference,
        valid_mask=raw.valid_mask,
        tags=tags,
    )


def _read_numbers(file: Any, name: str) -> RawScene:  # noqa: ANN401 - rasterio's
    tags, names = tags_of(file), file.descriptions
    if "scale" not in tags or names[:3] != tuple(_BANDS):
        raise InvalidScene(
            f"{name}: expected digital numbers that this "
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


def limits_of(facts: Facts) -> tuple[int, int] | None:
    """Tell from facts which limits a scene was filtered for; None: for any."""
    limits = facts["thin_ice_min"], facts["thick_ice_min"]
    return None if limits == _ANY else limits


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
        tags[GIVEN_LIMITS] = "{} {}".format(*scene.given_limits)
    if scene.given_filter:
        tags[GIVEN_FILTER] = scene.given_filter
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
