"""Polygons of GeoJSON and GeoPackage files, drawn on a raster's grid.

A coastline of the whole Earth is clipped to what lies around the raster before it is
reprojected: far away, most projections fold.
"""

import json
import sqlite3
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import numpy.typing as npt
from pyproj import CRS, Transformer
from rasterio.features import rasterize

from sea_ice_kedro.imagery.arrays import Georeference, Mask
from sea_ice_kedro.rasters.footprint import places

Ring = npt.NDArray[np.float64]
"""float64 (N, 2): x and y of the corners, the last as the first."""

Box = npt.NDArray[np.float64]
"""float64 (4,): least x, least y, largest x, largest y."""

_PLACES = 33
"""Along each side of a raster: how far it reaches in another CRS."""

_MARGIN = 0.1
"""Share of that reach that is added: between two places, sides are curves."""

_STEP_PX = 8
"""A side gets a corner this often: what is straight in one CRS is not in another."""

WGS84 = "EPSG:4326"
"""Longitude and latitude; the CRS of GeoJSON that names none."""

_PIECES, _SHORTEST = 50, 1e-9
"""A side gets a corner each such part of its outline's extent, before it is brought to
degrees; no shorter piece."""

_NEAR_POLE_DEG = 88.0
_TURN, _POLE_DEG = 360.0, 90.0


@dataclass(frozen=True, eq=False)
class PolygonLayer:
    """Polygons of one CRS."""

    crs: CRS

    polygons: Sequence[Sequence[Ring]]
    """Rings of each: its outline, then its holes."""

    boxes: npt.NDArray[np.float64]
    """float64 (N, 4): the box around each polygon."""

    @property
    def turns(self) -> tuple[float, ...]:
        """What may be added to a longitude, and it is the same; 0 of other CRS."""
        return (-_TURN, 0.0, _TURN) if self.crs.is_geographic else (0.0,)


def layer_of(crs: CRS, polygons: Sequence[Sequence[Ring]]) -> PolygonLayer:
    """Make a layer of the rings of polygons, at least one.

    Raises:
        ValueError: if a corner is no finite number, or no longitude and latitude
            where it should be.
    """
    if crs.is_geographic:
        polygons = [[_unwound(ring) for ring in rings] for rings in polygons]
    boxes = np.array([_box(rings[0]) for rings in polygons])
    if not all(np.isfinite(ring).all() for rings in polygons for ring in rings):
        raise ValueError("corners that are not finite")
    farthest = np.abs(boxes).max(axis=0).reshape(2, 2).max(axis=0)
    if crs.is_geographic and (farthest > [2 * _TURN, _POLE_DEG + 1e-6]).any():
        raise ValueError(
            f"corners as far as {farthest[0]:g}, {farthest[1]:g}, which are no degrees"
        )
    return PolygonLayer(crs, polygons, boxes)


def draw_polygons(
    layer: PolygonLayer, georeference: Georeference, shape: tuple[int, int]
) -> Mask | None:
    """Mark the pixels whose centres lie in a polygon, and in none of its holes.

    Args:
        layer: The polygons.
        georeference: Of the pixels, in any CRS.
        shape: (H, W).

    Returns:
        bool (H, W); None where the raster lies outside of the box around all polygons.
    """
    around = _box_around(layer.crs, georeference, shape)
    if around is None or not any(
        _meet(_box(layer.boxes.reshape(-1, 2)), around, turn) for turn in layer.turns
    ):
        return None
    to_raster = Transformer.from_crs(layer.crs, georeference.crs, always_xy=True)
    pixel = (around[2:] - around[:2]) / max(shape)
    shapes = [
        {
            "type": "Polygon",
            "coordinates": [
                _in_pixels(
                    _with_corners(ring, _STEP_PX * pixel), to_raster, georeference
                )
                for ring in rings
            ],
        }
        for rings in _near(layer, around)
    ]
    if not shapes:
        return np.zeros(shape, bool)
    return np.asarray(rasterize(shapes, out_shape=shape, dtype="uint8") > 0)


