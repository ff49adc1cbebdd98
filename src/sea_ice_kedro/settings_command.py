"""`sea-ice-kedro settings [PIPELINE]`: every parameter, its default and its meaning."""

import ast
import inspect
import json
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import MISSING, dataclass, fields, is_dataclass
from typing import Any, get_type_hints

import click
from kedro.framework.project import configure_project, pipelines
from kedro.pipeline import Pipeline

from sea_ice_kedro.errors import InvalidOption

_PARAMS = "params:"
_WIDTH = 88


@dataclass(frozen=True)
class Setting:
    """One parameter, as `--params` takes it."""

    name: str
    """With all that is above it: "modeling.training.epochs"."""

    default: Any
    meaning: str
    """From the docstring of its field; "" where its name says it all."""


def settings(given: Sequence[str], program: str) -> None:
    """Print the parameters of one pipeline, or of all.

    Args:
        given: What follows `settings`.
        program: Name of the command, for its help.

    Raises:
        ClickException: if the command line is wrong.
        InvalidOption: if there is no such pipeline.
    """
    _settings.main(list(given), f"{program} settings", standalone_mode=False)


@click.command(options_metavar="")
@click.argument("pipeline", required=False)
def _settings(pipeline: str | None) -> None:
    """List the parameters of PIPELINE, or of all, with their defaults.

    Each is given by --params NAME=VALUE, or in a file of conf/.
    """
    configure_project("sea_ice_kedro")
    registered = dict(pipelines)
    if pipeline is None:
        chosen = list(registered.values())
    elif pipeline in registered:
        chosen = [registered[pipeline]]
    else:
        raise InvalidOption(
            f"expected one of the pipelines {', '.join(sorted(registered))}, got "
            f"{pipeline}"
        )
    for setting in settings_of(chosen):
        click.echo(
            f"{setting.name} = {json.dumps(setting.default, ensure_ascii=False)}"
        )
        if setting.meaning:
            click.echo(
                textwrap.indent(textwrap.fill(setting.meaning, _WIDTH - 4), "    ")
            )


def settings_of(chosen: Iterable[Pipeline]) -> list[Setting]:
    """Return the parameters that the nodes of pipelines take, by name.

    Args:
        chosen: Their nodes declare each parameter as a dataclass.
    """
    records = {}
    for node in (node for pipeline in chosen for node in pipeline.nodes):
        hints = get_type_hints(node.func)
        arguments = inspect.signature(node.func).parameters
        for argument, name in zip(arguments, node.inputs, strict=False):
            if name.startswith(_PARAMS):
                records[name.removeprefix(_PARAMS)] = hints[argument]
    found = [s for name, record in records.items() for s in _of(record, name)]
    return sorted(found, key=lambda setting: setting.name)


def _of(record: Any, above: str) -> Iterator[Setting]:  # noqa: ANN401 - a dataclass
    hints, meanings = get_type_hints(record), _meanings(record)
    for field in fields(record):
        kind, name = hints[field.name], f"{above}.{field.name}"
        if is_dataclass(kind):
            yield from _of(kind, name)
            continue
        made = field.default_factory
        default = field.default if made is MISSING else made()
        yield Setting(name, default, meanings.get(field.name, ""))


def _meanings(record: Any) -> dict[str, str]:  # noqa: ANN401 - a dataclass
    """Read the texts below the fields of a dataclass, which Python does not keep."""
    (tree,) = ast.parse(textwrap.dedent(inspect.getsource(record))).body
    assert isinstance(tree, ast.ClassDef)
    texts = {}
    for field, text in zip(tree.body, tree.body[1:], strict=False):
        match field, text:
            case (
                ast.AnnAssign(target=ast.Name(id=name)),
                ast.Expr(value=ast.Constant(value=str(meaning))),
            ):
                texts[name] = " ".join(meaning.split())
    return texts
