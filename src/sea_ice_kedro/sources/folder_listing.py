"""The files of a folder, on a disk or in a bucket, and the table that tells of them."""

import csv
import io
import logging
import os
import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from difflib import get_close_matches
from pathlib import Path, PurePath
from typing import Any

from sea_ice_kedro.addresses import without_keys
from sea_ice_kedro.errors import (
    CannotRead,
    InvalidOption,
    InvalidScene,
    expect_choice,
)
from sea_ice_kedro.imagery.cloud_filter import FILTERS
from sea_ice_kedro.rasters.files import reading
from sea_ice_kedro.rasters.remote import is_on_disk, locate, reading_from
from sea_ice_kedro.sources.listing import in_words
from sea_ice_kedro.sources.options import IngestionOptions
from sea_ice_kedro.sources.scene_files import time_given

_SHOWN = 5


def csv_lines(name: str, filepath: str) -> Iterator[tuple[int, list[str]]]:
    """Give number and fields of each line that is not empty, the first being a header.

    Args:
        name: Of the file, for messages.
        filepath: Path or URL; UTF-8, with or without a byte order mark.

    Raises:
        InvalidOption: if it is no text in UTF-8, or quotes are not closed.
    """
    with reading(filepath) as path:
        content = path.read_bytes()
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidOption(
            f"{name}: expected text in UTF-8, got the byte "
            f"{content[error.start]:#04x} at {error.start:,}; save it as CSV UTF-8"
        ) from None
    first = text.partition("\n")[0]
    mark = ";" if first.count(";") > first.count(",") else ","
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=mark, strict=True)
    number = 1
    try:
        for fields in reader:
            if any(map(str.strip, fields)):
                yield number, [field.strip() for field in fields]
            number = reader.line_num + 1
    except csv.Error as error:
        raise InvalidOption(
            f"{name}, line {number}: expected a row of CSV, got one that cannot be "
            f"read ({error}); close its quotes"
        ) from None


def wrong_lines(name: str, wrong: Sequence[str]) -> str:
    """Say what is wrong in a table: the first of its lines, and how many there are."""
    more = f"; ... ({len(wrong)} lines in all)" if len(wrong) > _SHOWN else ""
    return f"{name}, {'; '.join(wrong[:_SHOWN])}{more}. Mend or remove these lines"


def expect_all_fields(header: Sequence[str], fields: Sequence[str]) -> None:
    """Refuse a row with more or fewer fields than there are columns.

    Raises:
        ValueError: naming both numbers.
    """
    if len(fields) != len(header):
        raise ValueError(
            f"expected {len(header)} fields, one a column, got {len(fields)}; put "
            "quotes around a text with a comma in it"
        )


# --- The files of a folder, on a disk or in a bucket

logger = logging.getLogger(__name__)

SUFFIXES = {".png", ".jpg", ".jpeg", ".tif", ".tiff"}
"""Endings of scenes."""


def labelled_scene(stem: str, options: IngestionOptions) -> str | None:
    """Return the scene that a file is a label of, by their names; None: of none.

    `ice_07_label` labels `ice_07`, `s2_seg_00` labels `s2_vis_00`.
    """
    if stem.endswith(options.label_suffix):
        return stem.removesuffix(options.label_suffix)
    if options.label_marker in stem:
        return stem.replace(options.label_marker, options.scene_marker)
    return None


def list_folder(folder: str) -> list[str]:
    """List the paths (URLs) of all files directly in a folder, in order.

    Args:
        folder: A path, or a URL that fsspec knows (`gs://bucket/scenes`).

    Raises:
        InvalidScene: if there is no such folder, or it is a file.
        CannotRead: if it is in a bucket and cannot be listed.
    """
    filesystem, path = _located(folder)
    if not is_on_disk(filesystem):
        return _list_remote(folder, filesystem, path.rstrip("/"))
    place = Path(path)
    if not place.is_dir():
        raise _no_folder(folder, is_file=place.exists())
    inside = sorted(place.iterdir())
    # A pipe would have its reader wait for ever.
    others = [f.name for f in inside if f.exists() and not (f.is_file() or f.is_dir())]
    if others:
        logger.warning("%s: no files, and not read: %s", folder, in_words(others))
    return [str(f) for f in inside if f.is_file() or not f.exists()]


def _located(folder: str) -> tuple[Any, str]:
    """Find a folder's file system.

    Raises:
        CannotRead: if there is none for such an address, or it does not answer.
    """
    try:
        return locate(folder)
    except Exception as error:
        said = " ".join(f"{type(error).__name__}: {error}".split())
        raise CannotRead(
            "expected ingestion.folder to be a path, or the address of a bucket that "
            f"fsspec opens, got {without_keys(folder)} ({without_keys(said)}); copy "
            "the scenes to a disk or a bucket (gs://, s3://)"
        ) from error


def folders_with(folder: str, suffixes: Collection[str]) -> list[str]:
    """Name the folders directly in a folder that hold files of some endings.

    Args:
        folder: A path; of one in a bucket nothing is said.
        suffixes: Lower case, ".tif".
    """
    filesystem, path = locate(folder)
    if not is_on_disk(filesystem):
        return []
    return [
        place.name
        for place in sorted(Path(path).iterdir())
        if place.is_dir()
        and os.access(place, os.R_OK | os.X_OK)
        and any(file.suffix.lower() in suffixes for file in place.iterdir())
    ]


def _list_remote(folder: str, filesystem: Any, path: str) -> list[str]:  # noqa: ANN401
    try:
        with reading_from(folder):
            entries = filesystem.ls(path, detail=True)
    except FileNotFoundError:
        raise _no_folder(folder, is_file=False) from None
    files = [entry["name"].rstrip("/") for entry in entries if entry["type"] == "file"]
    if files == [path]:
        raise _no_folder(folder, is_file=True)
    # Some stores keep an empty object for the folder itself.
    names = {PurePath(file).name for file in files if file != path}
    return [f"{folder.rstrip('/')}/{name}" for name in sorted(names)]


