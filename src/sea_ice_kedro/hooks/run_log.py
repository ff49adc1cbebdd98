"""The log of a run in a file: all that is said, and the traces that a screen lacks."""

import logging
import os
import traceback
from collections.abc import Callable
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any

from kedro.framework.hooks import hook_impl

from sea_ice_kedro.addresses import without_keys
from sea_ice_kedro.errors import InvalidOption
from sea_ice_kedro.plain_text import inert

logger = logging.getLogger(__name__)

_NAME = "info.log"
_LARGEST = 5_000_000
"""Bytes; then the file is set aside as `info.log.1`, and that of before is dropped."""


class RunLogHooks:
    """Write the log of a run to a file, `info.log` in the project or `SEA_ICE_LOG`."""

    @hook_impl
    def after_context_created(self, context: Any) -> None:  # noqa: ANN401
        """Open the file; where it cannot be written, the run goes on without.

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
        LOG.open(Path(asked) if asked else Path(context.project_path) / _NAME)


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


class RunLog:
    """The file of the run in this process."""

    def __init__(self) -> None:
        """Start without a file."""
        self._handler: RotatingFileHandler | None = None

    @property
    def path(self) -> Path | None:
        """Where it is; None when there is none."""
        return Path(self._handler.baseFilename) if self._handler else None

    def open(self, path: Path) -> None:
        """Have all that is logged from now on written to a file as well."""
        self.close()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            handler = RotatingFileHandler(
                path, maxBytes=_LARGEST, backupCount=1, encoding="utf-8"
            )
        except OSError as error:
            logger.warning("no log file: %s; set SEA_ICE_LOG=/path/to/file", error)
            return
        layout = "%(asctime)s %(levelname)-8s %(name)s: %(message)s"
        handler.setFormatter(logging.Formatter(layout))
        root = logging.getLogger()
        for screen in root.handlers:
            screen.addFilter(_not_in_detail)
        root.addHandler(handler)
        self._handler = handler

    def close(self) -> None:
        """Write no more."""
        if self._handler is None:
            return
        root = logging.getLogger()
        root.removeHandler(self._handler)
        for screen in root.handlers:
            screen.removeFilter(_not_in_detail)
        self._handler.close()
        self._handler = None

    def write(self, error: BaseException) -> Path | None:
        """Write what ended the run, with its trace; tell where, None without a file."""
        if self._handler is None:
            return None
        trace = inert(without_keys("".join(traceback.format_exception(error))))
        text = f"the run ended with\n{trace}"
        level = logging.CRITICAL
        self._handler.handle(
            logging.LogRecord(__name__, level, __file__, 0, text, None, None)
        )
        return self.path


LOG = RunLog()
"""Of the run in this process."""


def _not_in_detail(record: logging.LogRecord) -> bool:
    """Keep off the screen what is logged with `extra=IN_DETAIL`: the file has it."""
    return not getattr(record, "in_detail", False)
