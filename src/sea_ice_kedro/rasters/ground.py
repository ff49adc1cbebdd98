"""Lengths, places and directions on the ground of what was measured in pixels."""

import numpy as np
import numpy.typing as npt
from pyproj import CRS, Geod

from sea_ice_kedro.errors import InvalidScene
from sea_ice_kedro.imagery.arrays import Georeference
from sea_ice_kedro.rasters.footprint import pixel_area_m2, places, to_degrees

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
