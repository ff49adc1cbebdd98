"""`scenes.csv` in a folder of scenes: days, limits, what to leave out."""

import logging
import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from difflib import get_close_matches

from sea_ice_kedro.errors import InvalidOption
from sea_ice_kedro.sources.csv_lines import csv_lines, expect_all_fields, wrong_lines
from sea_ice_kedro.sources.scene_time import time_given

logger = logging.getLogger(__name__)

SCENE_LIST = "scenes.csv"

_KNOWN = ("id", "acquired", "region", "thin_ice_min", "thick_ice_min", "use")
_COLUMN = re.compile(r"\w[\w .()%/°-]*")
_USE = {"yes": True, "": True, "no": False}


@dataclass(frozen=True)
class Given:
    """What a row says of a scene itself; None: what its file and the settings say."""

    acquired: datetime | None = None
    limits: tuple[int, int] | None = None
    """First brightness of thin and of thick ice."""

    def fingerprint(self) -> str:
        """Say what is given; "" where nothing is."""
        when = "" if self.acquired is None else self.acquired.isoformat()
        limits = "" if self.limits is None else "{} {}".format(*self.limits)
        return f"{when} {limits}".strip()


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
    given = Given(_acquired(values.get("acquired", "")), _limits(values))
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
