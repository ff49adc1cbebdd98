"""From the index of chips to a plan of training, and from its end to a network."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from sea_ice_kedro.datasets.training import WorkFolder
from sea_ice_kedro.engines.code import CODE
from sea_ice_kedro.errors import InvalidOption, TooFewScenes
from sea_ice_kedro.imagery.classes import SeaIceClass
from sea_ice_kedro.imagery.cloud_filter import FilterOptions
from sea_ice_kedro.imagery.labelling import BrightnessThresholds
from sea_ice_kedro.training.checkpoints import Checkpoint
from sea_ice_kedro.training.model_card import ModelCard
from sea_ice_kedro.training.model_file import ModelFile, TrainedUNet
from sea_ice_kedro.training.options import (
    TrainingOptions,
    UNetOptions,
    WorkersOptions,
)
from sea_ice_kedro.training.plan import TrainingPlan
from sea_ice_kedro.training.shard_selection import ChipShard, Selection, select
from sea_ice_kedro.training.splits import TRAIN, VALIDATION, SplitOptions

_TRAINING = "sea_ice_kedro.training.fit:fit"
"""Code that decides the weights; not imported here, as that loads TensorFlow."""


def make_plan(
    chip_index: pd.DataFrame,
    shards: Sequence[ChipShard],
    folder: WorkFolder,
    options: tuple[SplitOptions, UNetOptions, TrainingOptions, WorkersOptions],
) -> TrainingPlan:
    """Say what is to be trained on what.

    Raises:
        InvalidOption: if the chips do not fit the network.
        InvalidModel: if the network to start from is none of this project.
        TooFewScenes: if a split has no chip, or a class no pixel to learn from.
    """
    split, unet, training, workers = options
    made_by = [CODE.digest(_TRAINING), *(shard.fingerprint for shard in shards)]
    content = hashlib.sha256(" ".join(made_by).encode())
    if training.start != "fresh":
        start = ModelFile(training.start)
        unet = start.card().unet
        content.update(start.fingerprint().encode())
    step = 2**unet.depth
    if shards[0].chip_px % step:
        raise InvalidOption(
            f"expected modeling.chips.size_px to be a multiple of {step} for "
            f"modeling.unet.depth {unet.depth}, got {shards[0].chip_px}"
        )
    learnt = chip_index[chip_index["split"] == TRAIN]
    fractions = _class_fractions(learnt, unet)
    _expect_all_classes(folder.name, fractions, training)
    wanted = [TRAIN, VALIDATION] if split.validation > 0 else [TRAIN]
    selections = {w: _select(folder.name, chip_index, shards, w) for w in wanted}
    return TrainingPlan(
        name=folder.name,
        train=selections[TRAIN],
        validation=selections.get(VALIDATION, ()),
        chip_px=shards[0].chip_px,
        class_fractions=fractions,
        unet=unet,
        options=training,
        workers=workers,
        folder=folder.path,
        content=content.hexdigest(),
    )


def _class_fractions(learnt: pd.DataFrame, unet: UNetOptions) -> tuple[float, ...]:
    """Compute the share of each class, and of "no class" where that is an outcome."""
    outcomes = [c.key for c in SeaIceClass] + ["no_class"] * unet.sees_scene
    pixels = [
        float((learnt[f"{key}_fraction"] * learnt["valid_fraction"]).sum())
        for key in outcomes
    ]
    total = sum(pixels)
    return tuple(p / total if total else 0.0 for p in pixels)


def _expect_all_classes(
    name: str, fractions: tuple[float, ...], training: TrainingOptions
) -> None:
    absent = [c.label for c in SeaIceClass if fractions[c] == 0]
    if absent and training.absent_classes == "refuse":
        raise TooFewScenes(
            f"{name}: expected pixels of every class among the chips to learn from, "
            f"got none of {', '.join(absent)}; bring scenes that have some, draw "
            "another split (modeling.split.seed), or go without: --params "
            "modeling.training.absent_classes=accept"
        )


def _select(
    name: str, chip_index: pd.DataFrame, shards: Sequence[ChipShard], wanted: str
) -> tuple[Selection, ...]:
    rows = chip_index[chip_index["split"] == wanted]
    keys = zip(rows["scene_id"], rows["row"], rows["column"], strict=True)
    selections = select(shards, set(keys))
    if not selections:
        raise TooFewScenes(
            f"{name}: expected labelled chips in the split {wanted!r}, got none; bring "
            "more labelled scenes, draw another split (modeling.split.seed), or lower "
            "modeling.chips.min_valid_fraction"
        )
    return selections


def finished(
    shard: ChipShard, plan: TrainingPlan, state: Checkpoint, *, unscored: bool = False
) -> TrainedUNet:
    """Put the network of the best epoch together with its card."""
    facts = shard.facts
    card = ModelCard(
        images=facts["images"],
        chip_px=plan.chip_px,
        unet=plan.unet,
        epochs=state.epoch,
        best_epoch=state.best_epoch,
        unscored=unscored,
    )
    if card.images == "filtered":
        card = replace(
            card,
            filter=FilterOptions(**facts["filter"]),
            thresholds=BrightnessThresholds(**facts["thresholds"]),
        )
    return TrainedUNet(card, state.best)
