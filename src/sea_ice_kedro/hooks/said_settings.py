"""What somebody has set himself: by `--params`, or in the environment's own files."""

from collections.abc import Iterator, Mapping
from copy import copy
from typing import Any

from kedro.config import MissingConfigException


def of_params(loader: Any) -> dict[str, Any]:  # noqa: ANN401 - Kedro's loader
    """Return what `--params` says."""
    return dict(loader.runtime_params or {})


def of_environment(loader: Any) -> dict[str, Any]:  # noqa: ANN401
    """Return what the files of the environment say, without those of `conf/base`."""
    env = loader.env or loader.default_run_env
    if env == loader.base_env:
        return {}
    # A second loader would take the place of this one where globals are looked up.
    alone = copy(loader)
    alone.env, alone.base_env, alone.runtime_params = env, env, {}
    try:
        return dict(alone["parameters"])
    except MissingConfigException:
        return {}


def leaves(nested: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    """Return the values of nested settings by their full names: "engine.name"."""
    for key, value in nested.items():
        if isinstance(value, Mapping):
            yield from leaves(value, f"{above}{key}.")
        else:
            yield f"{above}{key}", value


def value_in(nested: Mapping[str, Any], full: str) -> Any:  # noqa: ANN401
    """Return what is said of a setting by its full name; None where nothing is."""
    for part in full.split("."):
        if not isinstance(nested, Mapping):
            return None
        nested = nested.get(part, {})
    return None if nested == {} else nested


def with_value(nested: Mapping[str, Any], full: str, value: object) -> dict[str, Any]:
    """Return a copy of nested settings in which one is set."""
    name, _, rest = full.partition(".")
    below = nested.get(name)
    inner = below if isinstance(below, Mapping) else {}
    return {**nested, name: with_value(inner, rest, value) if rest else value}
