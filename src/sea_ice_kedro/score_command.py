"""`sea-ice-kedro score MAPS LABELS`: how right any class maps are, without a run."""

import math
import sys
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np
import numpy.typing as npt
from rasterio.transform import Affine

from sea_ice_kedro.datasets.scene_table import SceneTableDataset
from sea_ice_kedro.errors import InvalidLabel, SeaIceError
from sea_ice_kedro.imagery.classes import NODATA, SeaIceClass, classed
from sea_ice_kedro.imagery.scores import (
    CLASS_COUNT,
    area_adjusted,
    class_counts,
    confusion_matrix,
)
from sea_ice_kedro.plain_text import inert
from sea_ice_kedro.reporting.map_scores import (
    MapScore,
    tabulate_points,
    tabulate_scores,
    write_out,
    write_points,
)
from sea_ice_kedro.sources.class_files import (
    ClassRaster,
    expect_one_grid,
    list_class_rasters,
    read_class_raster,
)
from sea_ice_kedro.sources.folder_listing import (
    csv_lines,
    expect_all_fields,
    wrong_lines,
)
from sea_ice_kedro.sources.listing import in_words

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


# --- The command

SEED = 2019


def score(given: Sequence[str], program: str) -> None:
    """Score as the command line says, and print it.

    Args:
        given: What follows `score`.
        program: Name of the command, for its help.

    Raises:
        ClickException: if the command line is wrong.
        SeaIceError: if nothing can be scored, or some scenes cannot, which is said
            after the scores of the others.
    """
    _score.main(list(given), f"{program} score", standalone_mode=False)


@click.command(options_metavar="[OPTIONS]")
@click.argument("maps", type=click.Path(exists=True, file_okay=False))
@click.argument("labels", type=click.Path(exists=True))
@click.option("--out", type=click.Path(dir_okay=False), help="CSV file of all scores.")
@click.option(
    "--seed", default=SEED, show_default=True, help="Of the intervals over scenes."
)
def _score(maps: str, labels: str, out: str | None, seed: int) -> None:
    """Score the class maps in MAPS against the labels of the same names in LABELS.

    Both are GeoTIFF or PNG files of class codes (0 thick ice, 1 thin ice, 2 open water,
    254 land, 255 none) or in the colours red, blue, green and black. s2_seg_00 is also
    the label of s2_vis_00. A pixel without a class in either is ignored.

    LABELS may also be a CSV file of points: scene,x,y,class,half_size. Accuracy and
    areas are then weighted by the area of each class in the maps.
    """
    if Path(labels).is_file():
        _by_points(maps, labels, out)
    else:
        _by_maps(maps, labels, out, seed)


def _by_maps(maps: str, labels: str, out: str | None, seed: int) -> None:
    found, expected = list_class_rasters(maps), list_class_rasters(labels)
    common = sorted(found.keys() & expected.keys())
    for folder, alone in (
        (maps, found.keys() - expected.keys()),
        (labels, expected.keys() - found.keys()),
    ):
        if alone and common:
            said = f"{len(alone)} only in {folder}: {in_words(sorted(alone))}"
            click.echo(inert(f"{said}\n"), err=True)
    if not common:
        raise InvalidLabel(
            f"expected maps in {maps} and labels in {labels} of the same names, got "
            f"{_some(found)} and {_some(expected)}; name each label as its map"
        )
    by_scene: dict[str, MapScore] = {}
    failures: list[str] = []
    for scene_id in common:
        try:
            by_scene[scene_id] = _score_of(
                scene_id, found[scene_id], expected[scene_id]
            )
        except SeaIceError as error:
            failures.append(str(error))
    if by_scene:
        table = tabulate_scores(by_scene, seed)
        if out is not None:
            SceneTableDataset(filepath=out).save(table)
        click.echo(write_out(table))
        sys.stdout.flush()  # before what is said of failures
    if failures:
        raise InvalidLabel(
            f"{len(failures)} of {len(common)} not scored:\n" + "\n".join(failures)
        )


def _by_points(maps: str, labels: str, out: str | None) -> None:
    found, name = list_class_rasters(maps), Path(labels).name
    points: dict[str, list[LabelPoint]] = defaultdict(list)
    for point in read_label_points(labels):
        points[point.scene_id].append(point)
    gone = sorted(points.keys() - found.keys())
    if gone or not points:
        raise InvalidLabel(
            f"{name}: expected points on the maps in {maps}, got "
            f"{f'no map named {in_words(gone)}' if gone else 'no point'}; scene is the "
            "name of the map without its ending"
        )
    counts = np.zeros((CLASS_COUNT, CLASS_COUNT), np.int64)
    mapped, unmapped = np.zeros(CLASS_COUNT, np.int64), 0
    for scene_id in sorted(points):
        raster = read_class_raster(_only("map", scene_id, found[scene_id]))
        here, nowhere = count_points(name, points[scene_id], raster)
        counts, unmapped = counts + here, unmapped + nowhere
        mapped += list(class_counts(raster.codes).values())
    try:
        adjusted = area_adjusted(counts, mapped)
    except ValueError as error:
        raise InvalidLabel(f"{name}: {error} (thick ice, thin ice, water)") from None
    table = tabulate_points(counts, mapped, adjusted)
    if out is not None:
        SceneTableDataset(filepath=out).save(table)
    click.echo(write_points(table, len(points), unmapped))


def _only(what: str, scene_id: str, files: list[str]) -> str:
    if len(files) > 1:
        raise InvalidLabel(
            f"{scene_id}: expected one {what}, got {', '.join(files)}; remove or "
            "rename all but one"
        )
    return files[0]


def _score_of(scene_id: str, maps: list[str], labels: list[str]) -> MapScore:
    mapped = read_class_raster(_only("map", scene_id, maps))
    label = read_class_raster(_only("label", scene_id, labels))
    expect_one_grid(scene_id, mapped, label)
    matrix = confusion_matrix(label.codes, mapped.codes)
    unmapped = classed(label.codes) & ~classed(mapped.codes)
    if not matrix.any():
        raise InvalidLabel(
            f"{scene_id}: expected pixels with a class in map and label, got none"
        )
    return MapScore(matrix, int(unmapped.sum()))


def _some(found: Mapping[str, object]) -> str:
    return in_words(sorted(found)) if found else "none"
