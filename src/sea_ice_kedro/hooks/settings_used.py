"""Settings of a run that differ from `conf/base`."""

import copy
import json
import re
from collections.abc import Mapping
from typing import Any

from sea_ice_kedro.run_record import Setting

_PLACES = ("data_root", "tables_root")
"""Where data lie is no setting of what is made."""

_NOTHING = object()


def settings_that_differ(loader: Any) -> tuple[Setting, ...]:  # noqa: ANN401 - Kedro's
    """Compare parameters and globals of this run with those of `conf/base`.

    Args:
        loader: Kedro's configuration loader of the run: its environment, `--params`.

    Returns:
        What differs, in order of the names; user names, passwords and queries of URLs
        are left out of the values.
    """
    base = copy.copy(loader)
    base.env, base.runtime_params = loader.base_env, {}
    defaults = {**_leaves(base["globals"]), **_leaves(base["parameters"])}
    used = {**_leaves(loader["globals"]), **_leaves(loader["parameters"])}
    used |= _leaves(loader.runtime_params or {})
    return tuple(
        Setting(name, _shown(defaults.get(name, "")), _shown(value))
        for name, value in sorted(used.items())
        if name not in _PLACES and value != defaults.get(name, _NOTHING)
    )


def _leaves(nested: Mapping[str, Any], above: str = "") -> dict[str, Any]:
    """Return the values of a nested record by their full names: "engine.name", ..."""
    found: dict[str, Any] = {}
    for key, value in nested.items():
        name = f"{above}{key}"
        if isinstance(value, Mapping) and value:
            found |= _leaves(value, f"{name}.")
        else:
            found[name] = value
    return found


def _shown(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    return re.sub(r"//[^/@\s]*@", "//", re.sub(r"(://[^?\s]*)\?\S*", r"\1", text))
