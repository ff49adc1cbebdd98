"""Which labels a network learns from, which chips are for what, and their cutting."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from sea_ice_kedro.datasets.training import DescribedChips
from sea_ice_kedro.engines import Partitions, map_partitions
from sea_ice_kedro.errors import InvalidLabel, TooFewScenes
from sea_ice_kedro.imagery.arrays import ClassMap, FilteredScene, Scene
from sea_ice_kedro.imagery.chips import ChipOptions, chip_windows, cut_chips
from sea_ice_kedro.imagery.classes import NODATA, classed
from sea_ice_kedro.training.launch import expect_batches, expect_package, how_many
from sea_ice_kedro.training.options import TrainingOptions, WorkersOptions
from sea_ice_kedro.training.plan import TRAIN, SplitOptions, split_scenes


def correct(class_map: ClassMap, label: ClassMap) -> ClassMap:
    """Put the label of a person in the place of the auto-label, where it has a class.

    Raises:
        InvalidLabel: if the two are not of one size.
    """
    if class_map.shape != label.shape:
        raise InvalidLabel(
            f"{class_map.scene_id}: expected class map and label of one size, got "
            f"{class_map.shape} and {label.shape}; make both again: kedro run "
            "--pipelines ingestion,filtering,autolabel"
        )
    codes = np.where(label.codes == NODATA, class_map.codes, label.codes)
    return replace(class_map, codes=codes)


def cut_scene(
    scene: Scene,
    filtered: FilteredScene,
    label: ClassMap,
    *,
    options: ChipOptions,
    facts: Mapping[str, Any],
) -> DescribedChips:
    """Cut one scene and its label into chips.

    Args:
        scene: The images, original or filtered; what was not observed becomes 0.
        filtered: Its quality band tells where cloud and shadow are.
        label: The class map to learn from.
        options: Size, and what is dropped.
        facts: How the images were made.

    Raises:
        InvalidLabel: if the label has another size than its scene.
    """
    if not scene.shape == filtered.shape == label.shape:
        raise InvalidLabel(
            f"{scene.scene_id}: expected a label of the scene's size {scene.shape}, "
            f"got {label.shape}; make both again: kedro run --pipelines "
            "ingestion,filtering,autolabel"
        )
    valid_mask = scene.valid_mask
    chips = cut_chips(
        scene.scene_id,
        np.where(valid_mask[..., None], scene.rgb, np.uint8(0)),
        np.where(valid_mask & classed(label.codes), label.codes, np.uint8(NODATA)),
        filtered.flags,
        options,
    )
    return DescribedChips(chips, facts)


# --- Which labels a network learns from, and which chips are for what

_TRAINING, _WORKERS = TrainingOptions(), WorkersOptions()

UNSCORED = (
    "--params modeling.training.start=polar,modeling.split.test=0,"
    "modeling.split.validation=0"
)
"""Settings that need one labelled scene."""


def split_chips(  # noqa: PLR0913 - a node's inputs are its arguments
    scene_index: pd.DataFrame,
    class_maps: Partitions[ClassMap],
    chips: ChipOptions,
    options: SplitOptions,
    training: TrainingOptions = _TRAINING,
    workers: WorkersOptions = _WORKERS,
) -> pd.DataFrame:
    """Assign every chip of every scene to a split, the same for all variants.

    Args:
        scene_index: A row a scene.
        class_maps: By scene id; a scene that could not be labelled has none, and
            no part in a split.
        chips: Size of the grid.
        options: Shares, seed, and whether scenes stay whole.
        training: Its batches must be filled.
        workers: That share the chips.

    Returns:
        A row a chip of the grid: `scene_id`, `row`, `column`, `split`.

    Raises:
        TooFewScenes: if a split would stay empty, or a batch is larger than the split
            to learn from: no chip is cut then.
    """
    table = _grid(scene_index, class_maps, chips)
    return _drawn(table, list(class_maps), options, training, workers)


def split_labelled_chips(  # noqa: PLR0913 - a node's inputs are its arguments
    scene_index: pd.DataFrame,
    class_maps: Partitions[ClassMap],
    manual_labels: Partitions[ClassMap],
    chips: ChipOptions,
    options: SplitOptions,
    training: TrainingOptions = _TRAINING,
    workers: WorkersOptions = _WORKERS,
) -> pd.DataFrame:
    """Assign every chip of the scenes that a person has labelled, and of no other.

    Args, Returns, Raises: as `split_chips`.
    """
    labelled = _labelled(scene_index, class_maps, manual_labels, options)
    table = _grid(scene_index, labelled, chips)
    return _drawn(table, labelled, options, training, workers)


def split_corrected_chips(  # noqa: PLR0913 - a node's inputs are its arguments
    scene_index: pd.DataFrame,
    class_maps: Partitions[ClassMap],
    manual_labels: Partitions[ClassMap],
    chips: ChipOptions,
    options: SplitOptions,
    training: TrainingOptions = _TRAINING,
    workers: WorkersOptions = _WORKERS,
) -> pd.DataFrame:
    """Assign the chips of scenes that a person has labelled; learn from all others.

    What is scored on, and chosen by, is labelled by a person.

    Args, Returns, Raises: as `split_chips`.
    """
    labelled = _labelled(scene_index, class_maps, manual_labels, options)
    table = _grid(scene_index, class_maps, chips)
    return _drawn(table, labelled, options, training, workers)


def _drawn(
    table: pd.DataFrame,
    scene_ids: Collection[str],
    options: SplitOptions,
    training: TrainingOptions,
    workers: WorkersOptions,
) -> pd.DataFrame:
    """Draw the splits over the chips of some scenes; learn from all others."""
    expect_package("tensorflow", "train", "to train a network")
    drawn = table["scene_id"].isin(scene_ids)
    table = table.assign(split=TRAIN)
    table.loc[drawn, "split"] = split_scenes(
        table.loc[drawn, "scene_id"].tolist(), options
    )
    learnt = int((table["split"] == TRAIN).sum())
    # Counting GPUs takes TensorFlow seconds; a number that was given needs none.
    count = workers.count
    workers_count = how_many(workers) if isinstance(count, str) else count
    expect_batches("this run", learnt, training.batch_size, workers_count)
    return table


def _labelled(
    scene_index: pd.DataFrame,
    class_maps: Collection[str],
    manual_labels: Collection[str],
    options: SplitOptions,
) -> list[str]:
    """List the scenes with a label by a person.

    Raises:
        TooFewScenes: if they are fewer than the splits need; says how many more, and
            how to go on without.
    """
    flagged = scene_index.loc[scene_index["manual_label"], "scene_id"]
    labelled = [i for i in flagged if i in class_maps and i in manual_labels]
    least = options.least if options.by == "scene" else 1
    if len(labelled) < least:
        more = least - len(labelled)
        raise TooFewScenes(
            f"expected at least {least} scenes with labels of yours (one to learn "
            "from, others to be scored on and to choose the epoch by: modeling.split), "
            f"got {', '.join(labelled) or 'none'}; label {more} more "
            "(docs/corrections.md)"
            + (f", or train on from polar unscored: {UNSCORED}" if labelled else "")
        )
    return labelled


def _grid(
    scene_index: pd.DataFrame, scene_ids: Collection[str], chips: ChipOptions
) -> pd.DataFrame:
    rows = [
        (scene.scene_id, window.row, window.column)
        for scene in scene_index.itertuples()
        if scene.scene_id in scene_ids
        for window in chip_windows(_shape(scene), chips.size_px)
    ]
    return pd.DataFrame(rows, columns=["scene_id", "row", "column"])


def _shape(scene: Any) -> tuple[int, int]:  # noqa: ANN401 - a row of the index
    return int(scene.height), int(scene.width)


def take_auto_labels(
    scene_index: pd.DataFrame, class_maps: Partitions[ClassMap]
) -> Partitions[ClassMap]:
    """Take the class maps by thresholds to learn from; a failed scene has none."""
    return {i: class_maps[i] for i in scene_index["scene_id"] if i in class_maps}


def take_manual_labels(
    scene_index: pd.DataFrame, manual_labels: Partitions[ClassMap]
) -> Partitions[ClassMap]:
    """Take the manual labels of the last ingestion to learn from, no older ones.

    Raises:
        TooFewScenes: if there is none.
    """
    labelled = scene_index.loc[scene_index["manual_label"], "scene_id"]
    labels = {i: manual_labels[i] for i in labelled if i in manual_labels}
    if not labels:
        raise TooFewScenes(
            "expected manual labels to learn from, got none; bring some "
            "(docs/bring-your-own-scenes.md), or train on auto-labels: "
            "--params modeling.variants=auto_original"
        )
    return labels


def take_corrected_labels(
    scene_index: pd.DataFrame,
    class_maps: Partitions[ClassMap],
    manual_labels: Partitions[ClassMap],
) -> Partitions[ClassMap]:
    """Take the class maps by thresholds, with the labels of a person laid over them.

    Raises:
        TooFewScenes: if no scene is labelled.
    """
    corrections = take_manual_labels(scene_index, manual_labels)
    labels = dict(take_auto_labels(scene_index, class_maps))
    both = {i: labels[i] for i in labels if i in corrections}
    return {**labels, **map_partitions(correct, both, corrections)}
