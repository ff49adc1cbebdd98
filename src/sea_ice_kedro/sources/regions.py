"""Regions of the Earth: a box or polygons, also across the antimeridian; with names."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from pyproj.exceptions import CRSError

from sea_ice_kedro.engines.base import content_digest
from sea_ice_kedro.errors import MALFORMED, InvalidOption
from sea_ice_kedro.rasters.polygons import (
    in_degrees,
    read_geojson,
    read_geopackage,
)

Ring = tuple[tuple[float, float], ...]
"""(longitude, latitude) in degrees of a closed or open outline. Longitudes go on past
180 where it crosses the antimeridian: neighbours differ by less than 180."""

FARTHEST_DEG = 84.0
"""Sentinel-2 images no farther from the equator than about this."""

_EXAMPLE = (
    "name one as [west, south, east, north], -180/-78/-140/-70 in --params, or as the "
    "path of a GeoJSON or GeoPackage file of polygons"
)
_SEARCHED = "ingestion.search.region"


@dataclass(frozen=True)
class Region:
    """Polygons without holes; a place belongs to it when one of them holds it."""

    rings: tuple[Ring, ...]

    def holds(
        self, longitudes: npt.ArrayLike, latitudes: npt.ArrayLike
    ) -> npt.NDArray[np.bool_]:
        """Tell which places lie in the region, whatever turn their longitudes count.

        Args:
            longitudes: Degrees, any shape.
            latitudes: Degrees, the same shape.
        """
        x, y = np.asarray(longitudes, float), np.asarray(latitudes, float)
        inside = np.zeros(x.shape, bool)
        for ring in self.rings:
            inside |= _in_ring(np.array(ring), x, y)
        return inside

    def fingerprint(self) -> str:
        """Name its boxes and digest its corners: a coast has thousands."""
        return f"{self.boxes()} {content_digest(self.rings)}"

    def boxes(self) -> list[tuple[float, float, float, float]]:
        """Return (west, south, east, north) of each ring, -180..180, cut at 180."""
        found = []
        for ring in self.rings:
            x, y = np.array(ring).T
            west = float((x.min() + 180) % 360 - 180)
            east = west + float(x.max() - x.min())
            for low, high in _unwound(west, east):
                found.append((low, float(y.min()), high, float(y.max())))
        return found


def outline(coordinates: Any) -> Ring:  # noqa: ANN401 - JSON
    """Make a ring of positions, unwinding jumps at the antimeridian.

    Raises:
        ValueError: if a position is not a finite number of degrees.
    """
    positions = np.array([position[:2] for position in coordinates], float)
    if not np.isfinite(positions).all():
        raise ValueError("a position that is not finite")
    positions[:, 0] = np.unwrap(positions[:, 0], period=360)
    return tuple((float(x), float(y)) for x, y in positions)


def outlines_of(geometry: Any) -> Region:  # noqa: ANN401 - JSON
    """Read the polygons of a GeoJSON object of any kind that has some.

    A polygon that was cut at the antimeridian is two here; holes count as filled.

    Raises:
        ValueError: if there is no polygon, or one of less than three corners, or with
            corners that are no numbers.
    """
    rings = _rings(geometry)
    if not rings:
        raise ValueError("no polygon")
    if min(map(len, rings)) < 3:  # noqa: PLR2004 - it would hold no place
        raise ValueError("an outline of less than three corners")
    corners = (corner for ring in rings for corner in ring)
    if not all(math.isfinite(x) and math.isfinite(y) for x, y, *_ in corners):
        raise ValueError("corners that are not finite")
    return Region(tuple(outline(ring) for ring in rings))


def _rings(geometry: Any) -> list[Any]:  # noqa: ANN401
    kind = geometry.get("type")
    if kind == "FeatureCollection":
        return [ring for part in geometry["features"] for ring in _rings(part)]
    if kind == "Feature":
        return _rings(geometry["geometry"])
    if kind == "GeometryCollection":
        return [ring for part in geometry["geometries"] for ring in _rings(part)]
    if kind == "MultiPolygon":
        return [polygon[0] for polygon in geometry["coordinates"]]
    if kind == "Polygon":
        return [geometry["coordinates"][0]]
    if kind == "LinearRing":  # as Earth Engine gives footprints
        return [geometry["coordinates"]]
    raise ValueError(f"a {kind}")


def read_region(value: object) -> Region:
    """Read what `ingestion.search.region` says.

    Raises:
        InvalidOption: if it is no region, or one that is never imaged.
    """
    region = region_of(value, _SEARCHED)
    latitudes = [y for ring in region.rings for _, y in ring]
    if min(latitudes) > FARTHEST_DEG or max(latitudes) < -FARTHEST_DEG:
        raise InvalidOption(
            f"expected {_SEARCHED} to reach between {FARTHEST_DEG:g}° south"
            f" and north, which is all that Sentinel-2 images, got {value!r}"
        )
    return region


def region_of(value: object, option: str) -> Region:
    """Read a box or the path of a file of polygons.

    Args:
        value: [west, south, east, north] in degrees, "-180/-78/-140/-70", or the path
            of a GeoPackage, or of GeoJSON in degrees or the CRS that it names.
        option: Name of the setting, for messages.

    Raises:
        InvalidOption: if it is no region.
    """
    if value is None:
        raise InvalidOption(f"expected {option}, got none; {_EXAMPLE}")
    box = _box_of(value, option)
    if box is None:
        return _read_polygons(str(value), option)
    return Region((_corners(box),))


def _box_of(value: object, option: str) -> tuple[float, ...] | None:
    """Read four numbers; None where it must be a file."""
    parts: Any = value.split("/") if isinstance(value, str) else value
    try:
        box = tuple(float(part) for part in parts)
    except (TypeError, ValueError):
        box = ()
    if len(box) != 4:  # noqa: PLR2004 - west, south, east, north
        if isinstance(value, str):
            return None
        raise InvalidOption(f"expected {option}, got {value!r}; {_EXAMPLE}")
    west, south, east, north = box
    if not (-180 <= west <= 180 and -180 <= east <= 180) or west == east:  # noqa: PLR2004
        raise InvalidOption(
            f"expected west and east of {option} in -180..180 and "
            f"different, got {west:g} and {east:g}"
        )
    if not -90 <= south < north <= 90:  # noqa: PLR2004
        raise InvalidOption(
            f"expected -90 <= south < north <= 90 in {option}, got "
            f"{south:g} and {north:g}; its order is [west, south, east, north]"
        )
    return box


def _corners(box: tuple[float, ...]) -> Ring:
    west, south, east, north = box
    east = east if east > west else east + 360
    return (west, south), (east, south), (east, north), (west, north)


def _read_polygons(path: str, option: str) -> Region:
    place = Path(path).expanduser()
    read = read_geopackage if place.suffix.lower() == ".gpkg" else read_geojson
    try:
        place.stat()
        outlines = [
            rings[0] for layer in read(place) for rings in in_degrees(layer).polygons
        ]
        if not outlines:
            raise ValueError("no polygon")
        return Region(tuple(tuple(map(tuple, ring[:-1].tolist())) for ring in outlines))
    except OSError as error:
        got = error.strerror
    except (*MALFORMED, CRSError) as error:
        got = f"{type(error).__name__}: {error}"
    raise InvalidOption(
        f"expected {option} {path!r} to be a GeoJSON or GeoPackage file of polygons, "
        f"got {got}; {_EXAMPLE}"
    )


def _in_ring(
    ring: npt.NDArray[np.float64],
    x: npt.NDArray[np.float64],
    y: npt.NDArray[np.float64],
) -> npt.NDArray[np.bool_]:
    """Count, by even and odd, the sides that a ray to the east crosses."""
    middle = (ring[:, 0].min() + ring[:, 0].max()) / 2
    x = middle + (x - middle + 180) % 360 - 180
    inside = np.zeros(x.shape, bool)
    for (x1, y1), (x2, y2) in zip(ring, np.roll(ring, -1, axis=0), strict=True):
        if y1 == y2:
            continue
        crosses = (y1 > y) != (y2 > y)
        inside ^= crosses & (x < x1 + (y - y1) * (x2 - x1) / (y2 - y1))
    return inside


def _unwound(west: float, east: float) -> list[tuple[float, float]]:
    if east <= 180:  # noqa: PLR2004
        return [(west, east)]
    return [(west, 180.0), (-180.0, east - 360)]


# --- Regions with names, of which time series are made

WHOLE_RUN = "whole_run"
"""Name of all that a run observed, which needs no outline."""

_OPTION = "time_series.regions"
_WAY_OUT = (
    "give a list of {name: ..., area: [west, south, east, north]}, where an area may "
    "also be the path of a GeoJSON file; or the path of a file whose features have a "
    '"name"'
)


@dataclass(frozen=True)
class NamedRegion:
    """A part of the Earth, and what it is called in tables and figures."""

    name: str
    region: Region


@dataclass(frozen=True)
class TimeSeriesOptions:
    """Of which regions there are time series, and how NetCDF files of them are made."""

    regions: Any = field(default_factory=list)
    """[{name: ross_sea, area: [160, -78, -150, -60]}, ...]: boxes in degrees or paths
    of GeoJSON files; or the path of one GeoJSON file whose features have a "name"."""

    whole_grid: bool = False
    """Whether NetCDF files have all cells of NSIDC's grid in their projection, not only
    the box that was observed: cells of 25, 12.5 or 6.25 km are NSIDC's own."""

    attributes: dict[str, str] = field(default_factory=dict)
    """Global attributes of NetCDF files that only you know, by the names of ACDD 1.3:
    `creator_name`, `license`, `date_created`, ..."""

    def __post_init__(self) -> None:
        """Refuse what names no regions, and attributes that are no text."""
        odd = [
            name
            for name, value in self.attributes.items()
            if not isinstance(value, str) or not str(name).isidentifier()
        ]
        if odd:
            raise InvalidOption(
                "expected time_series.attributes to be texts by names of letters, "
                f"digits and underscores, got {odd[0]!r}: "
                f"{self.attributes[odd[0]]!r}; put the value in quotes"
            )
        names = [named.name for named in self.named()]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice or WHOLE_RUN in names:
            raise InvalidOption(
                f"expected each name in {_OPTION} once, and none to be {WHOLE_RUN!r}, "
                f"got {', '.join(twice) or WHOLE_RUN}"
            )

    def named(self) -> list[NamedRegion]:
        """Return the regions; a file is read each time.

        Raises:
            InvalidOption: if one is no region, or has no name.
        """
        if isinstance(self.regions, str):
            return _read_features(self.regions)
        if not isinstance(self.regions, list | tuple):
            raise _refused(self.regions)
        return [_named(entry) for entry in self.regions]


def _named(entry: object) -> NamedRegion:
    if not isinstance(entry, Mapping) or set(entry) != {"name", "area"}:
        raise _refused(entry)
    name = _expect_name(entry["name"])
    return NamedRegion(name, region_of(entry["area"], f"{_OPTION}: area of {name}"))


def _read_features(path: str) -> list[NamedRegion]:
    try:
        features = json.loads(Path(path).read_text(encoding="utf-8-sig"))["features"]
        found = [(f["properties"].get("name"), outlines_of(f)) for f in features]
    except OSError as error:
        raise _refused(f"{path!r}: {error.strerror}") from error
    except MALFORMED as error:
        raise _refused(f"{path!r}: {type(error).__name__}: {error}") from error
    if not found:
        raise _refused(f"{path!r}, which has no features")
    return [NamedRegion(_expect_name(name), region) for name, region in found]


def _expect_name(name: object) -> str:
    # A table of CSV would read "001" as a number.
    if not isinstance(name, str) or not any(c.isalpha() for c in name):
        raise _refused(f"the name {name!r}")
    return name.strip()


def _refused(found: object) -> InvalidOption:
    return InvalidOption(f"expected regions in {_OPTION}, got {found}; {_WAY_OUT}")
