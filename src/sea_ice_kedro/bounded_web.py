"""Requests to somebody's server: each ends, and goes to a host that was named.

A server may hang, send a byte a second, inflate a small answer to gigabytes, ask to
come back tomorrow, or lead from page to page without end, or to other servers.
"""

import threading
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPResponse, HTTPSConnectionPool, Retry
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.response import BaseHTTPResponse

from sea_ice_kedro.addresses import is_named, without_keys
from sea_ice_kedro.errors import CannotFetch

LARGEST_ANSWER = 64 << 20
"""Bytes, inflated; a hundred items of a catalogue have a few million."""

_PATIENCE = 5
"""An answer that comes may take so many times as long as none at all."""

_LONGEST_WAIT_S = 30.0
"""Whatever a server asks for."""

_MOST_REDIRECTS = 5
_PASSING = (429, 500, 502, 503, 504)
_BLOCK = 1 << 16


class NotAllowed(requests.RequestException):
    """A request that was not made, or an answer that was given up."""


@dataclass
class Limits:
    """Limits of one search, in requests and seconds, and the hosts it may reach."""

    hosts: Collection[str]
    most_items: int
    most_s: float
    _items: int = 0
    _begun: float = field(default_factory=time.monotonic)

    def expect_left(self) -> None:
        """Refuse to go on beyond the limits.

        Raises:
            CannotFetch: naming the limit that was reached.
        """
        if self._items > self.most_items:
            raise CannotFetch(
                f"expected a catalogue to give at most {self.most_items:,} items, got "
                "more; ask for fewer days, a smaller region or one collection, or raise"
                " ingestion.stac.max_items"
            )
        if time.monotonic() - self._begun > self.most_s:
            raise CannotFetch(
                f"expected a catalogue to be read in {self.most_s:g} s, got no end; "
                "ask for fewer days or a smaller region, or raise "
                "ingestion.stac.max_search_s"
            )

    def count(self, items: int = 1) -> None:
        """Count a file or page that is read, or the items on it.

        Raises:
            CannotFetch: if there have been too many, or for too long.
        """
        self._items += items
        self.expect_left()

    def expect_named(self, url: str) -> None:
        """Refuse an address of a host that nobody has named.

        Raises:
            NotAllowed: naming host and setting.
        """
        if not is_named(url, self.hosts):
            own = ", ".join(sorted(self.hosts)) or "this disk"
            raise NotAllowed(
                f"expected an address of {own}, got "
                f"{without_keys(url)[:200]}; if the catalogue may lead there, add "
                f"--params ingestion.stac.hosts={urlsplit(url).hostname}"
            )


def bounded_session(limits: Limits, max_attempts: int) -> requests.Session:
    """Open a session whose requests are bounded; each needs a timeout.

    Args:
        limits: Of all its requests together.
        max_attempts: Of one request.
    """
    session = requests.Session()
    session.max_redirects = _MOST_REDIRECTS
    retry = _ShortWaits(
        total=max_attempts - 1,
        backoff_factor=0.5,
        backoff_jitter=0.5,
        status_forcelist=_PASSING,
        allowed_methods=None,
    )
    for scheme in ("http://", "https://"):
        session.mount(scheme, _Adapter(limits, retry))
    return session


class _ShortWaits(Retry):
    def get_retry_after(self, response: BaseHTTPResponse) -> float | None:
        asked = super().get_retry_after(response)
        return None if asked is None else min(asked, _LONGEST_WAIT_S)


class BoundedAdapter(HTTPAdapter):
    """Sends requests whose answers end, in time and bytes; each needs a timeout."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401
        """Have the heads of answers end in time, too."""
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {
            "http": _Pool,
            "https": _SecurePool,
        }

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
        """Send a request, or one that a redirect asks for."""
        answer = super().send(request, *args, **kwargs)
        answer.raw = _Body(answer.raw, _PATIENCE * float(kwargs["timeout"]))
        return answer


class _Adapter(BoundedAdapter):
    def __init__(self, limits: Limits, retry: Retry) -> None:
        self._limits = limits
        super().__init__(max_retries=retry)

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
        """Send a request where it may go."""
        self._limits.expect_named(request.url or "")
        self._limits.count()
        return super().send(request, *args, **kwargs)


class _Body:
    """Content of an answer that ends in time, or is given up."""

    def __init__(self, raw: Any, most_s: float) -> None:  # noqa: ANN401
        self._raw, self._most_s = raw, most_s

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401
        return getattr(self._raw, name)

    def stream(self, *_: object, **__: object) -> Iterator[bytes]:
        """Return the content as it comes in."""
        until, size = time.monotonic() + self._most_s, 0
        while part := self._raw.read1(_BLOCK, decode_content=True):
            size += len(part)
            late = time.monotonic() > until
            if late or size > LARGEST_ANSWER:
                self._raw.close()
                limit = f"{self._most_s:g} s" if late else f"{LARGEST_ANSWER:,} bytes"
                raise NotAllowed(f"an answer of more than {limit}")
            yield part


@contextmanager
def _in_time(connection: HTTPConnection) -> Iterator[None]:
    """Have the head of an answer end in time: byte by byte, each would be in time.

    Raises:
        TimeoutError: if it did not; what has come looks like a whole one.
    """
    limit_s = _PATIENCE * float(connection.timeout or 0)
    late = threading.Event()
    timer = threading.Timer(limit_s, partial(_shut, connection.sock, late))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
    if late.is_set():
        raise TimeoutError(f"no answer in {limit_s:g} s")


def _shut(sock: Any, late: threading.Event) -> None:  # noqa: ANN401
    late.set()
    with suppress(OSError):  # it is gone already, which is what was wanted
        sock.shutdown(2)


class _Connection(HTTPConnection):
    def getresponse(self) -> HTTPResponse:  # type: ignore[override]
        with _in_time(self):
            return super().getresponse()


class _SecureConnection(HTTPSConnection):
    def getresponse(self) -> HTTPResponse:  # type: ignore[override]
        with _in_time(self):
            return super().getresponse()


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection
