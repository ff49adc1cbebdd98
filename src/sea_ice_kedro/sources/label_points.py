"""Points and squares of a known class, in a table: `scene,x,y,class,half_size`."""

import math
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from rasterio.transform import Affine

from sea_ice_kedro.errors import InvalidLabel
from sea_ice_kedro.imagery.classes import NODATA, SeaIceClass
from sea_ice_kedro.sources.class_files import ClassRaster
from sea_ice_kedro.sources.folder_listing import (
    csv_lines,
    expect_all_fields,
    wrong_lines,
)

_REQUIRED = ("scene", "x", "y", "class")
_LARGEST = 100

_CLASSES = {
    word: c
    for c in SeaIceClass
    for word in (str(c.value), c.key, c.label, c.label.replace(" ", "-"))
}


@dataclass(frozen=True)
class LabelPoint:
    """One place of a known class."""

    line: int
    scene_id: str
    x: float
    y: float
    """In the map's coordinates; column and row where the map has no georeference."""

    sea_ice_class: SeaIceClass
    half_size: int
    """Pixels around the middle one; 0: a point."""


def read_label_points(filepath: str) -> list[LabelPoint]:
    """Read the table; columns of other names are not used.

    Raises:
        InvalidLabel: if a row cannot be right, with all lines that are wrong.
        InvalidOption: if it is no CSV in UTF-8.
    """
    name = Path(filepath).name
    lines = csv_lines(name, filepath)
    header = [field.lower() for field in next(lines, (1, []))[1]]
    if not set(_REQUIRED) <= set(header) or len(set(header)) < len(header):
        raise InvalidLabel(
            f"{name}, line 1: expected the columns {', '.join(_REQUIRED)}, and "
            f"half_size if you like, each once, got {header}; mend the first line"
        )
    points: list[LabelPoint] = []
    wrong: list[str] = []
    for number, fields in lines:
        try:
            points.append(_point(number, header, fields))
        except ValueError as error:
            wrong.append(f"line {number}: {error}")
    if wrong:
        raise InvalidLabel(wrong_lines(name, wrong))
    return points


def _point(line: int, header: list[str], fields: list[str]) -> LabelPoint:
    expect_all_fields(header, fields)
    values = dict(zip(header, fields, strict=True))
    try:
        x, y = float(values["x"]), float(values["y"])
    except ValueError:
        x, y = math.nan, math.nan
    if not (math.isfinite(x) and math.isfinite(y)):
        raise ValueError(
            f"expected numbers as x and y, got {values['x']!r} and {values['y']!r}"
        )
    known = _CLASSES.get(values["class"].lower())
    if known is None:
        expected = ", ".join(f"{c.value} or {c.label}" for c in SeaIceClass)
        raise ValueError(f"expected as class {expected}, got {values['class']!r}")
    size = values.get("half_size", "") or "0"
    if not (size.isascii() and size.isdigit() and int(size) <= _LARGEST):
        raise ValueError(
            f"expected half_size as whole pixels, 0 to {_LARGEST}, got {size!r}"
        )
    return LabelPoint(line, values["scene"], x, y, known, int(size))


def count_points(
    name: str, points: Collection[LabelPoint], raster: ClassRaster
) -> tuple[npt.NDArray[np.int64], int]:
    """Count points of one scene by the class that the map has there.

    A square counts once, by the class that most of its pixels have in the map.

    Args:
        name: Of the table, for messages.
        points: Of this scene.
        raster: The map.

    Returns:
        int64 (3, 3), rows = map, columns = point; and how many lie where the map has no
        class.

    Raises:
        InvalidLabel: if a point lies outside the map, with all lines.
    """
    counts = np.zeros((len(SeaIceClass), len(SeaIceClass)), np.int64)
    unmapped, wrong = 0, []
    for point in points:
        row, column = _pixel(point, raster)
        height, width = raster.codes.shape
        if not (0 <= row < height and 0 <= column < width):
            wrong.append(
                f"line {point.line}: expected a place in the map of {point.scene_id}, "
                f"got column {column} and row {row} of {width} x {height}"
            )
            continue
        half = point.half_size
        square = raster.codes[
            max(row - half, 0) : row + half + 1,
            max(column - half, 0) : column + half + 1,
        ]
        found = np.bincount(square.ravel(), minlength=NODATA + 1)[: len(SeaIceClass)]
        if found.any():
            counts[int(found.argmax()), point.sea_ice_class] += 1
        else:
            unmapped += 1
    if wrong:
        raise InvalidLabel(wrong_lines(name, wrong))
    return counts, unmapped


def _pixel(point: LabelPoint, raster: ClassRaster) -> tuple[int, int]:
    x, y = point.x, point.y
    if raster.georeference is not None:
        x, y = ~Affine(*raster.georeference.transform) * (x, y)
    return math.floor(y), math.floor(x)
