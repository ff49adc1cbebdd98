"""Inputs of a run report; whatever no run has made is None."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

from sea_ice_kedro.imagery.palettes import ACCESSIBLE, FigureOptions
from sea_ice_kedro.reporting.run_report.pictures import Pictures
from sea_ice_kedro.run_record import RunRecord

INGESTED, INFERRED = "ingestion.index_scenes", "inference.index_scenes"
"""Steps that make an index of scenes."""


@dataclass(frozen=True)
class ReportInputs:
    """The tables and pictures of the scenes that a report is about."""

    scenes: pd.DataFrame
    """A row a scene, as `scene_index` has it."""

    record: RunRecord = field(default_factory=RunRecord)
    clouds: pd.DataFrame | None = None
    """`cloud_statistics`: what the filter did."""

    labels: pd.DataFrame | None = None
    """`label_statistics`: of the class maps by brightness."""

    ice: pd.DataFrame | None = None
    """`network_statistics`: of the class maps by a network."""

    opinions: pd.DataFrame | None = None
    """`second_opinion`: class maps by brightness against the network that ships."""

    scores: pd.DataFrame | None = None
    """`evaluation_scores`."""

    class_scores: pd.DataFrame | None = None
    matrices: pd.DataFrame | None = None
    """`confusion_matrices`."""

    split: pd.DataFrame | None = None
    """`chip_split`: which chip of which scene is learnt from, which is scored on."""

    seasons: Mapping[str, pd.DataFrame | None] = field(default_factory=dict)
    """ "label", "ice" -> `region_series`, of class maps by brightness, by a network."""

    histories: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    """Variant -> `training_history`."""

    pictures: Mapping[str, Pictures] = field(default_factory=dict)
    """Scene id -> its pictures; scenes that are not pictured are not in it."""

    products: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Scene id -> title of each product -> its path from the report."""

    figures: FigureOptions = ACCESSIBLE
    """The colours of the classes."""


def is_of_inference(
    record: RunRecord,
    scene_index: pd.DataFrame | None,
    inference_index: pd.DataFrame | None,
) -> bool:
    """Return which scenes came in last: those of `inference`, or those of `ingestion`.

    Without a record of either, those of `ingestion` go first.
    """
    if scene_index is None or inference_index is None:
        return scene_index is None
    ingested, inferred = record.step(INGESTED), record.step(INFERRED)
    if inferred is None:
        return False
    return ingested is None or inferred.started > ingested.started
