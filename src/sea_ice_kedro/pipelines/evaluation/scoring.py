"""The scores of one scene, declared by the nodes and computed in a worker."""

import pandas as pd

from sea_ice_kedro.imagery.arrays import ClassMap, FilteredScene, Scene
from sea_ice_kedro.imagery.chip_scores import score_chips
from sea_ice_kedro.imagery.labelling import BrightnessThresholds, label_scene
from sea_ice_kedro.imagery.predictions import PredictedMap
from sea_ice_kedro.pipelines.evaluation.held_out import HeldOutScene
from sea_ice_kedro.reporting.prediction_samples import SampleChip
from sea_ice_kedro.reporting.score_tables import chip_table, records_of


def score_prediction(
    reference: ClassMap,
    prediction: PredictedMap,
    filtered: FilteredScene,
    *,
    held_out: HeldOutScene,
) -> pd.DataFrame:
    """Score one prediction in each held-out chip: a row a chip, with its network."""
    flags = filtered.flags
    chips = score_chips(reference.codes, prediction.codes, flags, held_out.windows)
    return chip_table(
        held_out.scene_id,
        held_out.reference,
        chips,
        model_checksum=prediction.model_checksum,
    )


def score_thresholds_of(  # noqa: PLR0913 - three maps, the chips and the limits
    reference: ClassMap,
    scene: Scene,
    class_map: ClassMap,
    filtered: FilteredScene,
    *,
    held_out: HeldOutScene,
    thresholds: BrightnessThresholds,
) -> pd.DataFrame:
    """Score the labels by brightness of one scene: a row a chip and kind of images.

    Args:
        reference: What they are compared with.
        scene: As ingested; labelled here.
        class_map: The auto-label: labels of the filtered scene. Left out where it is
            the reference itself.
        filtered: Its quality band tells where cloud and shadow are.
        held_out: The chips.
        thresholds: Brightness cut-offs, 0..255.
    """
    manual = held_out.reference == "manual"
    maps = {"original": label_scene(scene, thresholds)}
    if manual:
        maps["filtered"] = class_map
    tables = []
    for images, labels in maps.items():
        chips = score_chips(
            reference.codes,
            labels.codes,
            filtered.flags,
            held_out.windows,
            with_ssim=manual,
        )
        table = chip_table(held_out.scene_id, held_out.reference, chips, images=images)
        tables.append(table)
    return pd.concat(tables, ignore_index=True)


def cut_samples(
    chosen: pd.DataFrame,
    held_out: HeldOutScene,
    scene: Scene,
    reference: ClassMap,
    prediction: ClassMap,
) -> list[SampleChip]:
    """Cut the chosen chips of one scene.

    Args:
        chosen: A row a chip: `row`, `column`, `cloud_fraction`.
        held_out: The scene's chips.
        scene: What the network was given.
        reference: What it is compared with.
        prediction: What it said.
    """
    windows = {(w.row, w.column): w for w in held_out.windows}
    samples = []
    for chip in records_of(chosen):
        window = windows[chip["row"], chip["column"]]
        rows = slice(window.row, window.row + window.size)
        columns = slice(window.column, window.column + window.size)
        sample = SampleChip(
            chip_id=window.chip_id(held_out.scene_id),
            image=scene.rgb[rows, columns],
            valid_mask=scene.valid_mask[rows, columns],
            reference=reference.codes[rows, columns],
            prediction=prediction.codes[rows, columns],
            kind=held_out.reference,
            cloud_fraction=chip["cloud_fraction"],
        )
        samples.append(sample)
    return samples
