"""Seeds → worlds → chips → `polar`, the network that ships."""

from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd
from kedro.pipeline import Node, Pipeline

from sea_ice_kedro.datasets.training import DescribedChips, WorkFolder
from sea_ice_kedro.engines import Partitions
from sea_ice_kedro.engines.base import Task
from sea_ice_kedro.errors import InvalidOption, expect_integer
from sea_ice_kedro.imagery.chips import ChipOptions, chip_windows, cut_chips
from sea_ice_kedro.imagery.classes import QualityFlag
from sea_ice_kedro.imagery.worlds import draw_world
from sea_ice_kedro.pipelines.modeling.nodes import export_unet, index_chips, train_unet
from sea_ice_kedro.reporting.run_figures import draw_learning_curves
from sea_ice_kedro.training.model_file import ModelFile, TrainedUNet
from sea_ice_kedro.training.options import (
    AugmentationOptions,
    TrainingOptions,
    UNetOptions,
    WorkersOptions,
)
from sea_ice_kedro.training.plan import TRAIN, VALIDATION, ChipShard, SplitOptions


@dataclass(frozen=True)
class WorldOptions:
    """Which worlds `polar` learns from."""

    count: int = 5000
    """Worlds to learn from: seeds from `seed` on."""

    validation: int = 120
    """Further worlds that the loss is told of and probabilities are calibrated on."""

    size_px: int = 512
    """Rows and columns of a world: its context is that of so large a scene."""

    chip_px: int = 256
    """Rows and columns of the chips that it is cut into."""

    seed: int = 0
    """Seeds from 1 000 000 on are left to `benchmarks.labels`, which scores on them."""

    def __post_init__(self) -> None:
        """Refuse what no network can be trained on."""
        expect_integer("polar.worlds.count", self.count, 1, 500_000)
        expect_integer("polar.worlds.validation", self.validation, 2, 100_000)
        expect_integer("polar.worlds.size_px", self.size_px, 64, 4096)
        expect_integer("polar.worlds.chip_px", self.chip_px, 32, self.size_px)
        step = max(_SCALES) * 2**_SHAPE.depth
        if self.chip_px % step:
            raise InvalidOption(
                f"expected polar.worlds.chip_px to be a multiple of {step}, got "
                f"{self.chip_px}"
            )
        expect_integer("polar.worlds.seed", self.seed, 0, 400_000)

    def split_of(self, number: int) -> str:
        """Return the split of a world by its number, 0-based."""
        return TRAIN if number < self.count else VALIDATION


@dataclass(frozen=True)
class PolarTraining:
    """How long and how fast `polar` learns."""

    epochs: int = 3
    """Times that every chip is seen."""

    averaged_epochs: int = 2
    """The mean of the weights after so many last epochs is kept."""

    batch_size: int = 16
    """Chips a step."""

    learning_rate: float = 0.002
    """Adam's learning rate; it falls along a half cosine."""

    seed: int = 2019
    """Seed of weights, order of chips and flips."""

    def __post_init__(self) -> None:
        """Refuse to average more epochs than there are."""
        expect_integer(
            "polar.training.averaged_epochs", self.averaged_epochs, 1, self.epochs
        )


_SCALES = (1, 2)
"""On held-out worlds both together lower the loss as much as three more passes do."""

_SHAPE = UNetOptions(6, 8, (0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.1), network="context")


def draw_worlds(options: WorldOptions) -> Partitions[DescribedChips]:
    """Declare the chips of every world; drawn while they are saved.

    Returns:
        World id -> maker of its chips and their truth.
    """
    cut = partial(cut_world, size_px=options.size_px, chip_px=options.chip_px)
    return {
        _name(number): Task(partial(cut, options.seed + number), ())
        for number in range(options.count + options.validation)
    }


def _name(number: int) -> str:
    return f"world_{number:06d}"


