"""A GeoPackage as programs write it, with as much of it as a reader needs."""

import sqlite3
import struct

_TABLES = """
CREATE TABLE gpkg_spatial_ref_sys (srs_name TEXT, srs_id INTEGER PRIMARY KEY,
    organization TEXT, organization_coordsys_id INTEGER, definition TEXT);
CREATE TABLE gpkg_geometry_columns (table_name TEXT, column_name TEXT,
    geometry_type_name TEXT, srs_id INTEGER, z TINYINT, m TINYINT);
INSERT INTO gpkg_spatial_ref_sys VALUES
    ('Undefined Cartesian SRS', -1, 'NONE', -1, 'undefined'),
    ('WGS 84', 4326, 'EPSG', 4326, 'GEOGCS[...]'),
    ('Antarctic Polar Stereographic', 3031, 'EPSG', 3031, 'PROJCS[...]');
"""


def geopackage(path, layers):
    """Write layers: name -> (geometry type, srs_id, blobs)."""
    connection = sqlite3.connect(path)
    connection.executescript(_TABLES)
    for name, (kind, srs_id, blobs) in layers.items():
        quoted = name.replace('"', '""')
        connection.execute(
            f'CREATE TABLE "{quoted}" (fid INTEGER PRIMARY KEY, "the geom" BLOB)'
        )
        connection.execute(
            "INSERT INTO gpkg_geometry_columns VALUES (?, 'the geom', ?, ?, 0, 0)",
            (name, kind, srs_id),
        )
        rows = [(blob,) for blob in blobs]
        connection.executemany(f'INSERT INTO "{quoted}" ("the geom") VALUES (?)', rows)
    connection.commit()
    connection.close()
    return path


def blob(wkb, envelope=1, order="<", empty=False):
    """Put GeoPackage's header before a geometry."""
    flags = (envelope << 1) | (order == "<") | (0x10 if empty else 0)
    doubles = (0, 4, 6, 6, 8)[envelope]
    return (
        b"GP"
        + bytes([0, flags])
        + struct.pack(f"{order}i{doubles}d", 3031, *[0.0] * doubles)
        + wkb
    )


def polygon(rings, order="<", axes=2):
    """Write a Polygon, or a PolygonZ, as WKB; rings closed by the caller."""
    parts = [struct.pack(f"{order}II", 3 + 1000 * (axes - 2), len(rings))]
    for ring in rings:
        parts.append(struct.pack(f"{order}I", len(ring)))
        for corner in ring:
            values = [*corner, *[7.0] * (axes - 2)]
            parts.append(struct.pack(f"{order}{axes}d", *values))
    return bytes([order == "<"]) + b"".join(parts)


def multipolygon(*polygons, order="<"):
    """Write a MultiPolygon as WKB."""
    return (
        bytes([order == "<"])
        + struct.pack(f"{order}II", 6, len(polygons))
        + b"".join(polygons)
    )
