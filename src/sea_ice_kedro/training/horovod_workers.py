"""Several workers through Horovod (Sergeev & Del Balso 2018); its only module here.

Horovod 0.28.1 has Keras 3 train without averaging when its `DistributedOptimizer` is
used. So nothing of `horovod.keras` is: gradients are all-reduced explicitly between
tape and optimizer, and the chief's variables are broadcast before the first step.
"""

import json
import logging
import os
import shutil
import signal
import statistics
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import horovod
import horovod.tensorflow as hvd
import numpy as np
import tensorflow as tf

from sea_ice_kedro.engines.base import worker_count
from sea_ice_kedro.errors import SeaIceError, TrainingFailed
from sea_ice_kedro.rasters.files import writing
from sea_ice_kedro.training.fit import fit
from sea_ice_kedro.training.launch import Value, Workers
from sea_ice_kedro.training.options import WorkersOptions
from sea_ice_kedro.training.plan import TrainingPlan
from sea_ice_kedro.training.ring_all_reduce import Sample

_SAID = "workers"
"""Folder below the plan's in which each worker leaves what ended it."""

_BROKEN = ("HOROVOD_CYCLE_TIME", "HOROVOD_CACHE_CAPACITY")
"""`horovod.run` sets them to "(None,)": each worker would burn half a core idle."""

_RANKS = ("HOROVOD_RANK", "OMPI_COMM_WORLD_RANK", "PMI_RANK")
"""Where Gloo's and MPI's launchers say which worker this is."""

_SIGNALS = (signal.SIGINT, signal.SIGTERM)

_LOST = ("Horovod", "gloo", "NCCL", "MPI_", "by peer", "Broken pipe")
"""In the message with which a collective operation fails after another worker died."""


