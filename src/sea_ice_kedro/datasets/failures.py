"""Failures of single scenes: they cost neither the other scenes nor the exit code.

Inside a run, a partition that fails is entered in the run's ledger and the others go
on through all pipelines; when the run is over, one error names every failure. Outside
a run (a notebook, another process) there is no ledger, and saving raises at once.
"""

import os
from dataclasses import dataclass

from kedro.io import DatasetError

from sea_ice_kedro.errors import SeaIceError


@dataclass(frozen=True)
class Failure:
    """One partition that could not be made, and why."""

    dataset: str
    partition_id: str
    reason: str


class PartitionsFailed(SeaIceError, DatasetError):
    """Some partitions could not be made; all others are done and saved."""

    def __init__(self, failures: list[Failure]) -> None:
        """Name every failure in one message."""
        self.failures = failures
        alike: dict[tuple[str, str], list[str]] = {}
        for f in failures:
            alike.setdefault((f.dataset, f.reason), []).append(f.partition_id)
        lines = [
            f"  {dataset} / {', '.join(ids)}: {reason}"
            for (dataset, reason), ids in alike.items()
        ]
        count = len(failures)
        super().__init__(
            f"{count} product{'s' * (count > 1)} could not be made; all others are "
            "done, and a new run takes up from there:\n" + "\n".join(lines)
        )

    def __reduce__(self) -> tuple[type, tuple[list[Failure]]]:
        """Pickle by the failures, so that other processes can raise this."""
        return type(self), (self.failures,)


class FailureLedger:
    """Collects failures while a run is under way in this process."""

    def __init__(self) -> None:
        """Start closed."""
        self._owner: int | None = None
        self._failures: list[Failure] = []

    @property
    def is_open(self) -> bool:
        """Whether a run in this very process will raise what is recorded."""
        return self._owner == os.getpid()

    @property
    def failures(self) -> tuple[Failure, ...]:
        """What has failed so far."""
        return tuple(self._failures)

    def open(self) -> None:
        """Start collecting for a run of this process."""
        self._owner = os.getpid()
        self._failures = []

    def record(self, failures: list[Failure]) -> None:
        """Add failures; only while open."""
        if not self.is_open:
            raise PartitionsFailed(failures)
        self._failures.extend(failures)

    def close(self) -> list[Failure]:
        """Stop collecting and give what was collected."""
        self._owner = None
        failures, self._failures = self._failures, []
        return failures


LEDGER = FailureLedger()
"""Failures of the run in this process; opened and closed by `hooks.FailureHooks`."""
