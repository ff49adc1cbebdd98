"""With which software a run was made: versions, and the commit of this package."""

import subprocess
from pathlib import Path

import rasterio

import sea_ice_kedro
from sea_ice_kedro.engines.machine import machine_facts

_GIT_S = 5


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
