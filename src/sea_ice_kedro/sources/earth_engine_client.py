"""Google's client of Earth Engine: time limits, errors that say the way out.

The only module that imports `ee`. One process speaks to one Earth Engine: the client
keeps its session for all threads.
"""

import json
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

import ee
import httplib2
import requests
from google.auth import exceptions as auth_errors
from google.oauth2 import credentials as user
from google.oauth2 import service_account
from googleapiclient.errors import Error as ApiError
from googleapiclient.errors import HttpError

from sea_ice_kedro.bounded_web import BoundedAdapter, Passing, Patience, rate_limit
from sea_ice_kedro.errors import (
    MALFORMED,
    CannotFetch,
    NoAccess,
    QuotaExhausted,
    SeaIceError,
)
from sea_ice_kedro.sources.earth_engine_search import HOW, Access

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


# --- Google's client of Earth Engine, with errors that say the way out

Value = TypeVar("Value")

_SCOPES = ["https://www.googleapis.com/auth/earthengine"]

_LOCK = threading.RLock()
_SESSIONS: dict[Access, "Session"] = {}

RESUME = (
    "What has been downloaded stays in data/01_raw/downloads: run the same command "
    "again, and it goes on with the rest"
)

_DAY_IS_OVER = ("per day", "daily", "monthly", "per month", "eecu", "billing")
"""Words of a 429 that no wait of minutes helps against."""


def connect(access: Access, *, afresh: bool = False) -> "Session":
    """Return the session of this process, checking credentials and project first.

    Args:
        access: How Earth Engine is reached.
        afresh: Log in anew, as a run does at its start: an earlier run of this process
            may have ended because there was no use in asking.

    Raises:
        NoAccess: if there are no credentials, or they or the project are refused.
        CannotFetch: if Earth Engine does not answer.
    """
    with _LOCK:
        if afresh or access not in _SESSIONS:
            _SESSIONS.clear()
            session = Session(access)
            session.open()
            _SESSIONS[access] = session
        return _SESSIONS[access]


class Session:
    """Requests to Earth Engine: rate-limited, retried, stopped once they are futile."""

    def __init__(self, access: Access) -> None:
        """Take how Earth Engine is reached; nothing is asked yet."""
        self._access = access
        self._patience = Patience(access.max_attempts, access.first_wait_s)
        self._stopped: SeaIceError | None = None

    def open(self) -> None:
        """Log in, and see whether the project may use Earth Engine."""
        credentials = self._credentials()

        def start() -> None:
            ee.data.setMaxRetries(0)  # patience is ours, with jitter and a limit
            ee.Initialize(
                credentials,
                self._access.url,
                http_transport=Transport(self._access.timeout_s),
                project=self._access.project,
            )

        self.ask(start, "Earth Engine")

    def ask(self, request: Callable[[], Value], what: str) -> Value:
        """Make a request until it is answered.

        Args:
            request: A call of `ee`.
            what: Is asked for, for messages.

        Raises:
            NoAccess: if Earth Engine rejects the credentials.
            QuotaExhausted: if the quota is used up for now.
            CannotFetch: if it does not answer, or refuses this request.
        """
        limit = rate_limit(self._access.url, self._access.requests_per_s)

        def once() -> Value:
            if self._stopped is not None:
                # Another thread has found that requests are futile.
                raise type(self._stopped)(*self._stopped.args)
            limit.wait()
            with _errors_of(what):
                return request()

        try:
            return self._patience.ask(once, what)
        except (NoAccess, QuotaExhausted) as error:
            self._stopped = error
            raise
        except Passing as error:
            raise self._given_up(what, error) from error

    def _given_up(self, what: str, error: Passing) -> SeaIceError:
        if str(error).startswith("429 "):
            self._stopped = QuotaExhausted(
                "expected Earth Engine to answer, got "
                f"{self._access.max_attempts} times {error}: too much is asked for at "
                f"a time. {RESUME}, with a smaller "
                "ingestion.earth_engine.requests_per_s"
            )
            return self._stopped
        return CannotFetch(
            f"expected {what} from Earth Engine, got {self._access.max_attempts} "
            f"times {error}. {RESUME}"
        )

    def _credentials(self) -> Any:  # noqa: ANN401 - of google.auth
        path = self._access.key_file
        try:
            if path is None:
                return ee.data.get_persistent_credentials()
            return _credentials_in(
                json.loads(Path(path).read_text(encoding="utf-8-sig"))
            )
        # What goes wrong here may quote a key: it is named by its kind, without cause.
        except (ee.EEException, auth_errors.GoogleAuthError, OSError) as error:
            kind = type(error).__name__
        except MALFORMED as error:
            kind = type(error).__name__
        place = "where Google's tools keep them" if path is None else path
        raise NoAccess(
            f"expected credentials for Earth Engine {place}, got none that can be used "
            f"({kind}); give them by {HOW}"
        )


