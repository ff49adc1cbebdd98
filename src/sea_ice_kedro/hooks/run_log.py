"""What is kept of a run: its log with tracebacks, its settings and software."""

import copy
import json
import logging
import os
import re
import subprocess
import traceback
import warnings
from collections.abc import Callable, Mapping
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any

import rasterio

import sea_ice_kedro
from sea_ice_kedro.addresses import without_keys
from sea_ice_kedro.engines.local import machine_facts
from sea_ice_kedro.errors import InvalidOption
from sea_ice_kedro.plain_text import inert
from sea_ice_kedro.run_record import Setting

logger = logging.getLogger(__name__)

_NAME = "info.log"
_LARGEST = 5_000_000
"""Bytes; then the file is set aside as `info.log.1`, and that of before is dropped."""

_PREVIEWS = "kedro_viz.models.flowchart.node_metadata"


def open_log(project_path: Path) -> None:
    """Write what is logged from now on to `info.log` in the project, or `SEA_ICE_LOG`.

    Where the file cannot be written, the run goes on without.

    Raises:
        InvalidOption: if the file is asked for in a bucket.
    """
    asked = os.environ.get("SEA_ICE_LOG", "")
    if "://" in asked:
        raise InvalidOption(
            "expected SEA_ICE_LOG to be a file on a disk of this machine, got "
            f"{without_keys(asked)}; a bucket takes whole files, and a log grows "
            "line by line"
        )
    log_without_keys()
    open_file(Path(asked) if asked else project_path / _NAME)


def open_file(path: Path) -> None:
    """Have all that is logged from now on written to a file as well."""
    close_log()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handler = _RunLogFile(path, maxBytes=_LARGEST, backupCount=1, encoding="utf-8")
    except OSError as error:
        logger.warning("no log file: %s; set SEA_ICE_LOG=/path/to/file", error)
        return
    layout = "%(asctime)s %(levelname)-8s %(name)s: %(message)s"
    handler.setFormatter(logging.Formatter(layout))
    root = logging.getLogger()
    for screen in root.handlers:
        screen.addFilter(_not_in_detail)
    root.addHandler(handler)


def close_log() -> None:
    """Stop writing to the file, if one is open."""
    root, opened = logging.getLogger(), _opened()
    if opened is None:
        return
    root.removeHandler(opened)
    for screen in root.handlers:
        screen.removeFilter(_not_in_detail)
    opened.close()


def log_path() -> Path | None:
    """Return where the file is; None where none is open."""
    opened = _opened()
    return Path(opened.baseFilename) if opened else None


def log_end(error: BaseException) -> Path | None:
    """Write what ended the run, with its trace; return where, None without a file."""
    opened = _opened()
    if opened is None:
        return None
    trace = inert(without_keys("".join(traceback.format_exception(error))))
    text = f"the run ended with\n{trace}"
    level = logging.CRITICAL
    opened.handle(logging.LogRecord(__name__, level, __file__, 0, text, None, None))
    return log_path()


class _RunLogFile(RotatingFileHandler):
    """The file of the run in this process; the root logger holds it."""


def _opened() -> _RunLogFile | None:
    handlers = logging.getLogger().handlers
    return next((h for h in handlers if isinstance(h, _RunLogFile)), None)


def _not_in_detail(record: logging.LogRecord) -> bool:
    """Keep off the screen what is logged with `extra=IN_DETAIL`: the file has it."""
    return not getattr(record, "in_detail", False)


def log_without_keys() -> None:
    """Have no keys of addresses and nothing that a terminal acts on in any log.

    urllib3, rasterio and others log whole addresses, on loggers and handlers of their
    own.
    """
    make = logging.getLogRecordFactory()
    if isinstance(make, _KeylessRecords):
        return
    logging.setLogRecordFactory(_KeylessRecords(make))


class _KeylessRecords:
    """Makes log records without keys in them."""

    def __init__(self, make: Callable[..., logging.LogRecord]) -> None:
        self._make = make

    def __call__(self, *args: Any, **kwargs: Any) -> logging.LogRecord:  # noqa: ANN401
        record = self._make(*args, **kwargs)
        if record.exc_info and record.exc_info[1] is not None:
            trace = "".join(traceback.format_exception(record.exc_info[1]))
            shown = inert(without_keys(trace))
            if shown != trace:
                record.exc_info, record.exc_text = None, shown
        try:
            said = record.getMessage()
        except (TypeError, ValueError):
            return record  # logging itself says what is wrong with it
        shown = inert(without_keys(said))
        if shown != said:
            record.msg, record.args = shown, None
        return record


class NotMadeYet(logging.Filter):
    """Leave out that a product cannot be shown before it has been made.

    Before the first run that is all of them. A product that is there and cannot be read
    is still told.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Keep the record unless a preview found no file.

        kedro-viz logs the product's name, the kind of error and its message.
        """
        args = record.args if isinstance(record.args, tuple) else ()
        return "FileNotFoundError" not in args


def quieten_viz() -> None:
    """Have kedro-viz leave out what is no news; call it once a process."""
    log = logging.getLogger(_PREVIEWS)
    if not any(isinstance(known, NotMadeYet) for known in log.filters):
        log.addFilter(NotMadeYet())
    # kedro-viz 12 answers by a class that newer FastAPI need not have; it works.
    warnings.filterwarnings("ignore", message="ORJSONResponse is deprecated")


# --- What a run is recorded with: settings unlike those of `conf/base`, and software

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
