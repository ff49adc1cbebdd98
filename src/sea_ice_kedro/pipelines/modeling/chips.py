"""The chips of one scene, declared by the nodes and cut in a worker."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from sea_ice_kedro.datasets.training import DescribedChips
from sea_ice_kedro.errors import InvalidLabel
from sea_ice_kedro.imagery.arrays import ClassMap, FilteredScene, Scene
from sea_ice_kedro.imagery.chips import ChipOptions, cut_chips
from sea_ice_kedro.imagery.classes import NODATA, classed


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