def _near(layer: PolygonLayer, around: Box) -> Iterator[list[Ring]]:
    """Return the rings of each polygon, clipped to a box."""
    for turn in layer.turns:
        box = _moved(around, turn)
        meets = (layer.boxes[:, :2] <= box[2:]) & (layer.boxes[:, 2:] >= box[:2])
        for index in np.flatnonzero(meets.all(axis=1)):
            rings = [clipped(ring, box) for ring in layer.polygons[index]]
            if len(rings[0]):
                yield [ring for ring in rings if len(ring)]


def _box_around(
    crs: CRS, georeference: Georeference, shape: tuple[int, int]
) -> Box | None:
    """Return what holds a raster in another CRS, with a margin; None: it lies nowhere.

    In longitudes, it may reach beyond 180; around a pole it has all.
    """
    columns, rows = np.meshgrid(
        np.linspace(0, shape[1], _PLACES), np.linspace(0, shape[0], _PLACES)
    )
    there = Transformer.from_crs(georeference.crs, crs, always_xy=True)
    found = np.stack(there.transform(*places(georeference, columns, rows)), axis=-1)
    if not np.isfinite(found).all():
        return None
    if crs.is_geographic:
        middle = found[_PLACES // 2, _PLACES // 2, 0]
        half = _TURN / 2
        found[..., 0] = middle + (found[..., 0] - middle + half) % _TURN - half
    low, high = found.min(axis=(0, 1)), found.max(axis=(0, 1))
    margin = _MARGIN * (high - low)
    box: Box = np.concatenate([low - margin, high + margin])
    if crs.is_geographic and np.abs(found[..., 1]).max() > _NEAR_POLE_DEG:
        box[[0, 2]] = -_TURN / 2, _TURN / 2
        box[1 if low[1] < 0 else 3] = np.copysign(_POLE_DEG, low[1])
    return box


def _box(corners: npt.NDArray[np.float64]) -> Box:
    return np.concatenate([corners.min(axis=0), corners.max(axis=0)])


def _meet(one: Box, other: Box, turn: float) -> bool:
    moved = _moved(other, turn)
    return bool((one[:2] <= moved[2:]).all() and (one[2:] >= moved[:2]).all())


def _moved(box: Box, turn: float) -> Box:
    moved: Box = box + np.array([turn, 0.0, turn, 0.0])
    return moved


def clipped(ring: Ring, box: Box) -> Ring:
    """Leave what lies in a box (Sutherland & Hodgman 1974); no corner: nothing does."""
    for number, bound in enumerate(box):
        axis, side = number % 2, 1 if number < 2 else -1  # noqa: PLR2004
        inside = side * (ring[:, axis] - bound) >= 0
        if inside.all():
            continue
        start, way = ring[:-1], np.diff(ring, axis=0)
        crosses = inside[:-1] != inside[1:]
        share = (bound - start[:, axis]) / np.where(crosses, way[:, axis], 1)
        cuts = start + share[:, None] * way
        corners = np.stack([cuts, ring[1:]], axis=1).reshape(-1, 2)
        ring = corners[np.stack([crosses, inside[1:]], axis=1).ravel()]
        if not len(ring):
            return ring
        ring = np.concatenate([ring, ring[:1]])
    return ring


def _with_corners(ring: Ring, step: npt.NDArray[np.float64]) -> Ring:
    """Put corners on sides that are longer than a step, (2,) along x and y."""
    way = np.diff(ring, axis=0)
    parts = np.maximum(np.ceil(np.abs(way / step).max(axis=1)), 1).astype(int)
    side = np.repeat(np.arange(len(parts)), parts)
    number = np.arange(len(side)) - np.repeat(np.cumsum(parts) - parts, parts)
    corners = ring[side] + (number / parts[side])[:, None] * way[side]
    return np.concatenate([corners, ring[-1:]])


def _in_pixels(
    ring: Ring, to_raster: Transformer, georeference: Georeference
) -> list[list[float]]:
    """Return corners as column and row in a raster."""
    a, b, c, d, e, f = georeference.transform
    x, y = to_raster.transform(ring[:, 0], ring[:, 1])
    offsets = np.stack([np.asarray(x) - c, np.asarray(y) - f])
    pixels = np.linalg.solve([[a, b], [d, e]], offsets).T
    found: list[list[float]] = pixels[np.isfinite(pixels).all(axis=1)].tolist()
    return found


def _unwound(ring: Ring) -> Ring:
    """Have longitudes go on past 180 where an outline crosses it, uncut.

    One that goes once around a pole is closed by way of it. RFC 7946 wants both cut,
    which programs do not always do.
    """
    x, y = ring.T
    jumps = np.abs(np.diff(x)) > _TURN / 2
    at_edge = (np.abs(x) >= _TURN / 2) | (np.abs(y) >= _POLE_DEG)
    if not (jumps & ~(at_edge[:-1] & at_edge[1:])).any():
        return ring
    unwound: Ring = np.stack([np.unwrap(x, period=_TURN), y], axis=1)
    if abs(unwound[-1, 0] - unwound[0, 0]) < _TURN / 2:
        return unwound
    pole = np.copysign(_POLE_DEG, y.mean())
    over = np.array([[unwound[-1, 0], pole], [unwound[0, 0], pole], unwound[0]])
    return np.asarray(np.concatenate([unwound, over]))


def in_degrees(layer: PolygonLayer) -> PolygonLayer:
    """Bring polygons to longitude and latitude, with corners on their long sides."""
    to_degrees = Transformer.from_crs(layer.crs, WGS84, always_xy=True)

    def brought(ring: Ring) -> Ring:
        if not layer.crs.is_geographic:
            piece = max(float(np.ptp(ring, axis=0).max()) / _PIECES, _SHORTEST)
            ring = _with_corners(ring, np.full(2, piece))
        return np.column_stack(to_degrees.transform(*ring.T))

    rings = [[brought(ring) for ring in polygon] for polygon in layer.polygons]
    return layer_of(CRS.from_user_input(WGS84), rings)


# --- Polygons of GeoJSON (RFC 7946; a CRS as the version of 2008 names it)


def read_geojson(path: Path) -> list[PolygonLayer]:
    """Read the polygons of a file: one layer, or none where it has no polygon.

    Raises:
        OSError: if there is no such file.
        ValueError, or another of `MALFORMED`: if it is no GeoJSON of polygons.
        CRSError: if its CRS is not known.
    """
    found = json.loads(path.read_text(encoding="utf-8-sig"))
    told = (found.get("crs") or {"properties": {"name": WGS84}})["properties"]
    polygons = [rings for rings in _of_geometry(found) if rings]
    crs = CRS.from_user_input(told["name"])
    return [layer_of(crs, polygons)] if polygons else []


def _of_geometry(found: Any) -> Iterator[list[Ring]]:  # noqa: ANN401 - JSON
    kind = found["type"]
    if kind == "FeatureCollection":
        for feature in found["features"]:
            yield from _of_geometry(feature)
    elif kind == "Feature":
        if found["geometry"] is not None:
            yield from _of_geometry(found["geometry"])
    elif kind == "GeometryCollection":
        for geometry in found["geometries"]:
            yield from _of_geometry(geometry)
    elif kind == "MultiPolygon":
        yield from (_closed(polygon) for polygon in found["coordinates"])
    elif kind == "Polygon":
        yield _closed(found["coordinates"])
    else:
        raise ValueError(f"a {kind}, which is no polygon")


def _closed(coordinates: Any) -> list[Ring]:  # noqa: ANN401 - JSON
    rings = [np.array([corner[:2] for corner in ring], float) for ring in coordinates]
    for ring in rings:
        if ring.ndim != 2 or len(ring) < 3:  # noqa: PLR2004 - (corners, x and y)
            raise ValueError(f"a ring of {len(ring)} corners")
        if ring.shape[1] != 2:  # noqa: PLR2004 - x and y
            raise ValueError("a corner of one number")
    return [np.concatenate([ring, ring[:1]]) for ring in rings]


# --- Polygons of a GeoPackage, an SQLite file (OGC 12-128r18)

_ENVELOPE_BYTES = (0, 32, 48, 48, 64)
"""By its kind, in a geometry's header (clause 2.1.3.1.1)."""

_EMPTY, _EXTENDED = 0x10, 0x20
_POLYGON, _MULTIPOLYGON = 3, 6
_ISO_KINDS = 1000
"""Z, M and ZM add one, two or three of it to the kind of a geometry."""

_OTHERS = ("POINT", "MULTIPOINT", "LINESTRING", "MULTILINESTRING")
"""Layers that are left alone."""


def read_geopackage(path: Path) -> list[PolygonLayer]:
    """Read the polygons of all layers; those of points and lines are left alone.

    Args:
        path: On a disk.

    Returns:
        A layer for each that has polygons.

    Raises:
        ValueError: if it is no GeoPackage, a layer has no CRS, or other geometries.
    """
    # What is read is the file, whose digest is known: no log of a program beside it.
    place = f"file:{quote(str(path.resolve()))}?mode=ro&immutable=1"
    try:
        connection = sqlite3.connect(place, uri=True)
        try:
            tables = connection.execute(
                "SELECT g.table_name, g.column_name, s.organization, "
                "s.organization_coordsys_id, s.definition FROM gpkg_geometry_columns g "
                "LEFT JOIN gpkg_spatial_ref_sys s ON s.srs_id = g.srs_id "
                f"WHERE upper(g.geometry_type_name) NOT IN ({','.join('?' * 4)})",
                _OTHERS,
            ).fetchall()
            return [
                layer_of(_crs_of(table, *crs), polygons)
                for table, column, *crs in tables
                if (polygons := _polygons(connection, table, column))
            ]
        finally:
            connection.close()
    except (sqlite3.Error, struct.error, IndexError, RecursionError) as error:
        raise ValueError(f"{type(error).__name__}: {error}") from error


def _crs_of(table: str, organization: Any, code: Any, definition: Any) -> CRS:  # noqa: ANN401
    if organization is None or str(organization).upper() == "NONE":
        raise ValueError(f"no CRS of its layer {table}")
    if str(organization).upper() == "EPSG":
        return CRS.from_epsg(code)
    return CRS.from_user_input(definition)


def _polygons(connection: sqlite3.Connection, table: str, column: str) -> list[Any]:
    names = [name.replace('"', '""') for name in (column, table)]
    rows = connection.execute('SELECT "{}" FROM "{}"'.format(*names))
    return [
        rings for (blob,) in rows if blob is not None for rings in _of_blob(table, blob)
    ]


def _of_blob(table: str, blob: bytes) -> Iterator[list[Ring]]:
    magic, flags = struct.unpack_from("<2sxB", blob)
    if magic != b"GP" or flags & _EXTENDED:
        raise ValueError(f"a geometry in {table} that is none of GeoPackage's own")
    if not flags & _EMPTY:
        start = 8 + _ENVELOPE_BYTES[flags >> 1 & 7]
        yield from _of_wkb(table, blob, [start])


def _of_wkb(table: str, blob: bytes, at: list[int]) -> Iterator[list[Ring]]:
    """Read a geometry (ISO WKB); `at` is moved past it."""
    order = "<" if blob[at[0]] else ">"
    at[0] += 1

    def take(kind: str) -> int:
        at[0] += 4
        return int(struct.unpack_from(order + kind, blob, at[0] - 4)[0])

    number = take("I")
    kind, more = number % _ISO_KINDS, number // _ISO_KINDS
    if kind == _MULTIPOLYGON:
        for _ in range(take("I")):
            yield from _of_wkb(table, blob, at)
    elif kind == _POLYGON:
        axes, rings = (2, 3, 3, 4)[more], []
        for _ in range(take("I")):
            count = take("I")
            corners = np.frombuffer(blob, f"{order}f8", count * axes, at[0])
            at[0] += 8 * count * axes
            rings.append(corners.reshape(-1, axes)[:, :2].astype(np.float64))
        if rings and len(rings[0]):
            yield [ring for ring in rings if len(ring)]
    else:
        raise ValueError(f"a geometry of kind {number} in {table}, which is no polygon")
