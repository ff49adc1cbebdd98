"""The part of a scene that somebody wants mapped; the rest counts as not observed."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt
from pyproj import Transformer

from sea_ice_kedro.errors import InvalidScene
from sea_ice_kedro.imagery.arrays import ClassMap, Georeference, Mask, Scene
from sea_ice_kedro.imagery.classes import NODATA
from sea_ice_kedro.rasters.footprint import places
from sea_ice_kedro.sources.regions import Region

OPTION = "ingestion.area_of_interest"

_BLOCK_PX = 256
_STEPS = 5
"""Places along each side of a block that tell how far it reaches."""

_MARGIN = 0.25
"""Share of a block's reach that is added: its sides are curves on a sphere."""

_NEAR_POLE_DEG = 89.0

Degrees = npt.NDArray[np.float64]


def within(scene: Scene, area: Region) -> Scene:
    """Keep what lies in an area; the pixel's centre decides.

    Args:
        scene: With a place on Earth.
        area: Where pixels are wanted.

    Returns:
        The scene on the same grid, without observations outside of the area; its notes
        say so where none is left.

    Raises:
        InvalidScene: if the scene has no place.
    """
    inside = inside_mask(place_of(scene, OPTION), scene.shape, area)
    kept = scene.keeping(inside)
    return kept if inside.any() else with_note(kept, f"lies outside of {OPTION}")


def label_within(label: ClassMap, area: Region) -> ClassMap:
    """Keep what a label says of an area, as `within` keeps the scene.

    Raises:
        InvalidScene: if the label has no place.
    """
    inside = inside_mask(place_of(label, OPTION), label.codes.shape, area)
    return replace(label, codes=np.where(inside, label.codes, np.uint8(NODATA)))


def place_of(raster: Scene | ClassMap, option: str) -> Georeference:
    """Return where a scene or label lies, which a setting asks for.

    Raises:
        InvalidScene: if it has no place, naming the setting.
    """
    if raster.georeference is None:
        raise InvalidScene(
            f"scene {raster.scene_id!r}: expected a place on Earth, as {option} is "
            "set, got none; give it a world file or GeoTIFF tags, or leave it out"
        )
    return raster.georeference


def with_note(scene: Scene, note: str) -> Scene:
    """Return a scene whose notes say something more, if it has any notes."""
    if scene.origin is None:
        return scene
    notes = "; ".join(filter(None, [scene.origin.notes, note]))
    return replace(scene, origin=replace(scene.origin, notes=notes))


def inside_mask(
    georeference: Georeference, shape: tuple[int, ...], area: Region
) -> Mask:
    """Mark the pixels that lie in an area.

    Blocks that no side of the area comes near are decided by one place in them.

    Args:
        georeference: Of the pixels, in any CRS.
        shape: (H, W).
        area: Polygons in degrees.

    Returns:
        bool (H, W).
    """
    to_degrees = Transformer.from_crs(georeference.crs, "EPSG:4326", always_xy=True)

    def centres(rows: Degrees, columns: Degrees) -> tuple[Degrees, Degrees]:
        x, y = np.meshgrid(columns + 0.5, rows + 0.5)
        longitudes, latitudes = to_degrees.transform(*places(georeference, x, y))
        return np.asarray(longitudes), np.asarray(latitudes)

    inside = np.empty(shape, bool)
    for top in range(0, shape[0], _BLOCK_PX):
        for left in range(0, shape[1], _BLOCK_PX):
            block = inside[top : top + _BLOCK_PX, left : left + _BLOCK_PX]
            bottom, right = top + block.shape[0] - 1, left + block.shape[1] - 1
            coarse = centres(
                np.linspace(top, bottom, _STEPS), np.linspace(left, right, _STEPS)
            )
            if _may_cross(area, *coarse):
                rows = np.arange(top, bottom + 1, dtype=float)
                columns = np.arange(left, right + 1, dtype=float)
                block[:] = area.holds(*centres(rows, columns))
            else:
                block[:] = area.holds(coarse[0][0, 0], coarse[1][0, 0])
    return inside


def _may_cross(area: Region, longitudes: Degrees, latitudes: Degrees) -> bool:
    """Return whether a side of an area may run through a block."""
    if not np.isfinite(longitudes).all() or np.abs(latitudes).max() > _NEAR_POLE_DEG:
        return True
    middle = longitudes[0, 0]
    longitudes = middle + (longitudes - middle + 180) % 360 - 180
    west, east = _padded(longitudes)
    south, north = _padded(latitudes)
    for ring in area.rings:
        x, y = np.array(ring).T
        next_x, next_y = np.roll(x, -1), np.roll(y, -1)
        level = (np.minimum(y, next_y) <= north) & (np.maximum(y, next_y) >= south)
        low, high = np.minimum(x, next_x), np.maximum(x, next_x)
        # The same meridian may be counted a turn more or less.
        turns = np.ceil((west - high) / 360) * 360
        if (level & (low + turns <= east)).any():
            return True
    return False


def _padded(values: Degrees) -> tuple[float, float]:
    low, high = float(values.min()), float(values.max())
    margin = _MARGIN * (high - low)
    return low - margin, high + margin
