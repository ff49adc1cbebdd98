"""`sea-ice-kedro map FOLDER`: one command from a folder of scenes to their maps.

It is an ordinary run with settings, which it prints, so that it can be repeated and
changed as `kedro run`.
"""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from sea_ice_kedro.networks import NAME as POLAR

NONE = "none"

_BY_NETWORK = ("inference", "reporting")
_BY_BRIGHTNESS = (
    *("ingestion", "filtering", "autolabel", "gridding", "time_series"),
    "reporting",
)
_NOT_IN_PARAMS = ",="
"""Kedro splits `--params` at commas and at the first equals sign."""


@dataclass(frozen=True)
class MapRun:
    """The run that maps a folder."""

    data_root: str
    """Folder that all products are written to; absolute."""

    arguments: list[str]
    """Those of `kedro run`."""

    maps: str
    """Folder of the class maps; absolute."""

    @property
    def command(self) -> str:
        """The same run as a line for the shell."""
        line = shlex.join(["kedro", "run", *self.arguments])
        return f"SEA_ICE_DATA={shlex.quote(self.data_root)} {line}"


def map_run(given: Sequence[str], program: str) -> MapRun:
    """Turn the command line into a run.

    Args:
        given: What follows `map`.
        program: Name of the command, for its help.

    Returns:
        The run; where only help was asked for, the process ends.
    """
    made = _map_run.main(list(given), f"{program} map", standalone_mode=False)
    if not isinstance(made, MapRun):  # help was printed
        raise SystemExit(0)
    return made


def _param(name: str, value: str) -> str:
    if set(value) & set(_NOT_IN_PARAMS):
        raise click.UsageError(
            f"expected a path without {' and '.join(_NOT_IN_PARAMS)}, which separate "
            f"settings, got {value!r}; rename it, or name it by a link"
        )
    return f"{name}={value}"


@click.command(options_metavar="[OPTIONS]")
@click.argument("folder", type=click.Path(exists=True, file_okay=False))
@click.option(
    "--out",
    type=click.Path(file_okay=False),
    help="Folder of all products; by default FOLDER_maps in the current folder.",
)
@click.option(
    "--network",
    default=POLAR,
    show_default=True,
    help="polar, the network that ships with the package; the path of a model file; or "
    "none: labels by brightness.",
)
@click.option(
    "--aoi",
    help="GeoJSON or GeoPackage file of polygons, or west/south/east/north in degrees: "
    "pixels outside are not mapped.",
)
@click.option(
    "--land",
    type=click.Path(exists=True, dir_okay=False),
    help="GeoJSON or GeoPackage file of polygons, or GeoTIFF that is 0 on the sea: "
    "land and ice shelf, counted as neither ice nor water.",
)
@click.option(
    "--floes",
    is_flag=True,
    help="Also measure floes and leads: tables, polygons, a figure (extra vector).",
)
@click.option(
    "--no-intermediates",
    is_flag=True,
    help="Remove intermediate scenes (as read and as filtered) at the end. A second "
    "run still makes only what is new or has changed.",
)
def _map_run(  # noqa: PLR0913 - an option each
    folder: str,
    out: str | None,
    network: str,
    aoi: str | None,
    land: str | None,
    floes: bool,
    no_intermediates: bool,
) -> MapRun:
    """Map all PNG, JPEG and GeoTIFF files in FOLDER.

    Pixels are thick ice, thin ice, open water or without a class. Tables, concentration
    by day, figures and a report come with the maps. A second run maps what is new or
    has changed.
    """
    scenes = Path(folder).resolve()
    root = Path(out or f"{scenes.name}_maps").resolve()
    settings = [
        _param("ingestion.source", "folder"),
        _param("ingestion.folder", str(scenes)),
    ]
    if aoi is not None:
        if Path(aoi).is_file():
            aoi = str(Path(aoi).resolve())
        settings.append(_param("ingestion.area_of_interest", aoi))
    if land is not None:
        settings.append(_param("ingestion.land", str(Path(land).resolve())))
    if no_intermediates:
        settings.append(_param("keep_intermediates", "false"))
    pipelines: tuple[str, ...] = _BY_NETWORK
    maps = "07_model_output/predictions"
    if network == NONE:
        pipelines, maps = _BY_BRIGHTNESS, "04_feature/class_maps"
    elif network != POLAR:
        if not Path(network).is_file():
            raise click.UsageError(
                f"expected --network polar, none or a model file, got {network!r}, "
                "which is no file"
            )
        settings.append(_param("inference.model", str(Path(network).resolve())))
    if floes:
        pipelines += ("floes",) if network == NONE else ("network_floes",)
    arguments = ["--pipelines", ",".join(pipelines), "--params", ",".join(settings)]
    return MapRun(str(root), arguments, str(root / maps))
