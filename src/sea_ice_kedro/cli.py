"""Kedro's commands in this project: what goes wrong before a run says its way out."""

import os
import sys
from collections.abc import Callable
from copy import copy
from functools import partial
from pathlib import Path
from typing import Any

import click
from kedro.framework.cli.project import run as kedro_run
from kedro.utils import load_obj
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from sea_ice_kedro.addresses import without_keys
from sea_ice_kedro.errors import INSTALL, InvalidOption, is_installed
from sea_ice_kedro.plain_text import inert
from sea_ice_kedro.yaml_files import expect_settings

_Callback = Callable[[click.Context, click.Parameter, Any], Any]

_RUNNERS = ("SequentialRunner", "ThreadRunner")


@click.group(name="sea_ice_kedro")
def cli() -> None:
    """Commands of this project."""


def _run(**options: Any) -> Any:  # noqa: ANN401 - what Kedro's own command takes
    """Run a pipeline as Kedro does, by a runner that exists; end with errors in words.

    Raises:
        RunFailed: in the place of an error that is explained: by its own message, or
            by the log, which has its traceback.
        Exception: any other, and all with SEA_ICE_TRACE=1 or in a notebook.
    """
    expect_runner(options.get("runner"))
    expect_plain_places()
    try:
        return kedro_run.callback(**options)  # type: ignore[misc]
    except click.ClickException:
        raise
    except Exception as error:
        if os.environ.get("SEA_ICE_TRACE") or hasattr(sys, "ps1"):
            raise
        explained = _explained(error)
        if explained is None:
            raise
        raise explained from error


class RunFailed(click.ClickException):
    """A run was ended by an error: its message, and where its traceback is."""

    def __init__(self, message: str, hint: str) -> None:
        """Take both, without keys and control characters."""
        super().__init__(message)
        self.hint = hint

    def show(self, file: Any = None) -> None:  # noqa: ANN401 - click's
        """Write both to standard error."""
        from rich.console import Console  # noqa: PLC0415 - a run has it loaded
        from rich.markup import escape  # noqa: PLC0415

        console = Console(
            file=file, stderr=True, soft_wrap=True, highlight=False, emoji=False
        )
        console.print(f"[bold red]Error:[/] {escape(self.message)}")
        console.print(f"[dim]({escape(self.hint)})[/]")


def _explained(error: Exception) -> RunFailed | None:
    """Say what ended a run; None where neither its message nor a log explains it."""
    from sea_ice_kedro.hooks.run_end import (  # noqa: PLC0415
        meant_for_people,
        message_of,
    )
    from sea_ice_kedro.hooks.run_log import log_end  # noqa: PLC0415

    log = log_end(error)
    if meant_for_people(error) is None and log is None:
        return None
    where = f"full log: {log}; " if log else ""
    hint = f"{where}SEA_ICE_TRACE=1 prints the traceback"
    return RunFailed(inert(without_keys(message_of(error))), hint)


def expect_runner(name: str | None) -> None:
    """Refuse an unknown runner.

    Args:
        name: Of Kedro's, or the dotted path of another one; None: Kedro's default.

    Raises:
        ClickException: naming those of Kedro that work here.
    """
    if name is None:
        return
    try:
        load_obj(name, "kedro.runner")
    except (AttributeError, ImportError, ValueError) as error:
        raise click.ClickException(
            f"expected --runner to be one of {', '.join(_RUNNERS)}, or the path of "
            f"another (package.module.Runner), got {name!r} ({error})"
        ) from None


def expect_plain_places() -> None:
    """Refuse places in which configuration or fsspec would read something else.

    Raises:
        ClickException: naming the variable.
    """
    for name in ("SEA_ICE_DATA", "SEA_ICE_TABLES"):
        place = os.environ.get(name, "")
        if found := [signs for signs in ("::", "{", "}") if signs in place]:
            raise click.ClickException(
                f"expected {name} to be a path or URL without {' '.join(found)}, which "
                f"would be read as more than a name, got {without_keys(place)!r}; "
                "rename the folder, or name another"
            )


_UNREADABLE = (
    YAMLError,
    OmegaConfBaseException,
    AttributeError,
    IndexError,
    KeyError,
    TypeError,
    ValueError,
)


def _readable(parameter: click.Parameter) -> click.Parameter:
    """Return an option of Kedro's with errors in words, or another as it is."""
    ours = copy(parameter)
    if isinstance(ours, click.Option) and ours.name == "only_missing_outputs":
        ours.help = "Refused: every run makes only what is missing."
    if parameter.callback is not None:
        if parameter.name == "params":
            ours.callback = partial(_params, parameter.callback)
        if parameter.name == "config":
            ours.callback = partial(_config, parameter.callback)
    return ours


def _params(
    read: _Callback,
    context: click.Context,
    option: click.Parameter,
    value: Any,  # noqa: ANN401
) -> Any:  # noqa: ANN401
    """Read --params: a tag, a brace, a control character is an error of YAML's."""
    try:
        return read(context, option, value)
    except _UNREADABLE as error:
        said = " ".join(str(error).split())[:300]
        raise click.ClickException(
            "expected --params to be name=value,name=value with plain values "
            "(numbers, words, true, false, null), got "
            f"{without_keys(str(value))[:200]!r} ({without_keys(said)}); put "
            "quotes around a word that YAML reads otherwise"
        ) from None


def _config(
    read: _Callback,
    context: click.Context,
    option: click.Parameter,
    value: Any,  # noqa: ANN401
) -> Any:  # noqa: ANN401
    """Read --config: a file with the options of `run` below that name."""
    name = context.info_name
    try:
        if value:
            expect_settings(Path(value))
        context.info_name = "run"  # whatever the program is called
        return read(context, option, value)
    except InvalidOption as error:
        raise click.ClickException(inert(str(error))) from None
    except _UNREADABLE:
        raise click.ClickException(
            f"{inert(str(value))}: expected the options of `kedro run` below `run:` "
            "(run: {pipelines: ingestion, params: {engine: {name: processes}}}), got "
            "no such mapping; mend the file"
        ) from None
    finally:
        context.info_name = name


run = click.Command(
    name="run",
    params=[_readable(parameter) for parameter in kedro_run.params],
    help=kedro_run.help,
    callback=_run,
)
cli.add_command(run)


@click.command(
    name="viz", context_settings={"ignore_unknown_options": True}, add_help_option=False
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def _viz(arguments: tuple[str, ...]) -> None:
    """Show the pipelines in a browser (needs the extra `viz`)."""
    del arguments
    raise click.ClickException(
        f"expected the package kedro-viz for this command, got none; {INSTALL['viz']}"
    )


if not is_installed("kedro_viz"):
    cli.add_command(_viz)
