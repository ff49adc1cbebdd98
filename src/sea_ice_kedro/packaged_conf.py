"""Which configuration a run of the installed package takes.

The package carries `conf/` (setup.py): settings and the code that reads them are of one
version, and a run needs nothing but the package. What is here comes first: that of
`--conf-source`, then a project's own `conf/`.
"""

import shutil
from collections.abc import Sequence
from pathlib import Path

from sea_ice_kedro.errors import MissingInput

_OPTION = "--conf-source"
_OURS = Path("base", "globals.yml")
"""In the configuration of this project, and not in that of every other."""


def packaged_conf() -> Path:
    """Return the folder of the configuration that came with the code.

    Raises:
        MissingInput: if there is none, which is neither a package nor a checkout.
    """
    package = Path(__file__).parent
    for folder in (package / "conf", package.parents[1] / "conf"):
        if (folder / _OURS).exists():
            return folder
    raise MissingInput(
        f"expected the configuration beside the code in {package}, got none; name one: "
        f"{_OPTION}=/path/to/conf"
    )


def conf_source(arguments: Sequence[str]) -> str | None:
    """Return the value of `--conf-source`; None when it is not among the arguments."""
    found = None
    for place, argument in enumerate(arguments):
        if argument == _OPTION:
            found = next(iter(arguments[place + 1 :]), None)
        elif argument.startswith(f"{_OPTION}="):
            found = argument.partition("=")[2]
    return found


def with_conf(arguments: Sequence[str]) -> list[str]:
    """Add the package's configuration to arguments that leave it open.

    Raises:
        MissingInput: if there is none.
    """
    if conf_source(arguments) is not None or (_project_conf() / _OURS).exists():
        return list(arguments)
    return [*arguments, f"{_OPTION}={packaged_conf()}"]


def conf_folder() -> str:
    """Return the configuration of a command without `--conf-source`.

    Raises:
        MissingInput: if there is none.
    """
    return conf_source(with_conf([])) or str(_project_conf())


def logging_of(arguments: Sequence[str]) -> str:
    """Return the path of the logging configuration: beside the others, or ours.

    Kedro reads it before it opens an archive, so that an archive's is not used.
    """
    asked = conf_source(arguments)
    beside = (Path(asked) if asked else _project_conf()) / "logging.yml"
    return str(beside if beside.exists() else packaged_conf() / "logging.yml")


def copy_conf(folder: str) -> Path:
    """Copy the configuration to where it can be changed.

    Args:
        folder: That is not there yet.

    Raises:
        FileExistsError: if it is there.
        MissingInput: if there is nothing to copy.
    """
    into = Path(folder).absolute()
    if into.exists():
        raise FileExistsError(f"expected a folder that is not there yet, got {into}")
    shutil.copytree(packaged_conf(), into, ignore=shutil.ignore_patterns("local"))
    (into / "local").mkdir()
    return into


def _project_conf() -> Path:
    """Return where Kedro would look."""
    from kedro.utils import find_kedro_project  # noqa: PLC0415 - help needs no Kedro

    return Path(find_kedro_project(Path.cwd()) or Path.cwd()) / "conf"