class HorovodWorkers:
    """This process among those that `horovod.run` has started."""

    def __init__(self) -> None:
        """Join the others."""
        for name in _BROKEN:
            os.environ.pop(name, None)
        hvd.init()
        self.rank, self.size = hvd.rank(), hvd.size()

    @property
    def is_chief(self) -> bool:
        """Whether this is rank 0."""
        return bool(self.rank == 0)

    def prepare_device(self) -> None:
        """Take the GPU of this local rank, or a share of the host's cores."""
        gpus = tf.config.list_physical_devices("GPU")
        if gpus:
            if hvd.local_rank() >= len(gpus):
                raise TrainingFailed(
                    f"expected a GPU for each of {hvd.local_size()} workers of this "
                    f"host, got {len(gpus)}; lower modeling.workers.count, or the "
                    "host's slots in modeling.workers.hosts"
                )
            mine = gpus[hvd.local_rank()]
            tf.config.experimental.set_memory_growth(mine, True)
            tf.config.set_visible_devices(mine, "GPU")
        else:
            share = max(worker_count("auto") // hvd.local_size(), 1)
            tf.config.threading.set_intra_op_parallelism_threads(share)
            tf.config.threading.set_inter_op_parallelism_threads(share)

    def average(self, gradients: Sequence[Any]) -> list[Any]:
        """All-reduce gradients to their mean; inside a `tf.function`."""
        return [
            hvd.allreduce(
                g, op=hvd.Average, name=f"gradient{i}", ignore_name_scope=True
            )
            for i, g in enumerate(gradients)
        ]

    def broadcast(self, variables: Sequence[Any]) -> None:
        """Set Keras variables to the chief's values."""
        # Horovod needs the tf.Variable inside a Keras 3 variable.
        hvd.broadcast_variables([v.value for v in variables], root_rank=0)

    def add_up(self, sums: Any) -> Any:  # noqa: ANN401
        """Sum a float64 array over all workers."""
        total = hvd.allreduce(tf.constant(np.asarray(sums)), op=hvd.Sum, name="sums")
        return total.numpy()

    def from_chief(self, value: Value) -> Value:
        """Return the chief's value of a small object."""
        shared: Value = hvd.broadcast_object(value, root_rank=0)
        return shared


def launch(plan: TrainingPlan, count: int) -> None:
    """Start the workers and wait until the network is trained.

    Args:
        plan: What to train; its folder holds the checkpoint afterwards.
        count: Number of workers.

    Raises:
        TrainingFailed: if a worker failed or died; names it and says why.
    """
    expect_built_for(plan.workers.controller, plan.workers.collectives)
    said = Path(plan.folder) / _SAID
    shutil.rmtree(said, ignore_errors=True)
    said.mkdir(parents=True)
    try:
        run_workers(work, (plan, os.getpid()), plan.workers, count)
    except Exception as error:
        raise TrainingFailed(what_ended(plan, count, error)) from error


def run_workers(
    task: Callable[..., Value],
    args: tuple[Any, ...],
    options: WorkersOptions,
    count: int,
) -> list[Value]:
    """Call a function in as many new processes, and wait for all.

    Args:
        task: An importable function; it makes its `HorovodWorkers` itself.
        args: Of the function, small enough to be sent.
        options: How the processes find each other.
        count: Number of workers.

    Returns:
        What each returned, by rank.
    """
    names = options.network_interfaces
    with _signals_kept():
        results: list[Value] = horovod.run(
            task,
            args=args,
            num_proc=count,
            hosts=options.hosts or f"localhost:{count}",
            use_gloo=options.controller == "gloo",
            use_mpi=options.controller == "mpi",
            network_interfaces=names.split("+") if names else None,
            ssh_port=options.ssh_port,
            start_timeout=options.start_timeout_s,
            disable_cache=True,
        )
    return results


def expect_built_for(controller: str, collectives: str) -> None:
    """Refuse a way of communication that this Horovod was not built with.

    Raises:
        TrainingFailed: naming what is missing and how Horovod is built with it.
    """
    built = {"gloo": hvd.gloo_built, "mpi": hvd.mpi_built, "nccl": hvd.nccl_built}
    for way in {controller, collectives} - {"any"}:
        if not built[way]():
            raise TrainingFailed(
                f"expected a Horovod built with {way}, got one with "
                f"{', '.join(w for w in built if built[w]()) or 'none'}; build it with "
                "HOROVOD_GPU_OPERATIONS=NCCL or HOROVOD_WITH_MPI=1, use NVIDIA's "
                "container (deploy/dgx), or change modeling.workers"
            )


def work(plan: TrainingPlan, launcher: int) -> None:
    """Train as one of the workers; what ends this one is left for the launcher."""
    rank = next((os.environ[name] for name in _RANKS if name in os.environ), "0")
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
    if plan.workers.hosts is None:
        end_with(launcher)
    try:
        fit(plan, HorovodWorkers())
    # Whatever it is, the launcher only sees that there was something.
    except BaseException as error:
        meant = isinstance(error, SeaIceError)
        note = {
            "time": time.time(),
            "meant": meant,
            "message": str(error) if meant else f"{type(error).__name__}: {error}",
            "trace": traceback.format_exc(),
        }
        # Whole or absent: the others' launcher may kill this worker any moment.
        with writing(f"{plan.folder}/{_SAID}/rank{rank}.json") as part:
            part.write_text(json.dumps(note), encoding="utf-8")
        raise


def end_with(launcher: int) -> None:
    """Have this worker end when the run that started it is killed."""
    threading.Thread(target=_exit_with, args=(launcher,), daemon=True).start()


def _exit_with(launcher: int) -> None:
    while True:
        try:
            os.kill(launcher, 0)
        except ProcessLookupError:
            os._exit(1)
        time.sleep(1)


def what_ended(plan: TrainingPlan, count: int, error: Exception) -> str:
    """Report which worker ended the training, and why."""
    notes = []
    for path in (Path(plan.folder) / _SAID).glob("rank*.json"):
        note = json.loads(path.read_text(encoding="utf-8"))
        # What others say of a lost worker is less than what it says itself.
        later = not note["meant"] and any(word in note["message"] for word in _LOST)
        notes.append((later, note["time"], path.stem.removeprefix("rank"), note))
    kept = "checkpoints are kept, and a new run goes on from the last"
    firsthand = [note for note in notes if not note[0]]
    if firsthand:
        _, _, rank, note = min(firsthand, key=lambda n: n[:3])
        trace = "" if note["meant"] else f"\n{note['trace']}"
        return f"{note['message']} (worker {rank} of {count}; {kept}){trace}"
    said = " ".join(str(error).split())
    return (
        f"{plan.name}: expected {count} workers to train to the end, got one that died "
        f"without a word (killed, or out of memory) or that never started: {said}; "
        f"{kept}. Try fewer workers or a smaller modeling.training.batch_size"
    )


@contextmanager
def _signals_kept() -> Iterator[None]:
    """Put signal handlers back: `horovod.run` replaces them for good."""
    before = {number: signal.getsignal(number) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


# --- How long averaging arrays takes between workers of this machine, without training

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
