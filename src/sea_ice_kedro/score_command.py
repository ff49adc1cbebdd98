"""`sea-ice-kedro score MAPS LABELS`: how right any class maps are, without a run."""

import sys
from collections.abc import Mapping, Sequence

import click

from sea_ice_kedro.datasets.scene_table import SceneTableDataset
from sea_ice_kedro.errors import InvalidLabel, SeaIceError
from sea_ice_kedro.imagery.classes import NODATA
from sea_ice_kedro.imagery.scores import confusion_matrix
from sea_ice_kedro.plain_text import inert
from sea_ice_kedro.reporting.map_scores import MapScore, tabulate_scores, write_out
from sea_ice_kedro.sources.class_rasters import (
    expect_one_grid,
    list_class_rasters,
    read_class_raster,
)
from sea_ice_kedro.sources.listing import names

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
@click.argument("labels", type=click.Path(exists=True, file_okay=False))
@click.option("--out", type=click.Path(dir_okay=False), help="CSV file of all scores.")
@click.option(
    "--seed", default=SEED, show_default=True, help="Of the intervals over scenes."
)
def _score(maps: str, labels: str, out: str | None, seed: int) -> None:
    """Score the class maps in MAPS against the labels of the same names in LABELS.

    Both are GeoTIFF or PNG files of class codes (0 thick ice, 1 thin ice, 2 open water,
    255 none) or in the colours red, blue, green and black. s2_seg_00 is the label of
    s2_vis_00, too. A pixel without a class in either takes no part.
    """
    found, expected = list_class_rasters(maps), list_class_rasters(labels)
    common = sorted(found.keys() & expected.keys())
    for folder, alone in (
        (maps, found.keys() - expected.keys()),
        (labels, expected.keys() - found.keys()),
    ):
        if alone and common:
            said = f"{len(alone)} only in {folder}: {names(sorted(alone))}"
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


def _score_of(scene_id: str, maps: list[str], labels: list[str]) -> MapScore:
    for what, files in (("map", maps), ("label", labels)):
        if len(files) > 1:
            raise InvalidLabel(
                f"{scene_id}: expected one {what}, got {', '.join(files)}; remove or "
                "rename all but one"
            )
    mapped, label = read_class_raster(maps[0]), read_class_raster(labels[0])
    expect_one_grid(scene_id, mapped, label)
    matrix = confusion_matrix(label.codes, mapped.codes)
    unmapped = (label.codes != NODATA) & (mapped.codes == NODATA)
    if not matrix.any():
        raise InvalidLabel(
            f"{scene_id}: expected pixels with a class in map and label, got none"
        )
    return MapScore(matrix, int(unmapped.sum()))


def _some(found: Mapping[str, object]) -> str:
    return names(sorted(found)) if found else "none"
