"""Addresses: whose they are, as links, and without the keys in them."""

import hashlib
import re
from collections.abc import Collection
from urllib.parse import quote, urlsplit

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


def as_link(path: str) -> str:
    """Return a path, or a URL without escapes, as the reference of a link to it.

    What begins a query or a fragment, spaces and "%" are escaped; letters of any
    alphabet stay, as an IRI may have them (RFC 3987). `urllib.parse.unquote` gives the
    path back.
    """
    return re.sub(r"[^\w/.:~@!$&'()*+,;=-]", lambda sign: quote(sign[0]), path)


def link_name(name: str) -> str:
    """Return a name for a file that is the same in a link and on a disk.

    pystac and others open links to local files as they stand, escapes and all.

    Args:
        name: Of a scene; one of letters, digits, ".", "-" and "_" is its own.
    """
    if re.fullmatch(r"\w[\w.-]*", name):
        return name
    digest = hashlib.md5(name.encode(), usedforsecurity=False).hexdigest()[:8]
    return re.sub(r"[^\w.-]", "_", name) + f"-{digest}"
