"""`sea-ice-kedro score MAPS LABELS`: how right any class maps are, without a run."""

import sys
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

import click
import numpy as np

from sea_ice_kedro.datasets.scene_table import SceneTableDataset
from sea_ice_kedro.errors import InvalidLabel, SeaIceError
from sea_ice_kedro.imagery.classes import classed
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
    expect_one_grid,
    list_class_rasters,
    read_class_raster,
)
from sea_ice_kedro.sources.label_points import (
    LabelPoint,
    count_points,
    read_label_points,
)
from sea_ice_kedro.sources.listing import in_words

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
    255 none) or in the colours red, blue, green and black. s2_seg_00 is the label of
    s2_vis_00, too. A pixel without a class in either takes no part.

    LABELS may be a CSV file of points, too: scene,x,y,class,half_size. Accuracy and
    areas are then weighted by what the maps show of each class.
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
