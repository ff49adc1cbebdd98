"""A scene that stays on disk: what it is, and any window of it."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from rasterio.windows import Window

from sea_ice_kedro.errors import InvalidScene
from sea_ice_kedro.imagery.arrays import RGB, Georeference, Land, Mask, Scene
from sea_ice_kedro.imagery.predictions import Read, mirrored, reader_of
from sea_ice_kedro.imagery.scene_context import Context, coarse_grid, context_of
from sea_ice_kedro.rasters.files import checksum
from sea_ice_kedro.rasters.geotiff import (
    georeference_of,
    opened,
    opened_header,
    tags_of,
)

_BANDS = ("red", "green", "blue")

LAND_BAND = "land"
"""Name of the band that is 1 on land, where a mask was named."""

GIVEN_LIMITS = "given_limits"
"""Tag of limits that somebody has set for the scene: "31 205"."""

GIVEN_FILTER = "given_filter"
"""Tag of the filter's method that somebody has chosen for the scene: "none"."""

ReadLand = Callable[[int, int], Mask]
"""(first row, rows) -> bool (rows, W), True on land."""


def given_limits_of(tags: Mapping[str, Any]) -> tuple[int, int] | None:
    """Tell from tags which limits somebody has set for a scene; None: none."""
    if GIVEN_LIMITS not in tags:
        return None
    thin_ice_min, thick_ice_min = map(int, tags[GIVEN_LIMITS].split())
    return thin_ice_min, thick_ice_min


@dataclass(frozen=True)
class SceneFacts:
    """Metadata of a stored scene, without its pixels."""

    scene_id: str
    shape: tuple[int, int]
    """(H, W) in pixels."""

    georeference: Georeference | None = None
    acquired: datetime | None = None
    source: str = ""
    """"sample" (simulated), "folder", ...; "": not known."""

    land_source: str = ""
    """Name and digest of the mask of land; "" where none was named."""


@dataclass(frozen=True, eq=False)
class SceneInMemory:
    """A scene in memory, to be read as a stored one is."""

    scene: Scene

    def facts(self) -> SceneFacts:
        """Return what the scene is."""
        scene = self.scene
        return SceneFacts(
            scene.scene_id,
            scene.shape,
            scene.georeference,
            scene.acquired,
            scene.origin.source if scene.origin else "",
            "" if scene.land is None else scene.land.source,
        )

    @contextmanager
    def reader(self) -> Iterator[Read]:
        """Return a reader of its windows; outside, the scene is mirrored."""
        yield reader_of(self.scene)

    def context(self) -> Context:
        """Describe the whole scene."""
        return context_of(self.scene.rgb, self.scene.valid_mask)

    @contextmanager
    def land_reader(self) -> Iterator[ReadLand]:
        """Return a reader of rows of land, of a scene with a mask."""
        land = self.scene.land
        assert land is not None
        mask = land.mask
        yield lambda row, count: mask[row : row + count]

    def load(self) -> Scene:
        """Return the scene itself."""
        return self.scene


