"""One measurement: what is asked of a process that measures."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

from sea_ice_kedro.errors import MeasurementFailed
from sea_ice_kedro.imagery.cloud_filter import FilterOptions
from sea_ice_kedro.imagery.labelling import BrightnessThresholds
from sea_ice_kedro.pipelines.scaling.chips import ChipLabeller

REQUEST, ANSWER = "request.json", "answer.json"
"""Files by which a measurement is asked for, and answered."""

_ROUNDS = 20
"""Of waking up, at most, until every worker has been seen."""


@dataclass(frozen=True)
class Request:
    """Measurement for one process."""

    chips: str
    """Folder of the chips."""

    count: int
    """How many there are."""

    filtering: FilterOptions
    thresholds: BrightnessThresholds
    processes: int = 1
    executors: int = 1
    cores: int = 1
    """Of each executor."""

    executor_memory_mib: int = 1024
    folder: str = ""
    """Of this process alone: for labels, and whatever else it leaves behind."""

    def labeller(self, name: str) -> ChipLabeller:
        """Return the work, with its labels in a folder of this name."""
        labels = Path(self.folder) / name
        labels.mkdir()
        return ChipLabeller(self.chips, str(labels), self.filtering, self.thresholds)

    def expect_labels(self, name: str) -> None:
        """Refuse a measurement after which a label is missing.

        Raises:
            MeasurementFailed: naming both counts.
        """
        found = len(list((Path(self.folder) / name).glob("*.tif")))
        if found != self.count:
            raise MeasurementFailed(f"expected {self.count} class maps, got {found}")


def wake_up(workers: int, one_round: Callable[[], Collection[int]]) -> None:
    """Let every worker do some work, so that none starts while others are timed.

    Args:
        workers: How many there should be.
        one_round: Gives work to all; gives the process ids of those that did some.

    Raises:
        MeasurementFailed: if there are fewer.
    """
    seen: set[int] = set()
    for _ in range(_ROUNDS):
        seen |= set(one_round())
        if len(seen) >= workers:
            return
    raise MeasurementFailed(f"expected {workers} worker processes, got {len(seen)}")
