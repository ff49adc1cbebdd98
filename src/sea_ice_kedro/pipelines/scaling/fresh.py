"""Measurements in a Python process of their own, so that none warms up the next."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from sea_ice_kedro.errors import MeasurementFailed
from sea_ice_kedro.pipelines.scaling.request import ANSWER, REQUEST, Request
from sea_ice_kedro.pipelines.scaling.training_request import TrainingRequest

_MODULE = "sea_ice_kedro.pipelines.scaling.measure_once"

_OF_ANOTHER_SPARK = {
    "PYSPARK_GATEWAY_PORT",
    "PYSPARK_GATEWAY_SECRET",
    "PYSPARK_SUBMIT_ARGS",
    "SPARK_REMOTE",
}
"""Variables that would tie a measurement to a Spark that is running already."""

_LAST_LINES = 4


def in_fresh_process(
    job: str, request: Request | TrainingRequest, setting: str
) -> dict[str, Any]:
    """Measure in a new process, and wait for it.

    Args:
        job: One of `measure_once.JOBS`.
        request: What is measured; its folder is made, and removed, here.
        setting: For errors: "2 processes".

    Returns:
        What was measured.

    Raises:
        MeasurementFailed: with the error that ended the process, or its last words.
    """
    with tempfile.TemporaryDirectory(prefix="sea_ice_scaling_") as name:
        folder = Path(name)
        (folder / REQUEST).write_text(json.dumps(asdict(request)), "utf-8")
        with _pipe() as waiting:
            done = subprocess.run(
                [sys.executable, "-m", _MODULE, job, name],
                stdin=waiting,
                capture_output=True,
                text=True,
                check=False,
                env={k: v for k, v in os.environ.items() if k not in _OF_ANOTHER_SPARK},
            )
        answer = folder / ANSWER
        found = json.loads(answer.read_text("utf-8")) if answer.exists() else {}
    if "measured" not in found:
        last = " | ".join(done.stderr.strip().splitlines()[-_LAST_LINES:])
        reason = found.get("failed") or f"exit status {done.returncode}: {last}"
        raise MeasurementFailed(f"{setting}: expected a measurement, got {reason}")
    return dict(found["measured"])


@contextmanager
def _pipe() -> Iterator[int]:
    """Return the reading end of a pipe that closes when this process ends."""
    end, other_end = os.pipe()
    try:
        yield end
    finally:
        os.close(end)
        os.close(other_end)
