"""Polygons of a GeoPackage, an SQLite file (OGC 12-128r18)."""

import sqlite3
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
from pyproj import CRS

from sea_ice_kedro.rasters.polygons import PolygonLayer, Ring, layer_of

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
