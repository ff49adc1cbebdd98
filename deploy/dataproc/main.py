"""The driver of a Spark job, for spark-submit: the packaged project.

    spark-submit main.py [NAME=value ...] [arguments of kedro run]

Environment variables of whoever submits do not travel with a job: what the run reads of
them is given as leading NAME=value.
"""

import os
import re
import sys
import tempfile
from pathlib import Path

import fsspec

_VARIABLE = re.compile(r"[A-Z][A-Z0-9_]*=")
_CONF = "--conf-source="


def main(arguments: list[str]) -> None:
    """Set the variables and run the rest as `kedro run` would; exits as that does."""
    while arguments and _VARIABLE.match(arguments[0]):
        name, _, value = arguments[0].partition("=")
        os.environ[name] = value
        arguments = arguments[1:]
    # A package has no .telemetry file to say no with.
    os.environ.setdefault("DO_NOT_TRACK", "1")
    os.environ.setdefault("COLUMNS", "160")  # a job's log is no terminal of 80
    conf = [a.removeprefix(_CONF) for a in arguments if a.startswith(_CONF)]
    with tempfile.TemporaryDirectory() as folder:
        if conf and conf[-1].endswith(".tar.gz"):
            os.environ["KEDRO_LOGGING_CONFIG"] = _logging_of(conf[-1], Path(folder))
        # Kedro configures logging when it is imported.
        from sea_ice_kedro.__main__ import main as kedro_run  # noqa: PLC0415

        kedro_run(arguments)


def _logging_of(archive: str, folder: Path) -> str:
    """Take logging.yml out of a conf archive, which may lie in a bucket."""
    copy = folder / "logging.yml"
    with fsspec.open(f"tar://conf/logging.yml::{archive}") as file:
        copy.write_bytes(file.read())
    return str(copy)


if __name__ == "__main__":
    main(sys.argv[1:])