def _no_folder(folder: str, *, is_file: bool) -> InvalidScene:
    return InvalidScene(
        f"expected ingestion.folder to be a folder of scenes, got {folder}, which "
        f"{'is a file' if is_file else 'does not exist'}"
    )


# --- `scenes.csv` in a folder of scenes: days, limits, what to leave out

SCENE_LIST = "scenes.csv"

_KNOWN = (
    *("id", "acquired", "region", "thin_ice_min", "thick_ice_min"),
    *("filter_method", "use"),
)
_COLUMN = re.compile(r"\w[\w .()%/°-]*")
_USE = {"yes": True, "": True, "no": False}


@dataclass(frozen=True)
class Given:
    """What a row says of a scene itself; None, "": what its file and settings say."""

    acquired: datetime | None = None
    limits: tuple[int, int] | None = None
    """First brightness of thin and of thick ice."""

    filter_method: str = ""

    def fingerprint(self) -> str:
        """Say what is given; "" where nothing is."""
        when = "" if self.acquired is None else self.acquired.isoformat()
        limits = "" if self.limits is None else "{} {}".format(*self.limits)
        return f"{when} {limits} {self.filter_method}".strip()


@dataclass(frozen=True)
class ListedScene:
    """One row."""

    line: int
    given: Given = field(default_factory=Given)
    use: bool = True
    columns: Mapping[str, str] = field(default_factory=dict)
    """`region` and columns of other names, for the scene index."""


def read_scene_list(
    filepath: str, scene_ids: Collection[str]
) -> dict[str, ListedScene]:
    """Read `scenes.csv`: scene id -> its row.

    Args:
        filepath: Path or URL; comma or semicolon between columns, UTF-8.
        scene_ids: Those of the folder.

    Raises:
        InvalidOption: if anything in it cannot be right, with all lines that are wrong.
    """
    lines = csv_lines(SCENE_LIST, filepath)
    header = _header(next(lines, (1, []))[1])
    rows: dict[str, ListedScene] = {}
    wrong: list[str] = []
    for number, fields in lines:
        try:
            scene_id, row = _row(number, header, fields)
            _expect_new(scene_id, rows, scene_ids)
        except ValueError as error:
            wrong.append(f"line {number}: {error}")
        else:
            rows[scene_id] = row
    if wrong:
        raise InvalidOption(wrong_lines(SCENE_LIST, wrong))
    others = [name for name in header if name not in _KNOWN]
    if others:
        logger.info(
            "%s: in the scene index, and of no other use: %s",
            SCENE_LIST,
            ", ".join(others),
        )
    return rows


def _header(names: list[str]) -> list[str]:
    known = [name.lower() if name.lower() in _KNOWN else name for name in names]
    alike = Counter(name.casefold() for name in known)  # Spark knows no case
    twice = [name for name in known if alike[name.casefold()] > 1]
    odd = [name for name in known if not _COLUMN.fullmatch(name)]
    if "id" not in known or twice or odd:
        raise InvalidOption(
            f"{SCENE_LIST}, line 1: expected the names of the columns, each once: id, "
            f"and any of {', '.join(_KNOWN[1:])} and others, got {names}"
            f"{f'; twice: {twice}' if twice else ''}"
            f"{f'; no name: {odd}' if odd else ''}; mend the first line"
        )
    return known


def _row(line: int, header: list[str], fields: list[str]) -> tuple[str, ListedScene]:
    expect_all_fields(header, fields)
    values = dict(zip(header, fields, strict=True))
    scene_id = unicodedata.normalize("NFC", values["id"])
    use = _USE.get(values.get("use", "").lower())
    if use is None:
        raise ValueError(f"expected use to be yes or no, got {values['use']!r}")
    method = values.get("filter_method", "").lower()
    if method:
        expect_choice("filter_method", method, FILTERS)
    given = Given(_acquired(values.get("acquired", "")), _limits(values), method)
    columns = {n: v for n, v in values.items() if n == "region" or n not in _KNOWN}
    return scene_id, ListedScene(line, given, use, columns)


def _acquired(text: str) -> datetime | None:
    when = time_given(text) if text else None
    if text and when is None:
        raise ValueError(
            "expected acquired as a day or time in UTC, from 1972 to today, as in "
            f"2019-11-03 or 2019-11-03T19:09:21, got {text!r}"
        )
    return when


def _limits(values: Mapping[str, str]) -> tuple[int, int] | None:
    words = [values.get(name, "") for name in ("thin_ice_min", "thick_ice_min")]
    if words == ["", ""]:
        return None
    numbers = [int(word) for word in words if word.isascii() and word.isdigit()]
    if len(numbers) < len(words) or not 0 < numbers[0] < numbers[1] <= 255:  # noqa: PLR2004
        raise ValueError(
            "expected whole numbers 1 <= thin_ice_min < thick_ice_min <= 255, or both "
            f"empty, got {words[0]!r} and {words[1]!r}"
        )
    return numbers[0], numbers[1]


def _expect_new(
    scene_id: str, rows: Mapping[str, ListedScene], scene_ids: Collection[str]
) -> None:
    if scene_id in rows:
        raise ValueError(
            f"expected one row a scene, got {scene_id!r} again, as in line "
            f"{rows[scene_id].line}"
        )
    if scene_id not in scene_ids:
        near = get_close_matches(scene_id, scene_ids, 1)
        raise ValueError(
            "expected as id the name of a scene of this folder, without its ending, "
            f"got {scene_id!r}{f' (is it {near[0]!r}?)' if near else ''}"
        )
