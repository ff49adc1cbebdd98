"""Held-out scenes and what they are compared with."""

from dataclasses import dataclass
from math import gcd
from typing import Any

import pandas as pd

from sea_ice_kedro.engines import Partitions
from sea_ice_kedro.errors import InvalidModel, MissingInput, TooFewScenes
from sea_ice_kedro.imagery.arrays import ClassMap
from sea_ice_kedro.imagery.chipping import Window
from sea_ice_kedro.pipelines.scenes import of_index
from sea_ice_kedro.training.splits import TEST, TRAIN, VALIDATION

_WHOLE_SCENE = 2**31


@dataclass(frozen=True)
class HeldOutScene:
    """A scene with chips that no network has learnt from."""

    scene_id: str
    reference: str
    """"manual" where a person has labelled it, else "auto"."""

    windows: tuple[Window, ...]
    """Its held-out chips."""


def held_out_scenes(
    chip_split: pd.DataFrame, scene_index: pd.DataFrame
) -> dict[str, HeldOutScene]:
    """List the scenes with held-out chips by their ids, in order of the index.

    Args:
        chip_split: A row a chip of the grid: `scene_id`, `row`, `column`, `split`.
        scene_index: A row a scene: `scene_id`, `manual_label`.

    Raises:
        TooFewScenes: if no chip is held out.
        MissingInput: if a held-out scene is not in the index: the split is of an
            earlier ingestion.
    """
    chips = chip_split[chip_split["split"] == TEST]
    if chips.empty:
        raise TooFewScenes(
            "expected held-out chips (split 'test') in chip_split, got none; split "
            "again: kedro run --pipelines modeling,evaluation. Where "
            "modeling.split.test is 0, nothing is to be scored: leave evaluation out"
        )
    gone = sorted(set(chips["scene_id"]) - set(scene_index["scene_id"]))
    if gone:
        raise MissingInput(
            f"expected the held-out scenes of chip_split in scene_index, got no "
            f"{', '.join(gone)}: other scenes came in since; train again: "
            "kedro run --pipelines modeling,evaluation"
        )
    size = _chip_px(chip_split)
    labelled = zip(scene_index["scene_id"], scene_index["manual_label"], strict=True)
    windows = {
        str(scene_id): tuple(
            Window(int(row), int(column), size)
            for row, column in zip(rows["row"], rows["column"], strict=True)
        )
        for scene_id, rows in chips.groupby("scene_id")
    }
    return {
        i: HeldOutScene(i, "manual" if manual else "auto", windows[i])
        for i, manual in labelled
        if i in windows
    }


def expect_not_learnt(chip_split: pd.DataFrame, chip_index: pd.DataFrame) -> None:
    """Refuse to score a network on what it has learnt from.

    Args:
        chip_split: The current split.
        chip_index: The chips of the network, with the split it was trained by.

    Raises:
        InvalidModel: if a held-out chip was learnt from or chosen by.
    """
    place = ["scene_id", "row", "column"]
    held_out = chip_split.loc[chip_split["split"] == TEST, place]
    learnt = chip_index.loc[chip_index["split"].isin([TRAIN, VALIDATION]), place]
    both = held_out.merge(learnt, on=place)
    if len(both):
        raise InvalidModel(
            f"expected a network that has not learnt from held-out chips, got one that "
            f"has from {len(both)} of {len(held_out)}: the split has changed since it "
            "was trained; train it again: kedro run --pipelines modeling,evaluation"
        )


def _chip_px(chip_split: pd.DataFrame) -> int:
    """Take the size of chips from their grid, the one they were really cut along."""
    places = [*chip_split["row"], *chip_split["column"]]
    return gcd(*map(int, places)) or _WHOLE_SCENE


def held_out_of(
    scenes: dict[str, HeldOutScene],
    partitions: Partitions[Any],
    what: str,
    pipeline: str,
) -> Partitions[Any]:
    """Pick the held-out scenes' partitions; one that is not there fails when used."""
    index = pd.DataFrame({"scene_id": list(scenes)})
    return of_index(index, partitions, what, pipeline)


def references_of(
    scenes: dict[str, HeldOutScene],
    class_maps: Partitions[ClassMap],
    manual_labels: Partitions[ClassMap],
) -> Partitions[ClassMap]:
    """Pick what each scene is compared with: its manual label, else its auto-label."""
    kinds: dict[str, Partitions[ClassMap]] = {
        "manual": held_out_of(scenes, manual_labels, "the manual label", "ingestion"),
        "auto": held_out_of(scenes, class_maps, "the class map", "autolabel"),
    }
    return {i: kinds[scene.reference][i] for i, scene in scenes.items()}
