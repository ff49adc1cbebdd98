"""Pixels that GDAL makes up: of damaged JPEG in a GeoTIFF its decoder only warns."""

import logging
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from sea_ice_kedro.errors import InvalidScene

_GDAL = logging.getLogger("rasterio._err")
"""Where rasterio tells GDAL's warnings."""

# libjpeg's words, by way of libtiff; the setting that makes errors of them
# (`GDAL_ERROR_ON_LIBJPEG_WARNING`) counts for files that are JPEG as a whole.
_LOST = re.compile(r"Corrupt JPEG data: .+|Premature end of JPEG file")


class _Listener(logging.Handler):
    """Keeps what is said of lost pixels in the thread that made it."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.said: list[str] = []
        self._thread = threading.get_ident()

    def emit(self, record: logging.LogRecord) -> None:
        found = _LOST.search(record.getMessage())
        if found and record.thread == self._thread:
            self.said.append(found[0])


@contextmanager
def none_lost(name: str) -> Iterator[None]:
    """Refuse a raster of which pixels were lost while this context read them.

    Args:
        name: Of the file, for the message.

    Raises:
        InvalidScene: with the decoder's words.
    """
    listener = _Listener()
    _GDAL.addHandler(listener)
    try:
        yield
    finally:
        _GDAL.removeHandler(listener)
    if listener.said:
        raise InvalidScene(
            f"{name}: expected whole pixels, got a warning of their decoder: "
            f"{listener.said[0]}. The file is damaged: fetch or export it again"
        )
