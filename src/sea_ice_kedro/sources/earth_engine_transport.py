"""Requests of Google's client of Earth Engine: with a time limit, many at a time."""

from typing import Any

import httplib2
import requests

from sea_ice_kedro.bounded_web import BoundedAdapter

_CONNECTIONS = 64
"""Kept open; more than scenes are fetched at a time."""


class Transport:
    """The HTTP client that `ee` sends requests by (httplib2's interface).

    Its own knows no time limit until it has logged in, and keeps ten connections.
    """

    def __init__(self, timeout_s: float) -> None:
        """Open no connection yet.

        Args:
            timeout_s: Without an answer a request has failed.
        """
        self._session = requests.Session()
        self._session.mount("http://", _pool())
        self._session.mount("https://", _pool())
        self._timeout_s = timeout_s

    def request(  # noqa: PLR0913 - the interface
        self,
        uri: str,
        method: str = "GET",
        body: Any = None,  # noqa: ANN401
        headers: Any = None,  # noqa: ANN401
        redirections: int | None = None,
        connection_type: Any = None,  # noqa: ANN401
    ) -> tuple[httplib2.Response, bytes]:
        """Send one request; requests' errors are OSErrors.

        Raises:
            NotAllowed: if the answer has no end: Earth Engine's have 48 MiB at most.
        """
        del redirections, connection_type  # of httplib2 only
        answer = self._session.request(
            method, uri, data=body, headers=headers, timeout=self._timeout_s
        )
        facts = {**answer.headers, "status": str(answer.status_code)}
        return httplib2.Response(facts), answer.content


def _pool() -> BoundedAdapter:
    return BoundedAdapter(pool_connections=4, pool_maxsize=_CONNECTIONS)
