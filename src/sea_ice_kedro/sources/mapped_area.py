"""The part of a scene that is mapped: an area of interest, less land and ice shelf."""

from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path, PurePath
from typing import Any

import numpy as np
import numpy.typing as npt
import rasterio
from pyproj import Transformer
from pyproj.exceptions import CRSError
from rasterio.warp import Resampling, reproject

from sea_ice_kedro.errors import MALFORMED, InvalidOption, InvalidScene
from sea_ice_kedro.imagery.arrays import ClassMap, Georeference, Mask, Scene
from sea_ice_kedro.imagery.classes import LAND, NODATA
from sea_ice_kedro.rasters.files import checksum, reading
from sea_ice_kedro.rasters.footprint import places
from sea_ice_kedro.rasters.geotiff import georeference_of, opened
from sea_ice_kedro.rasters.polygons import (
    PolygonLayer,
    draw_polygons,
    read_geojson,
    read_geopackage,
)
from sea_ice_kedro.sources.regions import Region

_ROWS = 1024
"""Drawn at a time: values may take eight bytes a pixel."""

_PLACES = 33
"""Along each side of a raster: whether the mask covers any of it."""


def expect_mask(filepath: str) -> None:
    """Refuse a file that is no raster, or lies nowhere; no pixel is read.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is no readable raster, or has no CRS.
    """
    with opened(filepath, foreign=True) as file:
        if georeference_of(file) is None:
            raise ValueError("a raster without a CRS")


def draw_mask(
    filepath: str, georeference: Georeference, shape: tuple[int, int]
) -> Mask | None:
    """Mark the pixels where the nearest of the mask is neither 0 nor no data.

    Args:
        filepath: A path, or a URL that fsspec knows, of a raster with a CRS; its first
            band counts.
        georeference: Of the pixels, in any CRS.
        shape: (H, W).

    Returns:
        bool (H, W), False beyond the mask; None where it covers nothing of them.

    Raises:
        InvalidScene: if the file is damaged.
    """
    marked = np.empty(shape, bool)
    a, b, c, d, e, f = georeference.transform
    with opened(filepath, foreign=True) as file:
        own = georeference_of(file)
        if own is None or not _covers(file, own.crs, georeference, shape):
            return None
        absent = file.nodata
        for top in range(0, shape[0], _ROWS):
            rows = marked[top : top + _ROWS]
            values = np.full(
                rows.shape, 0 if absent is None else absent, file.dtypes[0]
            )
            reproject(
                rasterio.band(file, 1),
                values,
                dst_crs=georeference.crs,
                dst_transform=rasterio.Affine(a, b, c + b * top, d, e, f + e * top),
                src_nodata=absent,
                dst_nodata=absent,
                init_dest_nodata=False,
                resampling=Resampling.nearest,
            )
            rows[:] = values != 0
            if absent is not None:
                rows &= ~np.isnan(values) if np.isnan(absent) else values != absent
    return marked


def _covers(
    file: Any,  # noqa: ANN401 - rasterio is untyped
    crs: str,
    georeference: Georeference,
    shape: tuple[int, int],
) -> bool:
    """Return whether a place of a raster lies in another."""
    x, y = np.meshgrid(
        (np.arange(_PLACES) + 0.5) * shape[1] / _PLACES,
        (np.arange(_PLACES) + 0.5) * shape[0] / _PLACES,
    )
    there = Transformer.from_crs(georeference.crs, crs, always_xy=True)
    found = there.transform(*places(georeference, x, y))
    columns, rows = (np.asarray(v) for v in ~file.transform * found)
    with np.errstate(invalid="ignore"):
        inside = (columns >= 0) & (columns < file.width) & (rows >= 0)
        return bool((inside & (rows < file.height)).any())


# --- The area of interest

AREA_OPTION = "ingestion.area_of_interest"

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
    inside = inside_mask(expect_georeference(scene, AREA_OPTION), scene.shape, area)
    kept = scene.keeping(inside)
    return kept if inside.any() else with_note(kept, f"lies outside of {AREA_OPTION}")


def label_within(label: ClassMap, area: Region) -> ClassMap:
    """Keep what a label says of an area, as `within` keeps the scene.

    Raises:
        InvalidScene: if the label has no place.
    """
    inside = inside_mask(
        expect_georeference(label, AREA_OPTION), label.codes.shape, area
    )
    return replace(label, codes=np.where(inside, label.codes, np.uint8(NODATA)))


def expect_georeference(raster: Scene | ClassMap, option: str) -> Georeference:
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


# --- Land and ice shelf, by polygons or a raster of the user's own

LAND_OPTION = "ingestion.land"

