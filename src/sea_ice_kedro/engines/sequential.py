"""One scene after the other, in this process."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from sea_ice_kedro.engines.base import Item, Result
from sea_ice_kedro.engines.opencv import single_threaded_opencv
from sea_ice_kedro.errors import WorkerLost


@dataclass(frozen=True)
class SequentialEngine:
    """Runs in the calling thread; `workers` is accepted and not needed."""

    workers: int = 1

    def map(
        self, func: Callable[[Item], Result], items: Sequence[Item]
    ) -> Iterator[Result | WorkerLost]:
        """Yield `func(item)` for every item, in order."""
        for item in items:
            with single_threaded_opencv():
                result = func(item)
            yield result
