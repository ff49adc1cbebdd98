"""Addresses: whose they are, and without the keys in them for what is said or kept."""

import re
from collections.abc import Collection
from urllib.parse import urlsplit

_PORTS = {"http": 80, "https": 443}

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


def host_of(url: str) -> str:
    """Return the host of an http or https address, with its port if it is unusual."""
    parts = urlsplit(url)
    usual = parts.port in (None, _PORTS.get(parts.scheme))
    return f"{parts.hostname}" if usual else f"{parts.hostname}:{parts.port}"


def is_named(url: str, hosts: Collection[str]) -> bool:
    """Return whether an http or https address leads to one of some hosts.

    Args:
        url: The address.
        hosts: "example.org", or "example.org:8080" for that port only.
    """
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS.get(parts.scheme)
    except ValueError:  # no address at all
        return False
    named = {name.lower() for name in hosts}
    return parts.hostname in named or f"{parts.hostname}:{port}" in named
