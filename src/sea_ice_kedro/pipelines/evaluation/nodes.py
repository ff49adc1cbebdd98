"""Held-out scenes predicted, scored in workers, tabulated and shown."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from math import gcd
from typing import Any

import pandas as pd

from sea_ice_kedro.engines import Partitions, map_partitions
from sea_ice_kedro.engines.base import Task
from sea_ice_kedro.errors import InvalidModel, MissingInput, TooFewScenes
from sea_ice_kedro.imagery.arrays import RGB, ClassMap, FilteredScene, Scene
from sea_ice_kedro.imagery.chips import EvaluationOptions, Window, score_chips
from sea_ice_kedro.imagery.classes import FigureOptions
from sea_ice_kedro.imagery.labelling import BrightnessThresholds, label_scene
from sea_ice_kedro.imagery.predictions import PredictedMap, Prediction
from sea_ice_kedro.pipelines.scenes import of_index
from sea_ice_kedro.pipelines.variants import VARIANTS
from sea_ice_kedro.rasters.stored_scene import StoredScene
from sea_ice_kedro.reporting import evaluation_figures as sheets
from sea_ice_kedro.reporting import score_tables
from sea_ice_kedro.reporting.evaluation_figures import SampleChip
from sea_ice_kedro.reporting.score_tables import chip_table, records_of
from sea_ice_kedro.training.model_file import ModelFile
from sea_ice_kedro.training.plan import TEST, TRAIN, VALIDATION
from sea_ice_kedro.training.predict import InferenceOptions, predicting

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


# --- The scores of one scene, declared by the nodes and computed in a worker


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


# --- The scores of all held-out scenes, as tables


def tables_of(
    partitions: Partitions[pd.DataFrame], scene_ids: list[str], **columns: str
) -> Iterator[pd.DataFrame]:
    """Load the tables of the scenes that could be scored, one at a time.

    Raises:
        MissingInput: if there is none.
    """
    found = [i for i in scene_ids if i in partitions]
    if not found:
        raise MissingInput(
            "expected the scores of a held-out scene, got none; score again: "
            "kedro run --pipelines evaluation"
        )
    for scene_id in found:
        yield partitions[scene_id]().assign(**columns)


def tabulate_scores(
    chip_split: pd.DataFrame,
    scene_index: pd.DataFrame,
    options: EvaluationOptions,
    threshold_scores: Partitions[pd.DataFrame],
    **chip_scores: Partitions[pd.DataFrame],
) -> dict[str, Any]:
    """Sum the confusion matrices of all chips and derive every score from them.

    Args:
        chip_split: Which chips are held out.
        scene_index: A row a scene.
        options: From which cloud fraction on a chip is cloudy.
        threshold_scores: Scene id -> scores of the labels by brightness.
        chip_scores: Name of a variant -> scene id -> scores of its network.

    Returns:
        The tables `evaluation_scores` (with `model_checksum`, that of the maps by the
        same network), `class_scores` and `confusion_matrices`.
    """
    ids = list(held_out_scenes(chip_split, scene_index))
    networks: dict[tuple[str, str], str] = {}

    def tables() -> Iterator[pd.DataFrame]:
        yield from tables_of(threshold_scores, ids, method="thresholds", labels="none")
        for name, partitions in chip_scores.items():
            variant = VARIANTS[name]
            facts = {"labels": variant.labels, "images": variant.images}
            for table in tables_of(partitions, ids, method="unet", **facts):
                for checksum in table.get("model_checksum", pd.Series()).dropna():
                    networks[variant.labels, variant.images] = str(checksum)
                yield table

    sums = score_tables.sum_counts(tables(), options.cloudy_min_fraction)
    scores = score_tables.tabulate_scores(sums)
    keys = zip(scores["labels"], scores["images"], strict=True)
    checksums = [networks.get(key, "") for key in keys]
    return {
        "evaluation_scores": scores.assign(model_checksum=checksums),
        "class_scores": score_tables.tabulate_classes(sums),
        "confusion_matrices": score_tables.tabulate_matrices(sums),
    }


def compare_auto_labels(
    chip_split: pd.DataFrame,
    scene_index: pd.DataFrame,
    threshold_scores: Partitions[pd.DataFrame],
    options: EvaluationOptions,
) -> pd.DataFrame:
    """Tabulate how alike auto-labels and manual labels look (SSIM)."""
    ids = list(held_out_scenes(chip_split, scene_index))
    chips = pd.concat(tables_of(threshold_scores, ids), ignore_index=True)
    return score_tables.tabulate_similarity(chips, options)


def compare_with_paper(
    evaluation_scores: pd.DataFrame,
) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, Any]]:
    """Lay the scores out as Tables IV and V, and pick the headline numbers."""
    return (
        score_tables.tabulate_like_paper(evaluation_scores, ["all"]),
        score_tables.tabulate_like_paper(evaluation_scores, ["cloudy", "clear"]),
        score_tables.summarise(evaluation_scores),
    )


# --- Held-out scenes predicted, scored and shown


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
            partial(score_prediction, held_out=scene),
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
    score = partial(score_thresholds_of, thresholds=thresholds)
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
        samples += cut_samples(rows, scenes[i], *loaded)
    card = unet.card()
    ordered = sorted(samples, key=lambda chip: chip.cloud_fraction)
    return sheets.draw_samples(ordered, card.name, f"{card.images} image", figures)
