"""Whether a server answers with the part of a file that it is asked for.

GDAL believes whatever comes: with another part, or more than was asked for, pixels
would be wrong, or the memory full.
"""

import re
from typing import NoReturn
from urllib.parse import urlsplit

import requests

from sea_ice_kedro.bounded_web import Limits, bounded_session
from sea_ice_kedro.errors import CannotFetch, InvalidScene

_FIRST, _LATER, _LAST = 0, 16, 31
"""Bytes of a file's head, and a part of them that is asked for again."""

_PARTIAL = 206
_PATIENCE = 5
_MOST_REQUESTS = 20

_SOUND: set[str] = set()
"""Hosts that have answered right: this process asks each once."""


class _Anywhere(Limits):
    """A band may lie on any host; it is told no key."""

    def expect_named(self, url: str) -> None:
        """Let any address pass."""


def _without_keys(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Send no password of this machine's .netrc."""
    return request


def expect_ranges(href: str, timeout_s: float) -> None:
    """Ask a server twice for a part of a file, if it has not been asked before.

    What is no part of a file (an error, nothing, the whole file) GDAL tells itself.

    Args:
        href: An http or https address.
        timeout_s: Without an answer a server counts as gone.

    Raises:
        InvalidScene: if it sends another part, or more.
    """
    host = urlsplit(href).netloc.rpartition("@")[2]
    if host in _SOUND:
        return
    limits = _Anywhere((), _MOST_REQUESTS, 2 * _PATIENCE * timeout_s)
    try:
        with bounded_session(limits, max_attempts=1) as session:
            session.auth = _without_keys
            head = _part(session, href, _FIRST, timeout_s)
            later = _part(session, href, _LATER, timeout_s)
    except (requests.RequestException, CannotFetch, OSError):
        return
    if head is None or later is None:
        return
    if not head[_LATER:].startswith(later):
        _refuse(host, f"bytes {_LATER}-{_LAST}", "others")
    _SOUND.add(host)


def _part(
    session: requests.Session, href: str, first: int, timeout_s: float
) -> bytes | None:
    """Fetch the bytes from `first` to `_LAST`; None where no part of a file comes."""
    asked = f"bytes={first}-{_LAST}"
    headers = {"Range": asked, "Accept-Encoding": "identity"}
    with session.get(href, headers=headers, timeout=timeout_s, stream=True) as answer:
        if answer.status_code != _PARTIAL:
            return None
        said = answer.headers.get("Content-Range", "")
        found = re.match(r"bytes (\d+)-(\d+)/", said)
        if not found or int(found[1]) != first or int(found[2]) > _LAST:
            _refuse(urlsplit(href).hostname, asked, said[:80] or "no Content-Range")
        content = b""
        for part in answer.iter_content(_LAST + 1):
            content += part
            if len(content) > int(found[2]) - first + 1:
                _refuse(urlsplit(href).hostname, asked, "more than that")
    whole = len(content) == int(found[2]) - first + 1
    return content if whole else None


def _refuse(host: str | None, asked: str, got: str) -> NoReturn:
    raise InvalidScene(
        f"expected {host} to answer a request for {asked} of a band with those, got "
        f"{got}; its pixels would be wrong: leave this product out, fetch it whole "
        "(ingestion.source=folder), or tell who runs that server (or the proxy "
        "between)"
    )
