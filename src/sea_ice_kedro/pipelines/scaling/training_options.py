"""Options in `params:scaling.training`."""

from collections.abc import Sequence
from dataclasses import dataclass

from sea_ice_kedro.errors import InvalidOption
from sea_ice_kedro.imagery.options import expect_integer


@dataclass(frozen=True)
class TrainingScalingOptions:
    """How Table III is measured, and what for it is modelled."""

    workers: Sequence[int] | int | str = "auto"
    """Of Table III, beginning with 1: [1, 2] or "1+2"; "auto": 1, 2, 4, ... up to the
    GPUs of this machine, or its cores where it has none."""

    steps: int = 8
    """Steps per worker and epoch."""

    epochs: int = 3
    """Of each measurement; the first, which compiles the network, is not timed."""

    all_reduces: int = 20
    """Of every size, to time them; medians count."""

    modelled: Sequence[int] | int | str = "8+16+32+64"
    """Numbers of workers that the model is asked for, besides the paper's."""

    def __post_init__(self) -> None:
        """Refuse settings that cannot be measured or compared."""
        expect_integer("scaling.training.steps", self.steps, 1, 10_000)
        expect_integer("scaling.training.epochs", self.epochs, 2, 1_000)
        expect_integer("scaling.training.all_reduces", self.all_reduces, 1, 10_000)
        self.worker_counts(1)
        self.modelled_counts()

    def worker_counts(self, most: int) -> list[int]:
        """Return the numbers of workers to measure.

        Args:
            most: GPUs of this machine, or its cores; what "auto" goes up to.

        Raises:
            InvalidOption: if one is no number of workers, or 1 is not the first.
        """
        if self.workers == "auto":
            return [2**n for n in range(most.bit_length())]
        counts = _counts("workers", self.workers)
        if counts[0] != 1 or len(set(counts)) < len(counts):
            raise InvalidOption(
                "expected scaling.training.workers to begin with 1, which the others "
                f"are compared with, each once, got {'+'.join(map(str, counts))}"
            )
        return counts

    def modelled_counts(self) -> list[int]:
        """Return the numbers of workers that the model is asked for.

        Raises:
            InvalidOption: if one is no number of workers.
        """
        return _counts("modelled", self.modelled)


def _counts(name: str, given: object) -> list[int]:
    parts = given.split("+") if isinstance(given, str) else given
    listed = list(parts) if isinstance(parts, Sequence) else [parts]
    texts = [str(part).strip() for part in listed]
    if not texts or not all(text.isdecimal() and int(text) for text in texts):
        raise InvalidOption(
            f"expected scaling.training.{name} as whole numbers of at least 1, joined "
            f'by "+": 1+2+4, got {given!r}'
        )
    return [int(text) for text in texts]
