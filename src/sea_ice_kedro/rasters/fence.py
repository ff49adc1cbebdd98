"""Files beside a foreign raster: none may lead GDAL anywhere else.

GDAL opens overviews and masks that lie beside a raster with every driver it has, not
only those that the raster itself was opened with. A VRT there names other files, or
URLs, even with a file of this machine as the headers of a request.
"""

import html
import re
from functools import lru_cache
from pathlib import Path
from typing import Any, NoReturn

from sea_ice_kedro.errors import InvalidScene

_TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
"""How TIFF and BigTIFF begin, which no other driver takes for its own."""

_PIXELS = (".ovr", ".msk")
_WORDS = (".aux.xml", ".aux", ".rrd")
_LEADS = re.compile(r"/vsi|OVERVIEW_FILE|<VRT", re.IGNORECASE)
_LARGEST = 8 << 20
"""Bytes of words beside a raster; histograms of three bands take some thousand."""


def expect_no_leads(path: Path) -> None:
    """Refuse a raster on a disk if a file beside it leads elsewhere.

    Raises:
        InvalidScene: naming that file.
    """
    stem = path.stem.lower()
    for name in _beside(str(path.parent), path.parent.stat().st_mtime_ns):
        lower = name.lower()
        if not lower.startswith(stem):
            continue
        if lower.endswith(_PIXELS):
            with (path.parent / name).open("rb") as file:
                start = file.read(4)
            if start not in _TIFF:
                _refuse(path, f"a TIFF in {name}", f"a file that begins {start!r}")
        elif (path.parent / name).stat().st_size > _LARGEST:
            _refuse(path, f"at most {_LARGEST:,} bytes in {name}", "more")
        else:
            _expect_own_words(path, name)


def expect_no_lead_inside(path: Path, file: Any) -> None:  # noqa: ANN401 - rasterio
    """Refuse an open raster that says its overviews are elsewhere.

    Raises:
        InvalidScene: if it does.
    """
    if "OVERVIEW_FILE" in file.tags(ns="OVERVIEWS"):
        _refuse(path, "overviews inside it or beside it", "a name of another file")


@lru_cache(maxsize=4)
def _beside(folder: str, _changes_with: int) -> tuple[str, ...]:
    """List what GDAL would look at in a folder, once for all its rasters."""
    there = (entry.name for entry in Path(folder).iterdir())
    return tuple(name for name in there if name.lower().endswith(_PIXELS + _WORDS))


def _expect_own_words(path: Path, name: str) -> None:
    text = (path.parent / name).read_bytes().decode("latin-1")
    found = _LEADS.search(html.unescape(text))
    if found:
        _refuse(path, f"words about {path.name} in {name}", f"{found[0]!r} in it")


def _refuse(path: Path, expected: str, got: str) -> NoReturn:
    raise InvalidScene(
        f"{path.name}: expected {expected}, got {got}, which would have other files or "
        "addresses opened. If you did not make it, distrust where it comes from; the "
        "scene needs none of it: remove it"
    )
