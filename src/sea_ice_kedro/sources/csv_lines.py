"""Tables that people write: CSV with commas or semicolons, told by its lines."""

import csv
import io
from collections.abc import Iterator, Sequence

from sea_ice_kedro.errors import InvalidOption
from sea_ice_kedro.rasters.files import reading

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
