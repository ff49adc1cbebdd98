"""Addresses without the keys in them: for whatever is said, logged or kept."""

import re

_KEYS = (
    # scheme://user:password@host
    (re.compile(r"(?<=://)[^/\s@\\'\"]+@"), "...@"),
    (re.compile(r"(://[^\s?\\'\"<>]*)\?[^\s\\'\"<>)]+"), r"\1?..."),
    # /v1?token=...&sig=..., as libraries log it
    (re.compile(r"\?[\w.~%\[\]-]+=[^\s\\'\"<>)]*"), "?..."),
    # sc://host:15002/;token=...
    (re.compile(r"(://[^\s;\\'\"]*);[\w.-]+=[^\s\\'\"<>)]*"), r"\1;..."),
)


def without_keys(text: str) -> str:
    """Return a text with passwords, queries and parameters of addresses left out.

    What follows "?" in a signed address is a key; so may be what stands before "@",
    or in Spark's addresses after ";". A key in the path of an address looks like any
    other path, and stays.

    Args:
        text: Any text with any number of addresses.
    """
    if "?" not in text and "://" not in text:
        return text
    for pattern, rest in _KEYS:
        text = pattern.sub(rest, text)
    return text
