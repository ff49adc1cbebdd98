"""Text from anywhere, such as names of files, that does nothing where it is shown."""

import re

_ACTIVE = re.compile(
    # Control characters but tab and newline; what turns the direction of writing; bytes
    # of a file name that are no text.
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
    "\ud800-\udfff]"
)
_FORMULA = re.compile(r"[=+\-@\t\r']")


def inert(text: str) -> str:
    """Spell out what a terminal or a browser would act on, as Python's source does."""
    return _ACTIVE.sub(lambda c: c[0].encode("unicode_escape").decode(), text)


def as_cell(value: object) -> object:
    """Mark a text that a spreadsheet would run as a formula; numbers stay."""
    if not isinstance(value, str) or not _FORMULA.match(value) or _is_number(value):
        return value
    return f"'{value}"


def from_cell(value: object) -> object:
    """Undo `as_cell`."""
    if isinstance(value, str) and value[:1] == "'" and _FORMULA.match(value[1:]):
        return value[1:]
    return value


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
