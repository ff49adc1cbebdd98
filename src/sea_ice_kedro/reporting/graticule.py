"""Parallels and meridians in a map projection, for maps without coasts."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from pyproj import CRS, Transformer

Floats = npt.NDArray[np.float64]

_STEPS_DEG = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 45.0)
_LINES = 5
"""About so many of each kind in a map."""

_LABEL_MARGIN = 0.05
"""Between a label and the edge of the map, in its sizes."""

_KM_A_DEGREE = 111.2
_POLE_DEG = 89.0
"""Meridians end here: at the pole they would run together."""

_AROUND_POLE_DEG = 30.0
"""Between the meridians of a map that shows the pole."""

_POINTS = 2001
"""Along a line, before it is cut to the map."""


@dataclass(frozen=True)
class Box:
    """The part of a projection that a map shows, in km."""

    left: float
    right: float
    bottom: float
    top: float

    @property
    def size_km(self) -> float:
        """The longer side."""
        return max(self.right - self.left, self.top - self.bottom)


@dataclass(frozen=True, eq=False)
class Line:
    """A parallel or meridian within a map."""

    label: str
    """"75°S"."""

    x: Floats
    """In km; NaN between pieces."""

    y: Floats
    label_at: int
    """The point that the label is written at."""


def graticule(crs: str, box: Box) -> list[Line]:
    """Return the parallels and meridians at round degrees that cross a map.

    Args:
        crs: A projection in metres, "EPSG:6932".
        box: What the map shows.
    """
    projection = CRS.from_user_input(crs)
    to_map = Transformer.from_crs(
        projection.geodetic_crs, projection, always_xy=True, only_best=False
    )
    x, y = np.meshgrid(
        np.linspace(box.left, box.right, 41), np.linspace(box.bottom, box.top, 41)
    )
    _, latitudes = to_map.transform(x * 1e3, y * 1e3, direction="INVERSE")
    low, high = float(latitudes.min()), float(latitudes.max())
    step = _step(box.size_km / _KM_A_DEGREE)
    lines = []
    for latitude in np.arange(-90 + step, 90, step):
        around = np.linspace(-180, 180, _POINTS)
        name = _named(latitude, "N", "S")
        lines.append(_cut(to_map, name, around, np.full(_POINTS, latitude), box))
    outer, inner = sorted([low, high], key=abs)
    span = box.size_km / _KM_A_DEGREE / np.cos(np.radians(outer))
    step = _AROUND_POLE_DEG if abs(inner) > _POLE_DEG else _step(span)
    # From the equator's side, where there is room for names, to just short of the pole.
    reach = np.linspace(outer, np.clip(inner, -_POLE_DEG, _POLE_DEG), _POINTS)
    for longitude in np.arange(-180 + step, 180 + step / 2, step):
        name = _named(longitude, "E", "W")
        lines.append(_cut(to_map, name, np.full(_POINTS, longitude), reach, box))
    return [line for line in lines if line is not None]


def _step(span_deg: float) -> float:
    """Choose a round distance of lines for a span."""
    return min(_STEPS_DEG, key=lambda step: abs(np.log(span_deg / step / _LINES)))


def _named(degrees: float, positive: str, negative: str) -> str:
    rounded = round(float(degrees), 1)
    side = positive if rounded > 0 else negative
    half_turn = abs(rounded) == 180  # noqa: PLR2004 - neither east nor west
    return f"{abs(rounded):g}°{'' if rounded == 0 or half_turn else side}"


def _cut(
    to_map: Transformer, label: str, longitudes: Floats, latitudes: Floats, box: Box
) -> Line | None:
    """Project a line and leave what the map shows; None if that is nothing."""
    x, y = to_map.transform(longitudes, latitudes)
    x, y = x / 1e3, y / 1e3
    inside = (x >= box.left) & (x <= box.right) & (y >= box.bottom) & (y <= box.top)
    if inside.sum() < 2:  # noqa: PLR2004 - a line has two ends
        return None
    # One point beyond each end says where a piece ends.
    kept = inside | np.roll(inside, 1)
    x, y = (np.where(inside, values, np.nan)[kept] for values in (x, y))
    margin = np.min([x - box.left, box.right - x, y - box.bottom, box.top - y], 0)
    roomy = np.flatnonzero(margin > _LABEL_MARGIN * box.size_km)
    return Line(label, x, y, int(roomy[0]) if roomy.size else 0)
