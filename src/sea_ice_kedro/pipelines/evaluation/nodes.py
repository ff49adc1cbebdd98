"""Held-out scenes predicted, scored and shown."""

from functools import partial

import pandas as pd

from sea_ice_kedro.engines import Partitions, map_partitions
from sea_ice_kedro.engines.tasks import Task
from sea_ice_kedro.imagery.arrays import RGB, ClassMap, FilteredScene, Scene
from sea_ice_kedro.imagery.chip_scores import EvaluationOptions
from sea_ice_kedro.imagery.labelling import BrightnessThresholds
from sea_ice_kedro.imagery.palettes import FigureOptions
from sea_ice_kedro.imagery.predictions import PredictedMap, Prediction
from sea_ice_kedro.pipelines.evaluation import scoring
from sea_ice_kedro.pipelines.evaluation.held_out import (
    expect_not_learnt,
    held_out_of,
    held_out_scenes,
    references_of,
)
from sea_ice_kedro.pipelines.evaluation.tables import tables_of
from sea_ice_kedro.rasters.stored_scene import StoredScene
from sea_ice_kedro.reporting import prediction_samples as sheets
from sea_ice_kedro.training.model_file import ModelFile
from sea_ice_kedro.training.predict import InferenceOptions, predicting


def predict_held_out(  # noqa: PLR0913 - a node's inputs are its arguments
    chip_split: pd.DataFrame,
    scene_index: pd.DataFrame,
    chip_index: pd.DataFrame,
    scene_windows: Partitions[StoredScene],
    unet: ModelFile,
    options: InferenceOptions,
) -> Partitions[Prediction]:
    """Declare the prediction of every scene with held-out chips, whole.

    Args:
        chip_split: Which chips are held out.
        scene_index: A row a scene.
        chip_index: What the network has learnt from.
        scene_windows: Scene id -> loader of a handle of the ingested scene.
        unet: The network; it knows whether scenes are to be filtered first.
        options: Windows and their overlap.

    Raises:
        InvalidModel: if the network has learnt from a chip that is now held out.
    """
    scenes = held_out_scenes(chip_split, scene_index)
    expect_not_learnt(chip_split, chip_index)
    chosen = held_out_of(scenes, scene_windows, "the ingested raster", "ingestion")
    return map_partitions(predicting(unet, options), chosen)


def score_held_out(  # noqa: PLR0913 - a node's inputs are its arguments
    chip_split: pd.DataFrame,
    scene_index: pd.DataFrame,
    predictions: Partitions[PredictedMap],
    class_maps: Partitions[ClassMap],
    manual_labels: Partitions[ClassMap],
    filtered_scenes: Partitions[FilteredScene],
) -> Partitions[pd.DataFrame]:
    """Declare the scores of every held-out chip, a table a scene.

    Each scene is compared with its manual label, or with its auto-label where nobody
    has labelled it; the two are never summed.
    """
    scenes = held_out_scenes(chip_split, scene_index)
    references = references_of(scenes, class_maps, manual_labels)
    predicted = held_out_of(scenes, predictions, "the prediction", "evaluation")
    filtered = held_out_of(scenes, filtered_scenes, "the filtered scene", "filtering")
    return {
        i: Task(
            partial(scoring.score_prediction, held_out=scene),
            (references[i], predicted[i], filtered[i]),
        )
        for i, scene in scenes.items()
    }


def score_thresholds(  # noqa: PLR0913 - a node's inputs are its arguments
    chip_split: pd.DataFrame,
    scene_index: pd.DataFrame,
    scenes: Partitions[Scene],
    class_maps: Partitions[ClassMap],
    manual_labels: Partitions[ClassMap],
    filtered_scenes: Partitions[FilteredScene],
    thresholds: BrightnessThresholds,
) -> Partitions[pd.DataFrame]:
    """Declare the scores of the labels by brightness, the baseline of all networks."""
    held_out = held_out_scenes(chip_split, scene_index)
    references = references_of(held_out, class_maps, manual_labels)
    inputs = (
        held_out_of(held_out, scenes, "the ingested raster", "ingestion"),
        held_out_of(held_out, class_maps, "the class map", "autolabel"),
        held_out_of(held_out, filtered_scenes, "the filtered scene", "filtering"),
    )
    score = partial(scoring.score_thresholds_of, thresholds=thresholds)
    return {
        i: Task(
            partial(score, held_out=scene),
            (references[i], *(partitions[i] for partitions in inputs)),
        )
        for i, scene in held_out.items()
    }


def draw_samples(  # noqa: PLR0913 - a node's inputs are its arguments
    chip_split: pd.DataFrame,
    scene_index: pd.DataFrame,
    images: Partitions[Scene],
    predictions: Partitions[ClassMap],
    class_maps: Partitions[ClassMap],
    manual_labels: Partitions[ClassMap],
    chip_scores: Partitions[pd.DataFrame],
    unet: ModelFile,
    options: EvaluationOptions,
    figures: FigureOptions,
) -> RGB:
    """Draw some held-out chips: image | reference | prediction.

    Returns:
        uint8 (height, width, 3).
    """
    scenes = held_out_scenes(chip_split, scene_index)
    references = references_of(scenes, class_maps, manual_labels)
    chips = pd.concat(tables_of(chip_scores, list(scenes)), ignore_index=True)
    chosen = sheets.choose_samples(chips, options)
    samples: list[sheets.SampleChip] = []
    for scene_id, rows in chosen.groupby("scene_id"):  # one scene in memory at a time
        i = str(scene_id)
        loaded = images[i](), references[i](), predictions[i]()
        samples += scoring.cut_samples(rows, scenes[i], *loaded)
    card = unet.card()
    ordered = sorted(samples, key=lambda chip: chip.cloud_fraction)
    return sheets.draw_samples(ordered, card.name, f"{card.images} image", figures)
