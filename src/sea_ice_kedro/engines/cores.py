"""How many cores one piece of work may use, for libraries with threads of their own."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Generic

from sea_ice_kedro.engines.base import Item, Result, worker_count


class _Share:
    cores: int | None = None


def cores_to_use() -> int:
    """Return this work's share of the cores; all of them where nothing was said."""
    return _Share.cores or worker_count("auto")


def share_of(workers: int) -> int:
    """Return the share of each of several workers, at least one core."""
    return max(cores_to_use() // max(workers, 1), 1)


def keep_to(cores: int) -> None:
    """Keep this process to so many cores from now on.

    TensorFlow reads its number once, when it is first used; OpenCV has its own.
    """
    _Share.cores = cores
    for pool in ("INTRAOP", "INTEROP"):
        os.environ.setdefault(f"TF_NUM_{pool}_THREADS", str(cores))


@contextmanager
def kept_to(cores: int) -> Iterator[None]:
    """Keep work inside the block to so many cores."""
    before = _Share.cores
    _Share.cores = cores
    try:
        yield
    finally:
        _Share.cores = before


@dataclass(frozen=True)
class Sharing(Generic[Item, Result]):
    """A function that keeps its process to some cores; picklable."""

    func: Callable[[Item], Result]
    cores: int

    def __call__(self, item: Item) -> Result:
        """Call the function."""
        keep_to(self.cores)
        return self.func(item)
