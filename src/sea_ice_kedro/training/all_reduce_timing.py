"""How long averaging arrays takes between workers of this machine, without training."""

import os
import statistics
import time
from collections.abc import Sequence

import tensorflow as tf

from sea_ice_kedro.training.horovod_workers import (
    HorovodWorkers,
    end_with,
    run_workers,
)
from sea_ice_kedro.training.options import WorkersOptions
from sea_ice_kedro.training.ring_all_reduce import Sample
from sea_ice_kedro.training.workers import Workers

_FLOAT32 = 4
_WARM_UP = 3


def time_all_reduces(count: int, sizes: Sequence[int], repeats: int) -> list[Sample]:
    """Average float32 arrays as gradients are, and time it.

    Args:
        count: Workers.
        sizes: Bytes of the arrays.
        repeats: Of each; medians count.

    Returns:
        A sample a size, as the chief saw it.
    """
    options = WorkersOptions(count=count)
    task = (list(sizes), repeats, os.getpid())
    return run_workers(_time_as_worker, task, options, count)[0]


def _time_as_worker(sizes: list[int], repeats: int, launcher: int) -> list[Sample]:
    end_with(launcher)
    workers = HorovodWorkers()
    workers.prepare_device()
    return [(workers.size, size, _median_s(workers, size, repeats)) for size in sizes]


def _median_s(workers: Workers, size: int, repeats: int) -> float:
    array = tf.Variable(tf.ones(max(size // _FLOAT32, 1)))

    @tf.function(jit_compile=False)  # type: ignore[untyped-decorator]
    def average() -> tf.Tensor:
        return workers.average([array.value()])[0][:1]

    times = []
    for _ in range(_WARM_UP + repeats):
        start = time.perf_counter()
        average().numpy()
        times.append(time.perf_counter() - start)
    return statistics.median(times[_WARM_UP:])
