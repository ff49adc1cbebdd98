"""Requests to somebody's server: each ends, and goes to a host that was named.

A server may hang, send a byte a second, inflate a small answer to gigabytes, ask to
come back tomorrow, or lead from page to page without end, or to other servers. And it
may answer with another part of a file than it was asked for, or more: GDAL believes
whatever comes, so that pixels would be wrong, or the memory full.
"""

import logging
import random
import re
import threading
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import Any, NoReturn, TypeVar
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPResponse, HTTPSConnectionPool, Retry
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import InvalidHeader
from urllib3.response import BaseHTTPResponse

from sea_ice_kedro.addresses import is_named, without_keys
from sea_ice_kedro.errors import CannotFetch, InvalidScene

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
        try:
            asked = super().get_retry_after(response)
        except InvalidHeader:  # "1.5", "soon": the wait of any other failure
            return None
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


# --- Asking again after growing, random waits; and a limit on requests a second

Value = TypeVar("Value")

logger = logging.getLogger(__name__)

_LONGEST_PAUSE_S = 60.0


class Passing(Exception):
    """A failure that may pass: the request may be tried again."""

    def __init__(self, reason: str, wait_s: float | None = None) -> None:
        """Explain what went wrong.

        Args:
            reason: In one line.
            wait_s: What the server asks to wait, where it does.
        """
        super().__init__(reason)
        self.wait_s = wait_s


@dataclass(frozen=True)
class Patience:
    """How often, and how long."""

    max_attempts: int
    first_wait_s: float

    def wait_s(self, tried: int, share: float) -> float:
        """Return the wait after so many attempts: doubled each time, at most a minute.

        Args:
            tried: 1 after the first try.
            share: 0..1, random: of many workers that failed together, each comes back
                at another time.
        """
        longest = min(self.first_wait_s * 2.0 ** (tried - 1), _LONGEST_PAUSE_S)
        return longest * (0.5 + share / 2)

    def ask(self, request: Callable[[], Value], what: str) -> Value:
        """Make a request until it is answered.

        Args:
            request: Raises `Passing` where trying again makes sense.
            what: Is asked for, for the log.

        Raises:
            Passing: of the last try.
        """
        for tried in range(1, self.max_attempts + 1):
            try:
                return request()
            except Passing as error:
                if tried == self.max_attempts:
                    raise
                wait_s = self.wait_s(tried, random.random())
                wait_s = max(wait_s, min(error.wait_s or 0.0, _LONGEST_PAUSE_S))
                logger.debug("%s: %s; again in %.1f s", what, error, wait_s)
                time.sleep(wait_s)
        raise AssertionError("at least one try")


@dataclass
class RateLimit:
    """Lets requests pass at most so often, whatever thread they come from."""

    requests_per_s: float
    _next: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def wait(self) -> None:
        """Wait for the next place."""
        with self._lock:
            now = time.monotonic()
            place = max(now, self._next)
            self._next = place + 1 / self.requests_per_s
        time.sleep(place - now)


@lru_cache(maxsize=16)
def rate_limit(name: str, requests_per_s: float) -> RateLimit:
    """Return the one limit of this process for a server."""
    return RateLimit(requests_per_s)


# --- Whether a server answers with the part of a file that it is asked for

_FIRST, _LATER, _LAST = 0, 16, 31
"""Bytes of a file's head, and a part of them that is asked for again."""

_PARTIAL = 206
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
