"""When a raster file says that it was taken: in its name, or in its tags."""

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta

_OLD_ESA = re.compile(r"_(?:OPER|USER)_")
_SENSED = re.compile(r"_V(\d{8}T\d{6})_")
"""In ESA's names of before December 2016, after the time of creation."""

_FIRST_IS_SENSED = re.compile(
    r"(?<![A-Z0-9])(?:(?:S[1-6][A-D]|L[CEMOT]\d{2})_|A\d{7}\.)"  # Landsat, MODIS, ...
)
"""In their names times of the end and of processing follow that of sensing."""

_CALENDAR = re.compile(
    r"(?<!\d)(\d{4})([-_:]?)(\d{2})\2(\d{2})"  # 20191103, 2019-11-03, 2019_11_03
    r"(?:[T_ -]?(\d{2})[-_:.h]?(\d{2})[-_:.m]?(\d{2}))?"  # T190921, _19-09-21
    r"(?!\d)"
)
_DAY_OF_YEAR = re.compile(r"(?<![A-Z0-9])A(\d{4})(\d{3})(?!\d)")
"""As in names of MODIS: MOD09GA.A2019307.h17v17."""

_FIRST_YEAR = 1972
"""Landsat 1. Other numbers of eight digits are seldom a day since then."""

_TAGS = (
    "ACQUISITIONDATETIME",
    "ACQUISITION_DATETIME",
    "ACQUISITION_DATE",
    "ACQUIRED",
    "SENSING_TIME",
    "DATATAKE_1_DATATAKE_SENSING_START",
    "PRODUCT_START_TIME",
    "DATE_ACQUIRED",
)
"""Of GDAL's IMAGERY domain, and of products that were converted."""

_WRITTEN = "TIFFTAG_DATETIME"

_PROCESSED = (
    "has no time of sensing in its name, only that of processing: its day is not "
    "known; put the day before it (20160117_...)"
)
_SEVERAL = (
    "has several days in its name, of which none is taken: leave only that of the "
    "acquisition"
)


def time_of_file(
    stem: str, tags: Mapping[str, str]
) -> tuple[datetime | None, list[str]]:
    """Find when a scene was taken: in its name, else in its tags.

    A name of several days is that of a product, whose convention says which day is
    that of sensing, or has no day at all. A name with a day only is midnight of it.

    Args:
        stem: Name of the file, without ending.
        tags: Of the file.

    Returns:
        The time, UTC, or None; and what the run is to say of it.
    """
    found, said = _in_name(stem)
    if found is not None:
        return found, []
    by_name = {name.upper(): str(value) for name, value in tags.items()}
    for name in _TAGS:
        for time in _times_in(by_name.get(name, "")):
            return time, []
    if said:
        return None, [said]
    for time in _times_in(by_name.get(_WRITTEN, "")):
        return time, [
            f"has no day in its name, and so that of its {_WRITTEN}, where many "
            "programs write when the file was made: look whether it is right; a day in "
            "the name comes first"
        ]
    return None, []


def time_given(text: str) -> datetime | None:
    """Read a time or a day that somebody has written, UTC; None where it is none.

    Args:
        text: `2019-11-03`, `2019-11-03T19:09:21Z`, `20191103`, ...; seconds may lack.
    """
    plain = text.strip().removesuffix("Z")
    found = _CALENDAR.fullmatch(plain) or _CALENDAR.fullmatch(f"{plain}:00")
    if found is None:
        return None
    parts = [int(part) for n, part in enumerate(found.groups()) if n != 1 and part]
    with suppress(ValueError):
        moment = datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type, misc]
        return moment if _is_likely(moment) else None
    return None


def _in_name(stem: str) -> tuple[datetime | None, str]:
    """Find the time in a name; else say why none of those in it was taken."""
    sensed = _SENSED.search(stem)
    old = _OLD_ESA.search(stem)
    if sensed and old is not None:
        return next(_times_in(sensed.group(1)), None), ""
    # What stands before ESA's own name was put there by somebody who knows.
    times = list(_times_in(stem[: old.start()] if old else stem))
    if old is not None and not times:
        return None, _PROCESSED
    several = len({time.date() for time in times}) > 1
    if several and not _FIRST_IS_SENSED.search(stem):
        return None, _SEVERAL
    return next(iter(times), None), ""


def _times_in(text: str) -> Iterator[datetime]:
    """Return each time or day in a text that can be one of a scene, MODIS's first."""
    for found in _DAY_OF_YEAR.finditer(text):
        with suppress(ValueError):
            moment = datetime.strptime("".join(found.groups()), "%Y%j")  # noqa: DTZ007
            moment = moment.replace(tzinfo=UTC)
            if _is_likely(moment):
                yield moment
    for found in _CALENDAR.finditer(text):
        year, _, month, day, *clock = found.groups()
        date = [int(year), int(month), int(day)]
        time = [int(part) for part in clock if part]
        for parts in (date + time, date):  # a number after a day may be no time
            with suppress(ValueError):
                moment = datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type, misc]
                if _is_likely(moment):
                    yield moment
                break


def _is_likely(moment: datetime) -> bool:
    latest = datetime.now(UTC) + timedelta(days=1)
    return _FIRST_YEAR <= moment.year and moment <= latest