@dataclass(frozen=True)
class StoredScene:
    """The GeoTIFF of one scene, as `SceneDataset` writes it; a picklable handle."""

    filepath: str
    """A path, or a URL that fsspec knows."""

    def fingerprint(self) -> str:
        """Digest the file's content."""
        return checksum(self.filepath)

    def facts(self) -> SceneFacts:
        """Read what the scene is.

        Raises:
            FileNotFoundError: if there is no such file.
            InvalidScene: if it is damaged or no scene of this project.
        """
        with opened_header(self.filepath) as file:
            return _facts(file, self._tags(file))

    @contextmanager
    def reader(self) -> Iterator[Read]:
        """Open the scene and give a reader of its windows.

        A window may reach over any edge, where the scene is mirrored; it may be
        larger than the scene.

        Raises:
            FileNotFoundError: if there is no such file.
            InvalidScene: if it is damaged or no scene of this project.
        """
        with opened(self.filepath) as file:
            whole = _is_whole(file, self._tags(file))

            def read(row: int, column: int, size: int) -> tuple[RGB, Mask]:
                over = row + size - file.height, column + size - file.width
                if min(row, column) >= 0 and max(over) <= 0:
                    return _pixels(file, whole, Window(column, row, size, size))
                rows = mirrored(row, size, file.height)
                columns = mirrored(column, size, file.width)
                top, left = int(rows.min()), int(columns.min())
                height, width = int(np.ptp(rows)) + 1, int(np.ptp(columns)) + 1
                part = Window(left, top, width, height)
                rgb, valid_mask = _pixels(file, whole, part)
                square = np.ix_(rows - top, columns - left)
                return rgb[square], valid_mask[square]

            yield read

    def context(self) -> Context:
        """Describe the whole scene by a coarse view of it, whatever its size.

        Raises:
            FileNotFoundError: if there is no such file.
            InvalidScene: if it is damaged or no scene of this project.
        """
        with opened(self.filepath) as file:
            whole = _is_whole(file, self._tags(file))
            rows, columns = coarse_grid((file.height, file.width))
            shape = rows.size, columns.size
            bands = file.read([1, 2, 3], out_shape=(3, *shape))
            seen = np.ones(shape, bool) if whole else file.dataset_mask(out_shape=shape)
        return context_of(np.moveaxis(bands, 0, -1), np.asarray(seen) > 0)

    @contextmanager
    def land_reader(self) -> Iterator[ReadLand]:
        """Open the scene and give a reader of rows of land, of a scene with a mask.

        Raises:
            FileNotFoundError: if there is no such file.
            InvalidScene: if it is damaged or no scene of this project.
        """
        with opened(self.filepath) as file:
            band = file.descriptions.index(LAND_BAND) + 1

            def read(row: int, count: int) -> Mask:
                window = Window(0, row, file.width, count)
                return np.asarray(file.read(band, window=window) > 0)

            yield read

    def load(self) -> Scene:
        """Read the whole scene; its source is not read back.

        Raises:
            FileNotFoundError: if there is no such file.
            InvalidScene: if it is damaged or no scene of this project.
        """
        with opened(self.filepath) as file:
            tags = self._tags(file)
            facts = _facts(file, tags)
            rgb, valid_mask = _pixels(file, _is_whole(file, tags))
        land = None
        if facts.land_source:
            with self.land_reader() as read:
                land = Land(read(0, facts.shape[0]), facts.land_source)
        return Scene(
            scene_id=facts.scene_id,
            rgb=rgb,
            valid_mask=valid_mask,
            georeference=facts.georeference,
            acquired=facts.acquired,
            land=land,
            given_limits=given_limits_of(tags),
            given_filter=tags.get(GIVEN_FILTER, ""),
        )

    def _tags(self, file: Any) -> dict[str, str]:  # noqa: ANN401 - rasterio is untyped
        tags = tags_of(file)
        if "scene_id" not in tags or file.descriptions[:3] != _BANDS:
            raise InvalidScene(
                f"{Path(self.filepath).name}: expected a scene written by this project "
                f"(bands {list(_BANDS)}), got bands {file.descriptions}. Make it with: "
                "kedro run --pipelines ingestion"
            )
        return tags


def _facts(file: Any, tags: Mapping[str, str]) -> SceneFacts:  # noqa: ANN401
    acquired = tags.get("acquired")
    return SceneFacts(
        scene_id=tags["scene_id"],
        shape=(file.height, file.width),
        georeference=georeference_of(file),
        acquired=None if acquired is None else datetime.fromisoformat(acquired),
        source=tags.get("source", ""),
        land_source=tags.get("land", ""),
    )


def _is_whole(file: Any, tags: Mapping[str, str]) -> bool:  # noqa: ANN401
    """Return whether every pixel was observed: reading the mask takes time."""
    return tags["valid_pixels"] == str(file.height * file.width)


def _pixels(
    file: Any,  # noqa: ANN401
    whole: bool,
    window: Window | None = None,
) -> tuple[RGB, Mask]:
    """Read uint8 (H, W, 3) and bool (H, W) of a window, or of all."""
    bands = file.read([1, 2, 3], window=window)
    rgb = np.asarray(cv2.merge(list(bands)), np.uint8)
    if whole:
        return rgb, np.ones(rgb.shape[:2], bool)
    return rgb, np.asarray(file.dataset_mask(window=window) > 0)
