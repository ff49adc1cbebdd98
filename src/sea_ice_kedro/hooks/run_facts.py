"""What a run is recorded with: settings unlike those of `conf/base`, and software."""

import copy
import json
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import rasterio

import sea_ice_kedro
from sea_ice_kedro.engines.machine import machine_facts
from sea_ice_kedro.run_record import Setting

_PLACES = ("data_root", "tables_root")
"""Where data lie is no setting of what is made."""

_NOTHING = object()
_GIT_S = 5


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


def software_and_machine() -> dict[str, str]:
    """Name versions and machine, without names of host, user or folders."""
    facts = machine_facts()
    packages = {name: v for name, v in facts.pop("packages").items() if v}
    python = facts.pop("python")
    machine = {
        "processor": f"{facts['processor']}, {facts['usable_cores']} cores usable",
        "memory": f"{facts['memory_gib']} GiB" if facts["memory_gib"] else "",
        "system": f"{facts['system']}, {facts['architecture']}",
    }
    return {
        **packages,
        "GDAL": rasterio.__gdal_version__,
        "PROJ": rasterio.__proj_version__,
        "python": str(python),
        **{k: v for k, v in machine.items() if v},
    }


def commit() -> str:
    """Return the commit of the checkout that this package runs from.

    Returns:
        40 hexadecimal digits, "+" behind them where tracked files were changed; ""
        where the package does not lie in a repository of its own (it was installed), or
        where there is no git.
    """
    package = Path(sea_ice_kedro.__file__)
    if not _git(package.parent, "ls-files", package.name):
        return ""
    changed = _git(package.parent, "status", "--porcelain", "--untracked-files=no")
    return _git(package.parent, "rev-parse", "HEAD") + ("+" if changed else "")


def _git(folder: Path, *arguments: str) -> str:
    try:
        done = subprocess.run(
            ["git", *arguments],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
            timeout=_GIT_S,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
