"""What is decided before training: splits, chips, a worker's plan, learning rates."""

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import PurePosixPath
from typing import Any

import numpy as np
import numpy.typing as npt

from sea_ice_kedro.errors import (
    InvalidOption,
    TooFewScenes,
    expect_choice,
    expect_integer,
    expect_number,
)
from sea_ice_kedro.imagery.chips import ChipFacts
from sea_ice_kedro.training.options import (
    TrainingOptions,
    UNetOptions,
    WorkersOptions,
)


@dataclass(frozen=True)
class ChipShard:
    """Metadata of one shard, known without reading its pixels."""

    filepath: str
    scene_id: str
    chip_px: int
    chips: tuple[ChipFacts, ...]
    """One entry per chip of the scene's grid, dropped chips included."""

    facts: Mapping[str, Any] = field(default_factory=dict)
    """How the images were filtered: `images`, `filter`, `thresholds`."""

    fingerprint: str = ""
    """Of what the shard was made from."""

    @property
    def count(self) -> int:
        """Chips in the file."""
        return sum(chip.kept for chip in self.chips)


@dataclass(frozen=True)
class Selection:
    """Some chips of one shard."""

    filepath: str
    count: int
    """Chips in the file."""

    positions: tuple[int, ...]
    """0-based numbers of the wanted ones, ascending."""


def select(
    shards: Sequence[ChipShard], wanted: set[tuple[str, int, int]]
) -> tuple[Selection, ...]:
    """Find chips in their shards.

    Args:
        shards: All shards.
        wanted: (scene_id, row, column) of the chips of a split.

    Returns:
        A selection for each shard that holds at least one of them, in order.
    """
    selections = []
    for shard in shards:
        kept = [chip for chip in shard.chips if chip.kept]
        positions = tuple(
            position
            for position, chip in enumerate(kept)
            if (shard.scene_id, chip.row, chip.column) in wanted
        )
        if positions:
            selections.append(Selection(shard.filepath, len(kept), positions))
    return tuple(selections)


def chip_count(selections: Sequence[Selection]) -> int:
    """Count the chips of a split."""
    return sum(len(selection.positions) for selection in selections)


# --- Which chips are learnt from, chosen by and scored on; whole scenes unless asked

TRAIN, VALIDATION, TEST = ("train", "validation", "test")
DROPPED = "dropped"
"""Split of chips with too few labelled pixels."""

UNSURE = "unsure"
"""Split of chips to learn from whose auto-label is untrustworthy."""


@dataclass(frozen=True)
class SplitOptions:
    """How scenes are divided."""

    by: str = "scene"
    """"scene": all chips of a scene go to one split; "chip": chips of one scene fall
    on both sides, as in Iqrah et al. (2024), which flatters the scores."""

    validation: float = 0.15
    """Share of the scenes (or chips) by which the best epoch is chosen, 0..1; 0: none,
    the last epoch is taken."""

    test: float = 0.25
    """Share of the scenes (or chips) that are only scored on, 0..1; 0: none, and
    nothing tells how right the network is."""

    max_cloud_fraction: float = 0.02
    """Chips where the filter took more for cloud or shadow, 0..1, are not learnt from
    by auto-labels, which are often wrong there; they stay in the test split."""

    seed: int = 2019

    @property
    def least(self) -> int:
        """How many scenes (or chips) the splits need, one for each."""
        return 1 + (self.validation > 0) + (self.test > 0)

    def __post_init__(self) -> None:
        """Refuse shares that leave nothing to learn from."""
        expect_choice("modeling.split.by", self.by, ("scene", "chip"))
        expect_number("modeling.split.validation", self.validation, 0, 1)
        expect_number("modeling.split.test", self.test, 0, 1)
        expect_number(
            "modeling.split.max_cloud_fraction", self.max_cloud_fraction, 0, 1
        )
        if self.validation + self.test >= 1:
            raise InvalidOption(
                "expected modeling.split.validation + test < 1, got "
                f"{self.validation} + {self.test}"
            )
        expect_integer("modeling.split.seed", self.seed, 0, 2**31 - 1)


