"""A raster on the ground: true areas, lengths, directions, places in degrees."""

from functools import lru_cache
from typing import TypeVar

import numpy as np
import numpy.typing as npt
from pyproj import CRS, Geod, Transformer

from sea_ice_kedro.errors import InvalidScene
from sea_ice_kedro.imagery.arrays import Georeference

Places = TypeVar("Places", float, npt.NDArray[np.float64])

_POINTS_A_SIDE = 21
_SMALL_STEP_DEG = 1e-3


def pixel_area_m2(georeference: Georeference, shape: tuple[int, int]) -> float:
    """Return the mean true area of a scene's pixels, in m².

    The geodesic area of the scene's outline (Karney 2013, through PROJ) over its
    pixel count, so that the scale error of the map projection is taken out: in
    EPSG:3031 a 10 m pixel covers 103.4 m² at 78° S, not 100.

    Args:
        georeference: Where the scene lies, in any CRS.
        shape: (H, W) in pixels.
    """
    columns, rows = _outline(shape)
    crs = CRS.from_user_input(georeference.crs)
    longitudes, latitudes = to_degrees(georeference.crs).transform(
        *places(georeference, columns, rows)
    )
    geod = crs.get_geod() or Geod(ellps="WGS84")
    area, _ = geod.polygon_area_perimeter(longitudes, latitudes)
    return abs(area) / (shape[0] * shape[1])


def pixel_size_m(georeference: Georeference, shape: tuple[int, int]) -> float:
    """Return the nominal side of a pixel in m, as the CRS counts it.

    In a CRS of degrees: the side of a square of the pixels' mean true area.
    """
    crs = CRS.from_user_input(georeference.crs)
    if not crs.is_projected:
        return float(np.sqrt(pixel_area_m2(georeference, shape)))
    a, b, _, d, e, _ = georeference.transform
    unit_m = crs.axis_info[0].unit_conversion_factor
    return float(np.sqrt(abs(a * e - b * d)) * unit_m)


def _outline(
    shape: tuple[int, int],
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Walk once around the scene: columns and rows of points, float (84,)."""
    steps = np.linspace(0.0, 1.0, _POINTS_A_SIDE)
    zeros, ones = np.zeros_like(steps), np.ones_like(steps)
    columns = np.concatenate([steps, ones, steps[::-1], zeros])
    rows = np.concatenate([zeros, steps, ones, steps[::-1]])
    return columns * shape[1], rows * shape[0]


@lru_cache
def to_degrees(crs: str) -> Transformer:
    """Return what turns x and y of a CRS into longitude and latitude."""
    known = CRS.from_user_input(crs)
    return Transformer.from_crs(known, known.geodetic_crs, always_xy=True)


def places(
    georeference: Georeference, columns: Places, rows: Places
) -> tuple[Places, Places]:
    """Return x and y of places in a scene, in units of its CRS, as many as given."""
    a, b, c, d, e, f = georeference.transform
    return a * columns + b * rows + c, d * columns + e * rows + f


def centre_deg(
    georeference: Georeference, shape: tuple[int, int]
) -> tuple[float, float]:
    """Return longitude and latitude of a scene's centre, in degrees."""
    x, y = places(georeference, shape[1] / 2, shape[0] / 2)
    longitude, latitude = to_degrees(georeference.crs).transform(x, y)
    return float(longitude), float(latitude)


def north_bearing_deg(georeference: Georeference, shape: tuple[int, int]) -> float:
    """Return the direction of north at the scene's centre, in degrees.

    Clockwise from "up" in the picture; 0 in a UTM scene, anything in EPSG:3031.
    """
    a, b, _, d, e, _ = georeference.transform
    x, y = places(georeference, shape[1] / 2, shape[0] / 2)
    longitude, latitude = centre_deg(georeference, shape)
    north_x, north_y = to_degrees(georeference.crs).transform(
        longitude, latitude + _SMALL_STEP_DEG, direction="INVERSE"
    )
    determinant = a * e - b * d
    right = (e * (north_x - x) - b * (north_y - y)) / determinant
    down = (a * (north_y - y) - d * (north_x - x)) / determinant
    return float(np.degrees(np.arctan2(right, -down)) % 360.0)


# --- Lengths, places and directions on the ground of what was measured in pixels

Floats = npt.NDArray[np.float64]

_SQUARE = 1.1
"""Most that one side of a pixel may be longer than the other, on the ground."""

_STEP_PX = 10.0


def square_pixel_m(
    georeference: Georeference, shape: tuple[int, int], scene_id: str
) -> float:
    """Return the true side of a scene's pixels on the ground, in m.

    The root of their mean true area: a length in pixels is as long in all directions.

    Args:
        georeference: Where the scene lies.
        shape: (H, W) in pixels.
        scene_id: Its name, for the message.

    Raises:
        InvalidScene: if pixels are not square on the ground, within a tenth.
    """
    middle = np.array([shape[1] / 2, shape[0] / 2])
    corners = middle + np.array([(0, 0), (_STEP_PX, 0), (0, 0), (0, _STEP_PX)])
    lines = _degrees(georeference, *corners.T)
    lengths = _geod(georeference).line_lengths(*lines)
    across, down = lengths[0] / _STEP_PX, lengths[2] / _STEP_PX
    if not max(across, down) <= _SQUARE * min(across, down):
        raise InvalidScene(
            f"{scene_id}: expected pixels that are as long as wide on the ground, as "
            f"lengths are measured in them, got {across:.3g} m by {down:.3g} m in "
            f"{georeference.crs[:40]}; project the scene first, say to its UTM zone or "
            "to EPSG:3413 or EPSG:3031 (gdalwarp -t_srs EPSG:3413)"
        )
    return float(np.sqrt(pixel_area_m2(georeference, shape)))


def degrees(
    georeference: Georeference, columns: Floats, rows: Floats
) -> tuple[Floats, Floats]:
    """Return longitude and latitude of places, to a millionth degree: float64 (N,)."""
    longitudes, latitudes = _degrees(georeference, columns, rows)
    return np.round(longitudes, 6), np.round(latitudes, 6)


def bearings_deg(
    georeference: Georeference, columns: Floats, rows: Floats, along: Floats
) -> Floats:
    """Return the directions of axes at places, clockwise from true north, 0..180.

    Args:
        georeference: Where the scene lies.
        columns: float64 (N,) of the places.
        rows: float64 (N,) of the places.
        along: float64 (N, 2), directions (columns, rows) of length 1.

    Returns:
        float64 (N,): 0 is north to south, 90 is east to west.
    """
    x, y = _STEP_PX / 2 * along.T
    start = _degrees(georeference, columns - x, rows - y)
    end = _degrees(georeference, columns + x, rows + y)
    places_of = [place.tolist() for place in (*start, *end)]
    azimuths, _, _ = _geod(georeference).inv(*places_of)
    return np.asarray(azimuths, float) % 180.0


def _geod(georeference: Georeference) -> Geod:
    geod: Geod = CRS.from_user_input(georeference.crs).get_geod() or Geod(ellps="WGS84")
    return geod


def _degrees(
    georeference: Georeference, columns: Floats, rows: Floats
) -> tuple[Floats, Floats]:
    x, y = places(georeference, columns, rows)
    # Lists: pyproj takes an array of one value for a scalar.
    found = to_degrees(georeference.crs).transform(x.tolist(), y.tolist())
    return np.array(found[0], float), np.array(found[1], float)