def cut_world(seed: int, *, size_px: int, chip_px: int) -> DescribedChips:
    """Draw one world and cut it into chips."""
    world = draw_world(seed, size_px)
    quality = np.where(world.valid_mask, 0, QualityFlag.NODATA).astype(np.uint8)
    options = ChipOptions(chip_px, min_valid_fraction=0.1)
    chips = cut_chips(world.name, world.rgb, world.truth, quality, options)
    return DescribedChips(chips, {"images": "original"})


def index_worlds(options: WorldOptions, chips: Partitions[ChipShard]) -> pd.DataFrame:
    """Make the table of chips and their splits: see `index_chips`."""
    shape = options.size_px, options.size_px
    rows = [
        (_name(number), window.row, window.column, options.split_of(number))
        for number in range(options.count + options.validation)
        for window in chip_windows(shape, options.chip_px)
    ]
    table = pd.DataFrame(rows, columns=["scene_id", "row", "column", "split"])
    return index_chips(table, set(table["scene_id"]), chips)


def train_polar(
    chip_index: pd.DataFrame,
    chips: Partitions[ChipShard],
    checkpoints: WorkFolder,
    options: PolarTraining,
) -> tuple[TrainedUNet, pd.DataFrame]:
    """Train the network, from its last checkpoint on if there is one."""
    training = TrainingOptions(
        epochs=options.epochs,
        averaged_epochs=options.averaged_epochs,
        batch_size=options.batch_size,
        learning_rate=options.learning_rate,
        seed=options.seed,
        cache_mb=0,
        augmentation=AugmentationOptions(cloud_share=0.0),
    )
    settings = SplitOptions(), _SHAPE, training, WorkersOptions()
    return train_unet(chip_index, chips, checkpoints, *settings)


def calibrate_polar(
    chip_index: pd.DataFrame, chips: Partitions[ChipShard], unet: ModelFile
) -> tuple[TrainedUNet, pd.DataFrame]:
    """Scale the network's logits so that its probabilities mean what they say.

    Returns:
        The network; and a table of its confidence against being right, before it leans
        on a scene's limits. One half of the worlds for validation chooses the
        temperature, the other half is reported on; all say how rare "no class" must be.
    """
    # Late: TensorFlow takes seconds, and most commands need none.
    from sea_ice_kedro.training.calibration import calibrate  # noqa: PLC0415
    from sea_ice_kedro.training.plan import select  # noqa: PLC0415

    rows = chip_index[chip_index["split"] == VALIDATION]
    shards = [chips[i]() for i in rows["scene_id"].unique()]
    keys = set(zip(rows["scene_id"], rows["row"], rows["column"], strict=True))
    chosen_by, held_out = select(shards[::2], keys), select(shards[1::2], keys)
    return calibrate(unet, chosen_by, held_out, shards[0].chip_px, _SCALES)


# --- Wiring


def create_pipeline() -> Pipeline:
    """Wire the `polar` pipeline; it needs no scene."""
    return Pipeline(
        [
            Node(draw_worlds, "params:polar.worlds", "polar.chips", name="draw_worlds"),
            Node(
                index_worlds,
                ["params:polar.worlds", "polar.chips"],
                "polar.chip_index",
                name="index_worlds",
            ),
            Node(
                train_polar,
                [
                    "polar.chip_index",
                    "polar.chips",
                    "polar.checkpoints",
                    "params:polar.training",
                ],
                ["polar.unet", "polar.training_history#table"],
                name="train_polar",
            ),
            Node(
                draw_learning_curves,
                "polar.training_history#table",
                "polar.learning_curves#figure",
                name="draw_polar_curves",
            ),
            Node(
                calibrate_polar,
                ["polar.chip_index", "polar.chips", "polar.unet"],
                ["polar.calibrated_unet", "polar.reliability#table"],
                name="calibrate_polar",
            ),
            Node(
                export_unet,
                "polar.calibrated_unet",
                "polar.calibrated_onnx",
                name="export_polar",
            ),
        ],
        tags="polar",
    )
