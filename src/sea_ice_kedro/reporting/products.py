"""The files of a run as a catalogue describes them; outlines as GeoJSON."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import numpy as np
from pyproj import Transformer

from sea_ice_kedro.errors import InvalidScene
from sea_ice_kedro.imagery.arrays import Georeference
from sea_ice_kedro.rasters.footprint import places
from sea_ice_kedro.rasters.geotiff import Facts
from sea_ice_kedro.rasters.polygons import Ring, clipped

_POINTS_A_SIDE = 11
_TURN = 360.0
_HALF_TURN = 180.0
_WEST = np.array([-np.inf, -np.inf, _HALF_TURN, np.inf])
_EAST = np.array([_HALF_TURN, -np.inf, np.inf, np.inf])
"""What lies west and east of 180°."""


@dataclass(frozen=True)
class Place:
    """The outline of a raster, and the box around it."""

    geometry: dict[str, Any]
    """A Polygon, or a MultiPolygon where it crosses the antimeridian; outer rings
    counter-clockwise."""

    bbox: list[float]
    """West, south, east, north; west > east where it crosses the antimeridian."""


def place_of(georeference: Georeference, shape: tuple[int, int]) -> Place:
    """Return the outline of a raster in WGS 84, also across the antimeridian or a pole.

    Args:
        georeference: Where the raster lies, in any CRS.
        shape: (H, W) in pixels.

    Raises:
        InvalidScene: if it does not lie on Earth.
    """
    ring = _outline(georeference, shape)
    ring[:, 0] = np.unwrap(ring[:, 0], period=_TURN)
    turns = round((ring[-1, 0] - ring[0, 0]) / _TURN)
    if turns:
        return _around_pole(ring if turns > 0 else ring[::-1])
    ring[:, 0] -= np.floor((ring[:, 0].min() + _HALF_TURN) / _TURN) * _TURN
    west, south = ring.min(axis=0)
    east, north = ring.max(axis=0)
    if east <= _HALF_TURN:
        return Place(_polygons(ring), _rounded([west, south, east, north]))
    halves = clipped(ring, _WEST), clipped(ring, _EAST) - [_TURN, 0.0]
    return Place(_polygons(*halves), _rounded([west, south, east - _TURN, north]))


def _outline(georeference: Georeference, shape: tuple[int, int]) -> Ring:
    """Walk once around the raster, in degrees."""
    steps = np.linspace(0.0, 1.0, _POINTS_A_SIDE)[:-1]
    zeros, ones = np.zeros_like(steps), np.ones_like(steps)
    columns = np.concatenate([steps, ones, 1 - steps, zeros, zeros[:1]]) * shape[1]
    rows = np.concatenate([zeros, steps, ones, 1 - steps, zeros[:1]]) * shape[0]
    to_degrees = Transformer.from_crs(georeference.crs, "EPSG:4326", always_xy=True)
    ring: Ring = np.stack(
        to_degrees.transform(*places(georeference, columns, rows)), axis=1
    )
    if not np.isfinite(ring).all():
        _, _, c, _, _, f = georeference.transform
        raise InvalidScene(
            f"expected a raster that lies on Earth, got one in {georeference.crs} "
            f"around ({c:g}, {f:g}) that does not; is its georeference right?"
        )
    return ring


def _around_pole(ring: Ring) -> Place:
    """Make a polygon of an outline that goes once around, eastwards: cut at 180°."""
    longitudes = (ring[:-1, 0] + _HALF_TURN) % _TURN - _HALF_TURN
    start = int(np.argmin(longitudes))
    order = np.roll(np.arange(len(longitudes)), -start)
    around = np.stack([longitudes[order], ring[order, 1]], axis=1)
    edge = np.interp(
        _HALF_TURN,
        [around[-1, 0], around[0, 0] + _TURN],
        [around[-1, 1], around[0, 1]],
    )
    pole = float(np.copysign(90.0, ring[:, 1].mean()))
    west, east = -_HALF_TURN, _HALF_TURN
    head, tail = [[west, pole], [west, edge]], [[east, edge], [east, pole]]
    closed = np.concatenate([head, around, tail, head[:1]])
    south, north = sorted([pole, float((-pole / 90) * (-pole / 90 * ring[:, 1]).max())])
    return Place(_polygons(closed), _rounded([west, south, east, north]))


def _polygons(*rings: Ring) -> dict[str, Any]:
    closed = [[_counter_clockwise(ring)] for ring in rings]
    if len(closed) == 1:
        return {"type": "Polygon", "coordinates": closed[0]}
    return {"type": "MultiPolygon", "coordinates": closed}


def _counter_clockwise(ring: Ring) -> list[list[float]]:
    x, y = ring.T
    area = float((x[:-1] * y[1:] - x[1:] * y[:-1]).sum())
    return [_rounded(place) for place in (ring if area > 0 else ring[::-1])]


def _rounded(degrees: Any) -> list[float]:  # noqa: ANN401 - numbers of any kind
    return [round(float(value), 6) for value in degrees]


# --- The files of a run as a catalogue tells of them, without their pixels


@dataclass(frozen=True)
class Product:
    """One file and its metadata."""

    kind: str
    """Of `KINDS` in `stac_assets`: "class_map", ..."""

    href: str
    """Absolute path or URL."""

    size: int | None = None
    """In bytes."""

    checksum: str = ""
    """"md5:..." of the content; "" where it is not known."""

    facts: Facts = field(default_factory=dict)
    """What a raster says of itself."""

    @property
    def georeference(self) -> Georeference | None:
        """Where a raster lies; None where it does not say so."""
        if not self.facts.get("transform"):
            return None
        return Georeference(self.facts["crs"], self.facts["transform"])

    @property
    def shape(self) -> tuple[int, int]:
        """(H, W) of a raster."""
        return self.facts["height"], self.facts["width"]


@dataclass(frozen=True)
class ProductGroup:
    """All files of one scene, or of one day."""

    name: str
    products: tuple[Product, ...]
    facts: Mapping[str, str] = field(default_factory=dict)
    """Columns of the index for a scene: `source`, `location`, ..."""

    def rasters(self) -> Iterator[Product]:
        """Return the products that say what they are."""
        return (product for product in self.products if product.facts)

    def acquired(self) -> datetime | None:
        """Return when it was observed; None when no raster of it knows."""
        for raster in self.rasters():
            if raster.facts.get("acquired"):
                when = datetime.fromisoformat(raster.facts["acquired"])
                return when.astimezone(UTC)
        return None

    def day(self) -> str:
        """Tell of which day it is: "2019-11-03"."""
        return str(next(self.rasters()).facts["day"])
