"""Numbers as people read them."""

import math
from collections.abc import Sequence
from typing import Any

NONE = "–"
"""Stands for no value."""

_NAMED = 5


def is_number(value: Any) -> bool:  # noqa: ANN401 - a cell of a table
    """Return whether a value is a number: None, NaN and text are not."""
    return isinstance(value, int | float) and not math.isnan(value)


def percent(value: Any, digits: int = 1) -> str:  # noqa: ANN401
    """Write a fraction, 0..1, in percent."""
    return f"{100 * value:.{digits}f} %" if is_number(value) else NONE


def number(value: Any, digits: int = 0) -> str:  # noqa: ANN401
    """Write a number with thousands apart."""
    return f"{value:,.{digits}f}".replace(",", " ") if is_number(value) else NONE


def area(value: Any) -> str:  # noqa: ANN401
    """Write km²; two digits after the point below ten."""
    small = is_number(value) and value < 10  # noqa: PLR2004 - ten
    return f"{number(value, 2 if small else 0)} km²" if is_number(value) else NONE


def seconds(value: Any) -> str:  # noqa: ANN401
    """Write a time: "0.42 s", "17.9 s", "3 min 05 s", "2 h 10 min"."""
    if not is_number(value):
        return NONE
    if value < 60:  # noqa: PLR2004 - a minute
        return f"{value:.2f} s" if value < 1 else f"{value:.1f} s"
    minutes, rest = divmod(round(value), 60)
    if minutes < 60:  # noqa: PLR2004 - an hour
        return f"{minutes} min {rest:02d} s"
    return f"{minutes // 60} h {minutes % 60:02d} min"


def rate(value: float | None) -> str:
    """Write scenes a second, or seconds a scene where that is the larger number."""
    if value is None:
        return NONE
    return f"{value:.1f}/s" if value >= 1 else f"{1 / value:.1f} s each"


def moment(value: Any) -> str:  # noqa: ANN401
    """Write an ISO 8601 time to the minute, as "2019-11-03 19:09 UTC".

    Midnight to the second is that of a day whose time nobody has told.
    """
    written = value if isinstance(value, str) else ""
    if written[10:19] == "T00:00:00":
        return written[:10]
    known = len(written) > 15  # noqa: PLR2004 - "2019-11-03T19:09"
    return f"{written[:10]} {written[11:16]} UTC" if known else written or NONE


def text(value: Any) -> str:  # noqa: ANN401
    """Write a cell of a table as it is; NONE where it is empty."""
    return str(value) if is_text(value) else NONE


def is_text(value: Any) -> bool:  # noqa: ANN401
    """Return whether there is anything in a cell of a table."""
    return not (value is None or value == "" or value != value)  # noqa: PLR0124 - NaN


def names(scene_ids: Sequence[str]) -> str:
    """Name some scenes, and how many more there are."""
    shown = ", ".join(scene_ids[:_NAMED])
    more = len(scene_ids) - _NAMED
    return f"{shown} and {more} more" if more > 0 else shown


def plural(count: int, noun: str) -> str:
    """Write a count and its noun: "1 scene", "3 scenes"."""
    return f"{number(count)} {noun}{'' if count == 1 else 's'}"
