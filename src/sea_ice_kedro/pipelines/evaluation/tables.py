"""The scores of all held-out scenes, as tables."""

from collections.abc import Iterator
from typing import Any

import pandas as pd

from sea_ice_kedro.engines import Partitions
from sea_ice_kedro.errors import MissingInput
from sea_ice_kedro.imagery.chip_scores import EvaluationOptions
from sea_ice_kedro.pipelines.evaluation.held_out import held_out_scenes
from sea_ice_kedro.pipelines.variants import VARIANTS
from sea_ice_kedro.reporting import published_scores, score_tables


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
    return published_scores.tabulate_similarity(chips, options)


def compare_with_paper(
    evaluation_scores: pd.DataFrame,
) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, Any]]:
    """Lay the scores out as Tables IV and V, and pick the headline numbers."""
    return (
        published_scores.tabulate_like_paper(evaluation_scores, ["all"]),
        published_scores.tabulate_like_paper(evaluation_scores, ["cloudy", "clear"]),
        published_scores.summarise(evaluation_scores),
    )
