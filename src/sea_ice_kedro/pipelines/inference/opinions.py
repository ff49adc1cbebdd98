"""A second opinion of every scene: labels by brightness against the network's map."""

import logging
from dataclasses import asdict, fields
from functools import partial

import pandas as pd

from sea_ice_kedro.datasets.stored_partitions import load_many
from sea_ice_kedro.engines import Partitions, map_partitions
from sea_ice_kedro.imagery.arrays import ClassMap, FilteredScene
from sea_ice_kedro.imagery.labelling import BrightnessThresholds
from sea_ice_kedro.imagery.predictions import PredictedMap
from sea_ice_kedro.imagery.second_opinion import (
    SecondOpinion,
    SecondOpinionOptions,
    compare_maps,
    doubts_of,
)
from sea_ice_kedro.pipelines.scenes import of_index

_LOG = logging.getLogger(__name__)

_NAMED = 10
"""Scenes in doubt that the log names; the table has all."""

_COLUMNS = ["scene_id", *(field.name for field in fields(SecondOpinion)), "doubts"]


def compare_opinions(  # noqa: PLR0913 - a node's inputs are its arguments
    scene_index: pd.DataFrame,
    filtered_scenes: Partitions[FilteredScene],
    class_maps: Partitions[ClassMap],
    predictions: Partitions[PredictedMap],
    thresholds: BrightnessThresholds,
    options: SecondOpinionOptions,
) -> Partitions[pd.DataFrame]:
    """Declare the comparison of every scene, a table of one row; made when saved.

    Args:
        scene_index: A row a scene.
        filtered_scenes: Scene id -> loader of one scene, as it was labelled.
        class_maps: Scene id -> loader of one class map by brightness.
        predictions: Scene id -> loader of one class map by the network.
        thresholds: What the labels were made with.
        options: From where on a scene is doubted.
    """
    compare = partial(_compared, thresholds=thresholds, options=options)
    return map_partitions(
        compare,
        of_index(scene_index, filtered_scenes, "the filtered scene", "filtering"),
        of_index(scene_index, class_maps, "the class map", "autolabel"),
        of_index(scene_index, predictions, "the prediction", "inference"),
    )


def _compared(
    scene: FilteredScene,
    class_map: ClassMap,
    prediction: PredictedMap,
    thresholds: BrightnessThresholds,
    options: SecondOpinionOptions,
) -> pd.DataFrame:
    opinion = compare_maps(scene, class_map, prediction, thresholds, options)
    doubts = "; ".join(doubts_of(opinion, options))
    row = {"scene_id": scene.scene_id, **asdict(opinion), "doubts": doubts}
    return pd.DataFrame([row])


def summarise_opinions(
    scene_index: pd.DataFrame, opinions: Partitions[pd.DataFrame]
) -> pd.DataFrame:
    """Make the table of both maps of every scene, and warn of scenes in doubt.

    Returns:
        `scene_id`, the fields of `SecondOpinion`, and `doubts`: the reasons, "" where
        there are none.
    """
    ids = (i for i in scene_index["scene_id"] if i in opinions)
    tables = list(load_many(opinions, ids).values())
    table = pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()
    table = table.reindex(columns=_COLUMNS)
    table["doubts"] = table["doubts"].fillna("")
    _warn(table[table["doubts"] != ""])
    return table


def _warn(doubted: pd.DataFrame) -> None:
    """Name the scenes in doubt, not more than fit on a screen."""
    for row in doubted.head(_NAMED).itertuples():
        _LOG.warning("%s: %s; look at its pictures", row.scene_id, row.doubts)
    if len(doubted) > _NAMED:
        more = len(doubted) - _NAMED
        _LOG.warning("%d more scenes are in doubt: second_opinion.csv names them", more)