def split_scenes(scene_ids: Sequence[str], options: SplitOptions) -> list[str]:
    """Assign each chip to a split.

    Args:
        scene_ids: The scene of each chip.
        options: Shares, seed, and whether scenes stay whole.

    Returns:
        "train", "validation" or "test" for each chip.

    Raises:
        TooFewScenes: if a split would stay empty.
    """
    by_scene = options.by == "scene"
    groups = np.array(scene_ids) if by_scene else np.arange(len(scene_ids))
    count, wants_validation = len(np.unique(groups)), options.validation > 0
    if count < options.least:
        raise TooFewScenes(
            f"expected at least {options.least} {options.by}s, to learn from, "
            "to be scored on and to choose the epoch by (unless modeling.split."
            f"validation is 0), got {count}; bring more scenes, split chips of one "
            "scene (modeling.split.by=chip: flatters the scores), or map without "
            "training: kedro run --pipelines ingestion,filtering,autolabel"
        )
    validated = max(round(count * options.validation), 1) * wants_validation
    held = min(max(round(count * options.test), 1), count - 1 - validated)
    held *= options.test > 0
    names = np.full(len(groups), TRAIN, dtype=object)
    for name, share in ((TEST, held), (VALIDATION, validated)):
        names[_draw(groups, names == TRAIN, share, options.seed)] = name
    return [str(name) for name in names]


def _draw(
    groups: npt.NDArray[np.generic], among: npt.NDArray[np.bool_], count: int, seed: int
) -> npt.NDArray[np.intp]:
    """Draw the members of `count` whole groups from those that are among."""
    from sklearn.model_selection import GroupShuffleSplit  # noqa: PLC0415 - slow

    if not count:
        return np.empty(0, np.intp)
    places = np.flatnonzero(among)
    splitter = GroupShuffleSplit(n_splits=1, test_size=count, random_state=seed)
    _, drawn = next(splitter.split(places, groups=groups[places]))
    return np.asarray(places[drawn], np.intp)


# --- All that a worker needs to know to train, small enough to be sent to it


@dataclass(frozen=True)
class TrainingPlan:
    """One network to be trained: paths and settings, no pixels."""

    name: str
    """Name of the network, for logs and errors."""

    train: tuple[Selection, ...]
    validation: tuple[Selection, ...]
    chip_px: int
    class_fractions: tuple[float, ...]
    """Share of each class among the labelled pixels to learn from, 0..1."""

    unet: UNetOptions
    options: TrainingOptions
    workers: WorkersOptions
    folder: str
    """Where checkpoints are kept, and what workers have to say; on several hosts one
    that all of them see."""

    content: str = ""
    """Digest of what the shards were made from, of the network to start from and of
    the code that trains."""

    @property
    def checkpoint(self) -> str:
        """Path of the checkpoint."""
        return f"{self.folder}/checkpoint.npz"

    def fingerprint(self) -> str:
        """Digest all that decides the weights after a given epoch.

        Not the number of epochs, so that training can be extended, unless the
        learning rate or an average depends on it; not how many workers there are to be.
        """
        options = asdict(self.options)
        if not self.options.cosine_decay and self.options.averaged_from is None:
            del options["epochs"]
        for name in ("patience", "cache_mb"):
            del options[name]
        chips = [
            [(PurePosixPath(s.filepath).name, s.positions) for s in split]
            for split in (self.train, self.validation)
        ]
        facts = [self.content, chips, self.chip_px, asdict(self.unet), options]
        return hashlib.sha256(json.dumps(facts).encode()).hexdigest()


# --- How fast to learn when, and how much each class counts

_LAST = 0.01
"""Share of the learning rate that is left at the end of a decay."""


def learning_rate(
    options: TrainingOptions, workers: WorkersOptions, size: int, epoch: float
) -> float:
    """Return the learning rate at a moment of the training.

    With several workers it rises from one worker's to that times their number over the
    first epochs (Goyal et al. 2017, 2.2); with decay it falls along a half cosine
    (Loshchilov & Hutter 2017).

    Args:
        options: Base rate, epochs and decay.
        workers: Scaling and warm-up.
        size: Number of workers.
        epoch: Epochs done, with fraction.
    """
    rate = options.learning_rate
    if workers.scale_learning_rate and size > 1:
        warm = min(epoch / workers.warmup_epochs, 1.0) if workers.warmup_epochs else 1.0
        rate *= 1 + (size - 1) * warm
    if options.cosine_decay:
        share = (1 + math.cos(math.pi * min(epoch / options.epochs, 1.0))) / 2
        rate *= _LAST + (1 - _LAST) * share
    return rate


def balanced_weights(class_fractions: Sequence[float]) -> npt.NDArray[np.float32]:
    """Weigh classes inversely to their share, so that each counts alike.

    Args:
        class_fractions: Share of each class among the labelled pixels, 0..1.

    Returns:
        float32, mean 1 over the pixels; 0 for a class without pixels.
    """
    shares = np.asarray(class_fractions, np.float64)
    present = shares > 0
    weights = np.zeros_like(shares)
    weights[present] = 1 / (shares[present] * present.sum())
    return weights.astype(np.float32)
