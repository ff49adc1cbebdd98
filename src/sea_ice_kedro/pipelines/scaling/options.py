"""Options in `params:scaling`."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from sea_ice_kedro.errors import InvalidOption, expect_integer


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


# --- Options in `params:scaling`

_PUBLISHED_SIDES = (1, 2, 4)
"""Executors, and cores of each, of Table II."""


@dataclass(frozen=True, order=True)
class SparkShape:
    """A Spark cluster: how many executors, and how many cores each."""

    executors: int
    cores: int

    @property
    def slots(self) -> int:
        """How many tasks run at a time."""
        return self.executors * self.cores

    def __str__(self) -> str:
        """Write it as the options do: "2x1"."""
        return f"{self.executors}x{self.cores}"


ONE = SparkShape(1, 1)


@dataclass(frozen=True)
class ScalingOptions:
    """How much work is measured, in which settings, how often."""

    chips: int = 4224
    """Chips that are labelled in every measurement; the paper has 4 224."""

    chip_px: int = 256
    """Rows and columns of a chip."""

    scene_px: int = 2048
    """Rows and columns of the simulated scenes that chips are cut from."""

    processes: Sequence[int] | int | str = "auto"
    """Of Table I, beginning with 1: [1, 2, 4] or "1+2+4" (a comma would end the setting
    in --params); "auto": 1, 2, 4, ... up to the cores of this machine."""

    executors: Sequence[str] | str = "auto"
    """Of Table II, executors x cores, beginning with 1x1: ["1x1", "2x1"] or "1x1+2x1";
    "auto": those of the paper that fit on the cores of this machine."""

    executor_memory_mib: int = 3072
    """Java memory of one executor; together they hold all chips."""

    repeats: int = 3
    """Every setting is measured so often, in turns; medians count."""

    seed: int = 2019
    """Of the simulated scenes."""

    training: TrainingScalingOptions = field(default_factory=TrainingScalingOptions)
    """Of Table III."""

    def __post_init__(self) -> None:
        """Refuse settings that cannot be measured or compared."""
        if isinstance(self.training, dict):
            record = TrainingScalingOptions(**self.training)
            object.__setattr__(self, "training", record)
        expect_integer("scaling.chips", self.chips, 1, 1_000_000)
        expect_integer("scaling.chip_px", self.chip_px, 16, 4096)
        expect_integer("scaling.scene_px", self.scene_px, 32, 10_980)
        expect_integer(
            "scaling.executor_memory_mib", self.executor_memory_mib, 512, 2**20
        )
        expect_integer("scaling.repeats", self.repeats, 1, 100)
        expect_integer("scaling.seed", self.seed, 0, 2**32 - 1)
        if self.chip_px > self.scene_px:
            raise InvalidOption(
                "expected scaling.chip_px <= scaling.scene_px, got "
                f"{self.chip_px} and {self.scene_px}"
            )
        self.process_counts(1)
        self.spark_shapes(1)

    def process_counts(self, cores: int) -> list[int]:
        """Return the numbers of processes to measure.

        Args:
            cores: That this machine has; what "auto" goes up to.

        Raises:
            InvalidOption: if one is no number of processes, or 1 is not the first.
        """
        if self.processes == "auto":
            powers = [2**n for n in range(cores.bit_length())]
            return powers if powers[-1] == cores else [*powers, cores]
        counts = [_count(given) for given in _listed(self.processes)]
        _expect_first("processes", 1, counts)
        return counts

    def spark_shapes(self, cores: int) -> list[SparkShape]:
        """Return the executors x cores to measure.

        Args:
            cores: That this machine has; what "auto" fits on.

        Raises:
            InvalidOption: if one is not executors x cores, or 1x1 is not the first.
        """
        if self.executors == "auto":
            published = [
                SparkShape(n, c) for n in _PUBLISHED_SIDES for c in _PUBLISHED_SIDES
            ]
            return [shape for shape in published if shape.slots <= cores]
        shapes = [_shape(given) for given in _listed(self.executors)]
        _expect_first("executors", ONE, shapes)
        return shapes


def _listed(given: object) -> list[object]:
    if isinstance(given, str):
        return [part.strip() for part in given.split("+")]
    return list(given) if isinstance(given, Sequence) else [given]


def _count(given: object) -> int:
    text = str(given)
    if not re.fullmatch("[1-9][0-9]{0,3}", text):
        raise InvalidOption(
            "expected scaling.processes as whole numbers of at least 1, joined by "
            f'"+": 1+2+4, got {given!r}'
        )
    return int(text)


def _shape(given: object) -> SparkShape:
    found = re.fullmatch("([1-9][0-9]{0,2})x([1-9][0-9]{0,2})", str(given))
    if not found:
        raise InvalidOption(
            "expected scaling.executors as executors x cores of each, joined by "
            f'"+": 1x1+1x2+2x1, got {given!r}'
        )
    return SparkShape(int(found[1]), int(found[2]))


def _expect_first(name: str, first: object, given: Sequence[object]) -> None:
    """Refuse a list without what all is compared with, or with anything twice."""
    if given[:1] != [first] or len(set(given)) != len(given):
        raise InvalidOption(
            f"expected scaling.{name} to begin with {first}, which the others are "
            f"compared with, each once, got {'+'.join(map(str, given)) or 'none'}"
        )
