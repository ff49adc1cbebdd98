"""Chips, their splits, the plan of a training, and a network trained on them."""

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import asdict, replace
from functools import partial
from typing import Any

import pandas as pd

from sea_ice_kedro.datasets.parallel_partitions import StoredPartitions
from sea_ice_kedro.datasets.training import DescribedChips, WorkFolder
from sea_ice_kedro.engines import Partitions, map_partitions
from sea_ice_kedro.engines.base import recipe_of
from sea_ice_kedro.engines.code import CODE
from sea_ice_kedro.errors import InvalidOption, InvalidScene, TooFewScenes
from sea_ice_kedro.imagery.arrays import ClassMap, FilteredScene, Scene
from sea_ice_kedro.imagery.chips import ChipOptions
from sea_ice_kedro.imagery.classes import NO_CLASS, SeaIceClass
from sea_ice_kedro.imagery.cloud_filter import FilterOptions
from sea_ice_kedro.imagery.labelling import BrightnessThresholds
from sea_ice_kedro.pipelines.filtering import filtering_by
from sea_ice_kedro.pipelines.modeling.labels import cut_scene
from sea_ice_kedro.pipelines.scenes import facts_by_scene, of_index
from sea_ice_kedro.training.checkpoints import Checkpoint
from sea_ice_kedro.training.launch import train
from sea_ice_kedro.training.model_archive import ModelCard
from sea_ice_kedro.training.model_file import ModelFile, TrainedUNet, trained_in
from sea_ice_kedro.training.options import (
    TrainingOptions,
    UNetOptions,
    WorkersOptions,
)
from sea_ice_kedro.training.plan import (
    DROPPED,
    TRAIN,
    UNSURE,
    VALIDATION,
    ChipShard,
    Selection,
    SplitOptions,
    TrainingPlan,
    select,
)

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


# --- Chips, their splits, and a network trained on them


def cut_original_chips(
    scene_index: pd.DataFrame,
    scenes: Partitions[Scene],
    filtered_scenes: Partitions[FilteredScene],
    labels: Partitions[ClassMap],
    options: ChipOptions,
) -> Partitions[DescribedChips]:
    """Declare the chips of every labelled scene, as ingested.

    Args:
        scene_index: A row a scene.
        scenes: Scene id -> loader of one scene.
        filtered_scenes: Scene id -> loader; its quality band tells where cloud is.
        labels: Scene id -> loader of the class map to learn from; scenes that are not
            in it are left out.
        options: Size, and what is dropped.
    """
    labelled = _labelled(scene_index, labels)
    return map_partitions(
        partial(cut_scene, options=options, facts={"images": "original"}),
        of_index(labelled, scenes, "the ingested raster", "ingestion"),
        of_index(labelled, filtered_scenes, "the filtered scene", "filtering"),
        of_index(labelled, labels, "the label", "autolabel"),
    )


def cut_filtered_chips(  # noqa: PLR0913 - a node's inputs are its arguments
    scene_index: pd.DataFrame,
    filtered_scenes: StoredPartitions[FilteredScene],
    labels: Partitions[ClassMap],
    options: ChipOptions,
    filtering: FilterOptions,
    thresholds: BrightnessThresholds,
) -> Partitions[DescribedChips]:
    """Declare the chips of every labelled scene, after the thin-cloud filter.

    How the scenes were filtered goes into every shard, and from there into the model.

    Raises:
        InvalidScene: if a scene was filtered by other settings than the current.
    """
    expected = recipe_of(filtering_by(filtering, thresholds))
    for scene_id, facts in facts_by_scene(scene_index, filtered_scenes).items():
        if facts.get("recipe") != expected:
            raise InvalidScene(
                f"{scene_id}: expected a scene filtered by the current settings, got "
                "one filtered by others; filter again: kedro run --pipelines "
                "filtering,autolabel,modeling"
            )
    made_by = {
        "images": "filtered",
        "filter": asdict(filtering),
        "thresholds": asdict(thresholds.for_filter()),
    }
    labelled = _labelled(scene_index, labels)
    chosen = of_index(labelled, filtered_scenes, "the filtered scene", "filtering")
    return map_partitions(
        partial(cut_scene, options=options, facts=made_by),
        chosen,
        chosen,
        of_index(labelled, labels, "the label", "autolabel"),
    )


