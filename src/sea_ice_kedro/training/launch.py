"""Training on as many workers as configured; and what `fit` may ask of them."""

import importlib.util
import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Protocol, TypeVar

from sea_ice_kedro.engines.base import worker_count
from sea_ice_kedro.errors import INSTALL, InvalidOption, MissingPackage, TooFewScenes
from sea_ice_kedro.training.checkpoints import Checkpoint, load_checkpoint
from sea_ice_kedro.training.options import WorkersOptions
from sea_ice_kedro.training.plan import TrainingPlan, chip_count

Value = TypeVar("Value")


class Workers(Protocol):
    """This worker among those that train one network together."""

    rank: int
    """0-based number of this worker."""

    size: int
    """Number of workers."""

    @property
    def is_chief(self) -> bool:
        """Whether this is the worker that writes."""
        ...

    def prepare_device(self) -> None:
        """Take this worker's GPU, or its share of the cores."""
        ...

    def average(self, gradients: Sequence[Any]) -> list[Any]:
        """Give the mean of every gradient over all workers; inside a `tf.function`."""
        ...

    def broadcast(self, variables: Sequence[Any]) -> None:
        """Set Keras variables to the chief's values."""
        ...

    def add_up(self, sums: Any) -> Any:  # noqa: ANN401 - an array
        """Return the sum over all workers of a float64 array."""
        ...

    def from_chief(self, value: Value) -> Value:
        """Return the chief's value of a small object."""
        ...


class OneWorker:
    """Trains alone, in this process."""

    rank = 0
    size = 1
    is_chief = True

    def prepare_device(self) -> None:
        """Take GPU memory as it is needed: other nodes of the run use the GPU too."""
        import tensorflow as tf  # noqa: PLC0415

        for gpu in tf.config.list_physical_devices("GPU"):
            tf.config.experimental.set_memory_growth(gpu, True)

    def average(self, gradients: Sequence[Any]) -> list[Any]:
        """Return the gradients as they are."""
        return list(gradients)

    def broadcast(self, variables: Sequence[Any]) -> None:
        """Do nothing: there is only one worker."""

    def add_up(self, sums: Any) -> Any:  # noqa: ANN401
        """Return the sums as they are."""
        return sums

    def from_chief(self, value: Value) -> Value:
        """Return the value as it is."""
        return value


# --- One call, one trained network

_TOO_NEW = (3, 13)


def train(plan: TrainingPlan) -> Checkpoint:
    """Train a network to its end: in this process, or through Horovod.

    Training resumes from a checkpoint of the same plan; a finished one is returned.

    Args:
        plan: What to train, on what, with how many workers.

    Returns:
        The final state, with the best weights and the history.

    Raises:
        InvalidOption: if there are more workers than GPUs or cores.
        MissingPackage: if TensorFlow, or Horovod for several workers, is missing.
        TooFewScenes: if a worker's share does not fill one batch.
        TrainingFailed: if training broke off; checkpoints are kept.
    """
    expect_package("tensorflow", "train", "to train a network")
    options = plan.options
    state = load_checkpoint(plan.checkpoint, plan.fingerprint())
    if state.is_done(options.epochs, options.patience):
        return state
    count = how_many(plan.workers)
    learnt = chip_count(plan.train)
    expect_batches(plan.name, learnt, options.batch_size, count)
    plan = replace(plan, workers=replace(plan.workers, count=count))
    if count == 1 and plan.workers.hosts is None:
        from sea_ice_kedro.training.fit import fit  # noqa: PLC0415 - TensorFlow

        return fit(plan, OneWorker())
    expect_package("horovod", "horovod", f"for {count} workers")
    from sea_ice_kedro.training.horovod_workers import launch  # noqa: PLC0415

    launch(plan, count)
    return load_checkpoint(plan.checkpoint, plan.fingerprint())


def how_many(options: WorkersOptions) -> int:
    """Resolve the number of workers.

    Raises:
        InvalidOption: if there are more than GPUs, cores or slots of the hosts.
    """
    if options.slots is not None:
        count = options.slots if options.count == "auto" else int(options.count)
        if count > options.slots:
            raise InvalidOption(
                f"expected at most {options.slots} workers, as modeling.workers.hosts "
                f"has slots for ({options.hosts}), got {count}"
            )
        return count
    gpus = gpu_count()
    if options.count == "auto":
        return max(gpus, 1)
    count, cores = int(options.count), worker_count("auto")
    if count > (gpus or cores):
        have = f"{gpus} GPU(s)" if gpus else f"{cores} core(s)"
        raise InvalidOption(
            f"expected at most as many workers as this machine has {have}, got "
            f"modeling.workers.count={count}; use auto, or name other machines in "
            "modeling.workers.hosts"
        )
    return count


def gpu_count() -> int:
    """Count the GPUs of this machine that TensorFlow can use."""
    import tensorflow as tf  # noqa: PLC0415 - only where something is trained

    return len(tf.config.list_physical_devices("GPU"))


def expect_package(name: str, extra: str, purpose: str) -> None:
    """Refuse to go on without an optional package.

    Raises:
        MissingPackage: naming the command that installs it.
    """
    if importlib.util.find_spec(name) is None:
        other = {
            "train": "go without: kedro run --pipelines ingestion,filtering,autolabel "
            "maps by thresholds, kedro run --pipelines inference by polar or any .onnx",
            "horovod": "train with modeling.workers.count=1",
        }
        way = INSTALL[extra]
        if extra == "horovod" and sys.version_info >= _TOO_NEW:
            way = "use Python 3.11 or 3.12, as it needs TensorFlow 2.18"
        raise MissingPackage(
            f"expected the package {name} {purpose}, got none installed; {way} (see "
            f"docs/training.md), or {other[extra]}"
        )


def expect_batches(name: str, chips: int, batch: int, count: int) -> None:
    """Refuse batches that no worker could fill once.

    Args:
        name: Of what is trained, for the message.
        chips: To learn from.
        batch: Chips of a batch.
        count: Workers, each with its share.

    Raises:
        TooFewScenes: naming the numbers.
    """
    if chips // count < batch:
        raise TooFewScenes(
            f"{name}: expected at least {batch * count} chips to learn from "
            f"(modeling.training.batch_size {batch} x {count} worker(s)), got {chips}; "
            "lower the batch size, or bring more scenes"
        )
