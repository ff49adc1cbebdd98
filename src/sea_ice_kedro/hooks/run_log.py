"""The log of a run in a file, with tracebacks; what no log says, on file or screen."""

import logging
import os
import traceback
import warnings
from collections.abc import Callable
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any

from sea_ice_kedro.addresses import without_keys
from sea_ice_kedro.errors import InvalidOption
from sea_ice_kedro.plain_text import inert

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
    """Write no more to the file, if one is open."""
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