def _labelled(scene_index: pd.DataFrame, labels: Partitions[Any]) -> pd.DataFrame:
    return scene_index[scene_index["scene_id"].isin(list(labels))]


def index_chips(
    chip_split: pd.DataFrame,
    labels: Collection[str],
    chips: Partitions[ChipShard],
) -> pd.DataFrame:
    """Make the table of a variant's chips from what their shards say.

    Args:
        chip_split: Which chip is in which split.
        labels: Ids of the scenes to learn from; the folder of shards may hold
            others of earlier runs.
        chips: Scene id -> loader of what is known of its chips.

    Returns:
        A row a chip: `scene_id`, `row`, `column`, `valid_fraction`, `cloud_fraction`,
        `<class>_fraction`, `no_class_fraction` (all 0..1) and `split`, "dropped" where
        too little of it is labelled.
    """
    scene_ids = [
        i for i in chip_split["scene_id"].unique() if i in labels and i in chips
    ]
    rows = [
        {
            "scene_id": scene_id,
            "row": chip.row,
            "column": chip.column,
            "kept": chip.kept,
            "valid_fraction": chip.valid_fraction,
            "cloud_fraction": chip.cloud_fraction,
            **{f"{c.key}_fraction": chip.class_fractions[c] for c in SeaIceClass},
            "no_class_fraction": chip.class_fractions[NO_CLASS],
        }
        for scene_id in scene_ids
        for chip in chips[scene_id]().chips
    ]
    table = pd.DataFrame(rows).merge(chip_split, on=["scene_id", "row", "column"])
    table.loc[~table["kept"], "split"] = DROPPED
    return table.drop(columns="kept")


def index_clear_chips(
    chip_split: pd.DataFrame,
    labels: Partitions[ClassMap],
    chips: Partitions[ChipShard],
    options: SplitOptions,
) -> pd.DataFrame:
    """Make the table of chips, where only those with little cloud are learnt from.

    Auto-labels are wrong where the filter took a lead for shadow or left haze; the
    network learns from clear chips, and to see through cloud from simulated cloud.

    Returns:
        As `index_chips`; chips that would be learnt from and are not, "unsure".
    """
    table = index_chips(chip_split, labels, chips)
    cloudy = table["cloud_fraction"] > options.max_cloud_fraction
    learnt = table["split"].isin([TRAIN, VALIDATION])
    return table.assign(split=table["split"].mask(cloudy & learnt, UNSURE))


def index_corrected_chips(
    chip_split: pd.DataFrame,
    scene_index: pd.DataFrame,
    labels: Partitions[ClassMap],
    chips: Partitions[ChipShard],
    options: SplitOptions,
) -> pd.DataFrame:
    """Make the table of chips, where cloudy ones are learnt from if a person looked.

    In a scene with a label by a person the auto-label stands where it was right.

    Returns:
        As `index_clear_chips`.
    """
    table = index_clear_chips(chip_split, labels, chips, options)
    seen = scene_index.loc[scene_index["manual_label"], "scene_id"]
    looked_at = table["scene_id"].isin(seen) & (table["split"] == UNSURE)
    place = ["scene_id", "row", "column"]
    drawn = table[place].merge(chip_split, on=place, how="left")["split"]
    as_drawn = pd.Series(drawn.tolist(), table.index)
    return table.assign(split=table["split"].mask(looked_at, as_drawn))


def train_unet(  # noqa: PLR0913 - a node's inputs are its arguments
    chip_index: pd.DataFrame,
    chips: Partitions[ChipShard],
    checkpoints: WorkFolder,
    split_options: SplitOptions,
    unet: UNetOptions,
    training: TrainingOptions,
    workers: WorkersOptions,
) -> tuple[TrainedUNet, pd.DataFrame]:
    """Train one network to its end, from its last checkpoint on if there is one.

    Returns:
        The network of the best epoch; and a row an epoch.
    """
    shards = [chips[scene_id]() for scene_id in chip_index["scene_id"].unique()]
    options = (split_options, unet, training, workers)
    plan = make_plan(chip_index, shards, checkpoints, options)
    state = train(plan)
    unscored = split_options.test == 0
    network = finished(shards[0], plan, state, unscored=unscored)
    return network, pd.DataFrame(state.history)


def export_unet(unet: ModelFile) -> TrainedUNet:
    """Take a network out of its .keras file, to be saved as ONNX."""
    return trained_in(unet.path)