_GEOJSON, _GEOPACKAGE, _GEOTIFF = {".geojson", ".json"}, {".gpkg"}, {".tif", ".tiff"}
_WAY_OUT = (
    "name a GeoJSON (.geojson) or GeoPackage (.gpkg) file of polygons, or a GeoTIFF "
    "(.tif) that is 0 on the sea, each with its CRS"
)


@dataclass(frozen=True)
class LandFile:
    """A file that says where land is."""

    path: str
    """A path, or a URL that fsspec knows."""

    digest: str
    """Of its content."""

    def fingerprint(self) -> str:
        """Name the file and its content, wherever it lies."""
        return f"{PurePath(self.path).name} {self.digest}"

    def mask_of(
        self, georeference: Georeference, shape: tuple[int, int]
    ) -> Mask | None:
        """Mark the pixels whose centres are land.

        Args:
            georeference: Of the pixels, in any CRS.
            shape: (H, W).

        Returns:
            bool (H, W); None where what the file covers lies elsewhere.
        """
        if PurePath(self.path).suffix.lower() in _GEOTIFF:
            return draw_mask(self.path, georeference, shape)
        drawn = [
            mask
            for layer in _layers(self.path, self.digest)
            if (mask := draw_polygons(layer, georeference, shape)) is not None
        ]
        return np.logical_or.reduce(drawn) if drawn else None


def land_file(path: object) -> LandFile:
    """Read what `ingestion.land` names, as far as it takes to know that it is a mask.

    Raises:
        InvalidOption: if it is no such file.
    """
    place = str(path)
    if place.startswith("~"):
        place = str(Path(place).expanduser())
    ending = PurePath(place).suffix.lower()
    try:
        if not isinstance(path, str | PurePath):
            raise ValueError("no path")
        if ending not in _GEOJSON | _GEOPACKAGE | _GEOTIFF:
            raise ValueError(f"the ending {ending!r}")
        found = LandFile(place, checksum(place))
        if ending in _GEOTIFF:
            expect_mask(place)
        else:
            _layers(place, found.digest)
    except FileNotFoundError:
        got = "no such file"
    except OSError as error:
        got = error.strerror or str(error)
    except (ValueError, CRSError) as error:
        got = str(error)
    else:
        return found
    raise InvalidOption(
        f"expected {LAND_OPTION} to be a mask of land, got {path!r}: {got}; {_WAY_OUT}"
    )


def mark_land(scene: Scene, land: LandFile) -> Scene:
    """Set land and ice shelf apart from the sea; the pixel's centre decides.

    Args:
        scene: With a place on Earth.
        land: Says where land is.

    Returns:
        The scene on the same grid; its notes say so where the file covers none of it,
        or nothing of the sea is left.

    Raises:
        InvalidScene: if the scene has no place.
    """
    mask = land.mask_of(expect_georeference(scene, LAND_OPTION), scene.shape)
    if mask is None:
        note = f"lies outside of what {PurePath(land.path).name} ({LAND_OPTION}) covers"
        mask = np.zeros(scene.shape, bool)
    elif scene.valid_mask.any() and mask[scene.valid_mask].all():
        note = f"is land by {PurePath(land.path).name} ({LAND_OPTION}): no sea is left"
    else:
        note = ""
    marked = scene.with_land(mask, land.fingerprint())
    return with_note(marked, note) if note else marked


def mark_label(label: ClassMap, land: LandFile) -> ClassMap:
    """Have a label say land where its scene is land, whatever was painted there.

    Raises:
        InvalidScene: if the label has no place.
    """
    mask = land.mask_of(expect_georeference(label, LAND_OPTION), label.shape)
    if mask is None:
        return label
    here = mask & (label.codes != NODATA)
    codes = np.where(here, np.uint8(LAND), label.codes)
    return replace(label, codes=codes, land_source=land.fingerprint())


@lru_cache(maxsize=2)
def _layers(path: str, digest: str) -> list[PolygonLayer]:
    """Read polygons, once for all scenes of a process.

    Raises:
        ValueError: if the file has none, or not as it should.
    """
    del digest  # another content, another value
    with reading(path) as local:
        if PurePath(path).suffix.lower() in _GEOPACKAGE:
            layers = read_geopackage(local)
        else:
            layers = _of_geojson(local)
    if not layers:
        raise ValueError("no polygon")
    return layers


def _of_geojson(path: Path) -> list[PolygonLayer]:
    try:
        return read_geojson(path)
    except ValueError:  # in words already
        raise
    except MALFORMED as error:
        raise ValueError(f"no GeoJSON ({type(error).__name__}: {error})") from error
