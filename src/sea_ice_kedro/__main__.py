"""`sea-ice-kedro` and `python -m sea_ice_kedro`: the project as an installed package.

Kedro is imported for runs only: help and version are there at once.
"""

# Nothing else before Ctrl-C is expected: the rest takes a third of a second to load.
# ruff: noqa: PLC0415
import os
import sys
from collections.abc import Callable, Sequence

from sea_ice_kedro import __version__
from sea_ice_kedro.interrupts import expect_from_the_start

PROGRAM = "sea-ice-kedro"


def main(arguments: Sequence[str] | None = None) -> object:
    """Run as `kedro run` would; ends the process, with its exit code.

    Args:
        arguments: Those of `kedro run`, or `map FOLDER`, or `score MAPS LABELS`,
            or `verify [FOLDER]`, or `prune [FOLDER] [--yes]`, or `settings
            [PIPELINE]`, or one of `--help`, `--version`, `--copy-conf FOLDER`; None:
            those of the command line.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    if given[:1] == ["run"]:  # as the documentation writes it: kedro run ...
        given = given[1:]
    if not {"score", "verify", "--copy-conf", "-h", "--help", "--version"} & set(given):
        expect_from_the_start(["run"])
    import click

    from sea_ice_kedro.help_page import help_page

    if given[:1] == ["map"]:
        return _map(given[1:])
    if given[:1] == ["score"]:
        _score(given[1:])
    elif given[:1] == ["verify"]:
        _verify(given[1:])
    elif given[:1] == ["prune"]:
        _prune(given[1:])
    elif given[:1] == ["settings"]:
        _settings(given[1:])
    elif {"-h", "--help"} & set(given):
        click.echo(help_page())
    elif "--version" in given:
        click.echo(f"{PROGRAM} {__version__}")
    elif given[:1] == ["--copy-conf"]:
        _copy(given[1:])
    else:
        return _run(given)
    return None


def _copy(given: list[str]) -> None:
    """Copy the configuration, or end with what is wrong with that."""
    import click

    from sea_ice_kedro.packaged_conf import copy_conf

    if len(given) != 1:
        click.echo(f"Error: expected {PROGRAM} --copy-conf FOLDER", err=True)
        sys.exit(2)
    try:
        click.echo(f"copied to {copy_conf(given[0])}: use it by --conf-source")
    except OSError as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(1)


def _map(given: list[str]) -> object:
    """Map a folder, or end with what is wrong with the command line."""
    import click

    from sea_ice_kedro.map_command import map_run

    try:
        run = map_run(given, PROGRAM)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    click.echo(f"maps: {run.maps}\nequivalent run: {run.command}")
    os.environ["SEA_ICE_DATA"] = run.data_root
    return _run(run.arguments)


def _score(given: list[str]) -> None:
    """Score maps against labels, or end with what is wrong."""
    from sea_ice_kedro.score_command import score

    _ended_by_errors(score, given)


def _verify(given: list[str]) -> None:
    """Compare products with their manifests; exit code 1 if one does not match."""
    from sea_ice_kedro.verify_command import verify

    if _ended_by_errors(verify, given) is False:
        sys.exit(1)


def _settings(given: list[str]) -> None:
    """List parameters with their defaults, or end with what is wrong."""
    _load_kedro([])
    from sea_ice_kedro.settings_command import settings

    _ended_by_errors(settings, given)


def _load_kedro(given: list[str]) -> None:
    """Import Kedro, which configures logging then, or end with what is wrong."""
    from sea_ice_kedro.packaged_conf import logging_of

    # A package has no .telemetry file to say no with.
    os.environ.setdefault("DO_NOT_TRACK", "1")
    os.environ.setdefault("KEDRO_LOGGING_CONFIG", logging_of(given))
    _ended_by_errors(_configure_logging, [os.environ["KEDRO_LOGGING_CONFIG"]])


def _configure_logging(given: list[str], program: str) -> None:
    """Have Kedro configure logging by a file.

    Raises:
        InvalidOption: naming the file, and the line, that cannot be read.
    """
    del program
    import logging.config
    import traceback
    from pathlib import Path

    from sea_ice_kedro.errors import InvalidOption
    from sea_ice_kedro.yaml_files import expect_settings

    if Path(given[0]).is_file():
        expect_settings(Path(given[0]))
    try:
        import kedro.framework.project  # noqa: F401
    except (OSError, ValueError, TypeError, AttributeError, KeyError) as error:
        frames = traceback.extract_tb(error.__traceback__)
        of_file = isinstance(error, OSError) and error.filename == given[0]
        if not of_file and logging.config.__file__ not in {f.filename for f in frames}:
            raise
        said = " ".join(f"{error.__cause__ or error}".split())
        raise InvalidOption(
            f"{given[0]}: expected settings of Python's logging (version, handlers, "
            f"loggers, root), got {said}; mend it there, or name another file in "
            "KEDRO_LOGGING_CONFIG"
        ) from error


def _prune(given: list[str]) -> None:
    """List or remove products whose scenes are gone, or end with what is wrong."""
    _load_kedro([])
    from sea_ice_kedro.prune_command import prune

    _ended_by_errors(prune, given)


def _ended_by_errors(
    command: Callable[[list[str], str], object], given: list[str]
) -> object:
    """Run a command, or end with what is wrong."""
    import click

    from sea_ice_kedro.errors import SeaIceError
    from sea_ice_kedro.plain_text import inert

    try:
        return command(given, PROGRAM)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except SeaIceError as error:
        click.echo(f"Error: {inert(str(error))}", err=True)
        sys.exit(1)


def _run(given: list[str]) -> object:
    from sea_ice_kedro.packaged_conf import with_conf

    given = with_conf(given)
    _load_kedro(given)
    from kedro.framework.cli.utils import find_run_command
    from kedro.framework.project import configure_project

    configure_project("sea_ice_kedro")
    run = find_run_command("sea_ice_kedro")
    return run(given, prog_name=PROGRAM, standalone_mode=not hasattr(sys, "ps1"))


if __name__ == "__main__":
    main()
