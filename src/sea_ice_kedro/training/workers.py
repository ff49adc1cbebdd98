"""The workers seam: `fit` asks what to share and never asks who the others are."""

from collections.abc import Sequence
from typing import Any, Protocol, TypeVar

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
        """Do nothing: there is nobody else."""

    def add_up(self, sums: Any) -> Any:  # noqa: ANN401
        """Return the sums as they are."""
        return sums

    def from_chief(self, value: Value) -> Value:
        """Return the value as it is."""
        return value
