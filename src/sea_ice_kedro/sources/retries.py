"""Asking again after growing, random waits; and a limit on requests a second."""

import logging
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TypeVar

Value = TypeVar("Value")

logger = logging.getLogger(__name__)

_LONGEST_WAIT_S = 60.0


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
        longest = min(self.first_wait_s * 2.0 ** (tried - 1), _LONGEST_WAIT_S)
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
                wait_s = max(wait_s, min(error.wait_s or 0.0, _LONGEST_WAIT_S))
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
