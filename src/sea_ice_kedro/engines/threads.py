"""Several scenes at a time in threads: OpenCV, GDAL and zlib release the GIL."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from sea_ice_kedro.engines.base import Item, Result
from sea_ice_kedro.engines.cores import kept_to, share_of
from sea_ice_kedro.engines.opencv import single_threaded_opencv
from sea_ice_kedro.errors import WorkerLost


@dataclass(frozen=True)
class ThreadsEngine:
    """Runs up to `workers` items at a time in one process."""

    workers: int

    def map(
        self, func: Callable[[Item], Result], items: Sequence[Item]
    ) -> Iterator[Result | WorkerLost]:
        """Yield `func(item)` for every item, in order."""
        share = share_of(min(self.workers, len(items)))
        with single_threaded_opencv(), kept_to(share):
            executor = ThreadPoolExecutor(self.workers, thread_name_prefix="scene")
            try:
                yield from executor.map(func, items)
            finally:
                executor.shutdown(cancel_futures=True)