def _credentials_in(stored: Mapping[str, Any]) -> Any:  # noqa: ANN401
    """Make credentials of what a file holds: a service account's key, or a user's."""
    robot: Any = service_account.Credentials
    person: Any = user.Credentials
    kinds: dict[str | None, Callable[[], Any]] = {
        "service_account": lambda: robot.from_service_account_info(
            stored, scopes=_SCOPES
        ),
        "authorized_user": lambda: person.from_authorized_user_info(stored, _SCOPES),
        # as `earthengine authenticate` writes them
        None: lambda: person(
            None,
            refresh_token=stored["refresh_token"],
            client_id=stored.get("client_id", ee.oauth.CLIENT_ID),
            client_secret=stored.get("client_secret", ee.oauth.CLIENT_SECRET),
            token_uri=ee.oauth.TOKEN_URI,
            scopes=stored.get("scopes", ee.oauth.SCOPES),
        ),
    }
    return kinds[stored.get("type")]()


def list_images(session: Session, collection: Any, page: int) -> list[dict[str, Any]]:  # noqa: ANN401
    """Give what Earth Engine says of each image of a collection: id, bands, properties.

    Args:
        session: Of this process.
        collection: An `ee.ImageCollection`.
        page: How many to ask for at a time.
    """
    found: list[dict[str, Any]] = []
    while True:
        part = session.ask(
            collection.toList(page, len(found)).getInfo, "the list of granules"
        )
        found += part
        if len(part) < page:
            return found


def pixels(
    session: Session,
    image: Any,  # noqa: ANN401 - an ee.Image
    grid: Mapping[str, Any],
    names: Sequence[str],
) -> Any:  # noqa: ANN401 - a structured array
    """Return the pixels of an image on a grid, as a structured array with its bands.

    Raises:
        CannotFetch: if Earth Engine does not give them.
    """
    size = grid["dimensions"]["height"], grid["dimensions"]["width"]

    def fetch() -> Any:  # noqa: ANN401
        found = ee.data.computePixels(
            {"expression": image, "fileFormat": "NUMPY_NDARRAY", "grid": dict(grid)}
        )
        if found.shape != size or list(found.dtype.names or ()) != list(names):
            raise Passing(f"pixels {found.shape} of {found.dtype.names}")
        return found

    return session.ask(fetch, "pixels")


@contextmanager
def _errors_of(what: str) -> Iterator[None]:
    """Turn what the client raises into what to do: try again, or tell the user."""
    try:
        yield
    except Passing:
        raise
    # The client raises errors of five libraries; `_translated` gives back unknown ones.
    except Exception as error:  # noqa: BLE001
        raise _translated(error, what) from None


def _translated(error: Exception, what: str) -> Exception:
    if isinstance(error, auth_errors.RefreshError) and not error.retryable:
        return NoAccess(
            "expected Earth Engine to accept the credentials, got "
            f"{_first_line(error)}: they have expired or been withdrawn, or this "
            f"machine's clock is wrong. Log in again, or renew the key. {RESUME}"
        )
    if isinstance(error, auth_errors.GoogleAuthError | httplib2.HttpLib2Error):
        return Passing(type(error).__name__)
    http = error if isinstance(error, HttpError) else error.__context__
    if isinstance(http, HttpError):
        return _of_status(http, _first_line(error), what)
    # Of pixels that end too soon, and of connections that do.
    if isinstance(error, OSError | EOFError | ValueError):
        return Passing(f"{type(error).__name__}: {_first_line(error)}")
    if isinstance(error, ee.EEException | ApiError):
        return CannotFetch(f"expected {what}, got {_first_line(error)}")
    return error


def _of_status(http: HttpError, said: str, what: str) -> Exception:
    status = int(http.resp.status)
    words = said.lower()
    if status == 429 and any(word in words for word in _DAY_IS_OVER):  # noqa: PLR2004
        return QuotaExhausted(
            f"expected {what}, got that the quota is used up: {said}. {RESUME}, once "
            "the quota is renewed"
        )
    if status == 429 or status >= 500:  # noqa: PLR2004
        wait_s = None
        with suppress(TypeError, ValueError):
            wait_s = float(http.resp.get("retry-after"))
        return Passing(f"{status} {said}", wait_s)
    if status in (401, 403):
        return NoAccess(
            f"expected Earth Engine to let this project and account in, got {status}: "
            f"{said}. Register the project at https://console.cloud.google.com/"
            "earth-engine, give the account the role Earth Engine Resource Viewer "
            f"there, or name others by {HOW}"
        )
    return CannotFetch(f"expected {what} from Earth Engine, got {status}: {said}")


def _first_line(error: Exception) -> str:
    """Return an error's message, without the responses that some carry along."""
    said = str(error.args[0] if error.args else error).strip() or type(error).__name__
    return said.splitlines()[0][:500].rstrip(".")
