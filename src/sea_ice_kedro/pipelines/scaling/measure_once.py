"""The process of one measurement: `python -m ...measure_once JOB FOLDER`.

A `Request` or `TrainingRequest` lies in the folder as `REQUEST`; what was measured is
left there as `ANSWER`, since Spark writes to standard output what it likes. Standard
input stays open for as long as somebody waits for the answer.
"""

import json
import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sea_ice_kedro.imagery.cloud_filter import FilterOptions
from sea_ice_kedro.imagery.labelling import BrightnessThresholds
from sea_ice_kedro.pipelines.scaling.labelling_job import (
    ANSWER,
    REQUEST,
    Request,
    measure_processes,
    measure_spark,
)
from sea_ice_kedro.pipelines.scaling.training_job import (
    measure_all_reduces,
    measure_training,
    prepare_training,
    training_request,
)

Asked = dict[str, Any]
"""A request, of JSON's types."""

JOBS: dict[str, Callable[[Asked], dict[str, Any]]] = {
    "processes": lambda asked: measure_processes(_request(asked)),
    "spark": lambda asked: measure_spark(_request(asked)),
    "training_chips": lambda asked: prepare_training(training_request(asked)),
    "training": lambda asked: measure_training(training_request(asked)),
    "all_reduces": lambda asked: measure_all_reduces(training_request(asked)),
}
"""By name; each gives what it has measured."""


def main(job: str, folder: str) -> None:
    """Measure what is requested; leave the outcome."""
    threading.Thread(target=_exit_when_nobody_waits, daemon=True).start()
    asked = json.loads(Path(folder, REQUEST).read_text("utf-8")) | {"folder": folder}
    answer = Path(folder, ANSWER)
    try:
        outcome = {"measured": JOBS[job](asked)}
    except Exception as error:
        words = f"{type(error).__name__}: {error}"
        answer.write_text(json.dumps({"failed": words}), "utf-8")
        raise
    answer.write_text(json.dumps(outcome), "utf-8")


def _request(asked: Asked) -> Request:
    filtering = FilterOptions(**asked.pop("filtering"))
    thresholds = BrightnessThresholds(**asked.pop("thresholds"))
    return Request(filtering=filtering, thresholds=thresholds, **asked)


def _exit_when_nobody_waits() -> None:
    """End this process when the run is killed: it would go on for minutes."""
    # Not sys.stdin: a thread that holds it cannot be left behind at exit.
    while os.read(0, 1):
        pass
    os._exit(1)


if __name__ == "__main__":
    main(*sys.argv[1:])
