"""Whatever a run has made → report: one page for a browser.

What no run has made is None (`pipelines.SUMMARIES`), so that the report of a part of
the pipelines says what is missing, and that of a whole run comes after all that it
tells of.
"""

from typing import Any

import numpy as np
import pandas as pd
from kedro.pipeline import Node, Pipeline

from sea_ice_kedro.datasets.parallel_partitions import load_many
from sea_ice_kedro.engines import Partitions
from sea_ice_kedro.errors import MissingInput
from sea_ice_kedro.imagery.arrays import ClassMap, FilteredScene, Scene
from sea_ice_kedro.imagery.classes import FigureOptions
from sea_ice_kedro.imagery.predictions import PredictedMap
from sea_ice_kedro.pipelines.variants import chosen
from sea_ice_kedro.reporting.run_report.page import render_report
from sea_ice_kedro.reporting.run_report.pictures import (
    Pictures,
    ReportOptions,
    pictures_of,
)
from sea_ice_kedro.reporting.run_report.report_inputs import (
    ReportInputs,
    is_of_inference,
    products_of,
)
from sea_ice_kedro.run_record import RunRecord


def draw_report_pictures(  # noqa: PLR0913 - a node's inputs are its arguments
    run_record: RunRecord,
    scene_index: pd.DataFrame | None,
    inference_index: pd.DataFrame | None,
    scenes: Partitions[Scene] | None,
    inference_scenes: Partitions[Scene] | None,
    filtered_scenes: Partitions[FilteredScene] | None,
    class_maps: Partitions[ClassMap] | None,
    predictions: Partitions[PredictedMap] | None,
    polar_predictions: Partitions[PredictedMap] | None,
    options: ReportOptions,
    figures: FigureOptions,
) -> Partitions[Pictures]:
    """Declare the pictures of every scene of the report, of what there is of it.

    Args:
        run_record: Tells which scenes came in last.
        scene_index: Scenes of the `ingestion` pipeline.
        inference_index: Scenes of the `inference` pipeline on its own.
        scenes: Scene id -> loader of one scene, as ingested.
        inference_scenes: The same, of `inference`.
        filtered_scenes: Scene id -> loader of one filtered scene.
        class_maps: Scene id -> loader of one class map by brightness.
        predictions: Scene id -> loader of one class map by a network.
        polar_predictions: The same, by the network that ships.
        options: How large, and of how many scenes.
        figures: The colours of the classes.
    """
    inferred = is_of_inference(run_record, scene_index, inference_index)
    index = _index_of(scene_index, inference_index, inferred)
    rasters: dict[str, Partitions[Any] | None] = {
        "scene": inference_scenes if inferred else scenes,
        "filtered": None if inferred else filtered_scenes,
        "class_map": None if inferred else class_maps,
        "prediction": predictions,
        "polar": None if inferred else polar_predictions,
    }
    there = {name: loaders for name, loaders in rasters.items() if loaders}
    found = {
        i: {name: loaders[i] for name, loaders in there.items() if i in loaders}
        for i in pictured(index["scene_id"].tolist(), options.pictured_scenes)
    }
    return {
        i: pictures_of(loads, options, figures) for i, loads in found.items() if loads
    }


def pictured(scene_ids: list[str], at_most: int) -> list[str]:
    """Choose scenes to picture: all, or so many, evenly spread."""
    count = min(at_most, len(scene_ids))
    places = np.linspace(0, len(scene_ids) - 1, count).round().astype(int)
    return [scene_ids[place] for place in places]


def write_report(  # noqa: PLR0913 - a node's inputs are its arguments
    run_record: RunRecord,
    scene_index: pd.DataFrame | None,
    inference_index: pd.DataFrame | None,
    cloud_statistics: pd.DataFrame | None,
    label_statistics: pd.DataFrame | None,
    network_statistics: pd.DataFrame | None,
    second_opinion: pd.DataFrame | None,
    evaluation_scores: pd.DataFrame | None,
    class_scores: pd.DataFrame | None,
    confusion_matrices: pd.DataFrame | None,
    chip_split: pd.DataFrame | None,
    region_series: pd.DataFrame | None,
    network_region_series: pd.DataFrame | None,
    report_pictures: Partitions[Pictures] | None,
    product_catalogue: Any | None,  # noqa: ANN401 - pystac is imported late
    metrics: dict[str, Any] | None,
    options: ReportOptions,
    figures: FigureOptions,
    **training_histories: pd.DataFrame | None,
) -> str:
    """Write the run report as one HTML page that needs nothing beside it.

    `metrics` holds nothing that `evaluation_scores` does not: taking it has the report
    come after the last table of a run.
    """
    inferred = is_of_inference(run_record, scene_index, inference_index)
    index = _index_of(scene_index, inference_index, inferred)
    shown = pictured(index["scene_id"].tolist(), options.pictured_scenes)
    drawn = report_pictures or {}
    material = ReportInputs(
        scenes=index,
        record=run_record,
        clouds=None if inferred else cloud_statistics,
        labels=None if inferred else label_statistics,
        ice=network_statistics,
        opinions=None if inferred else second_opinion,
        scores=evaluation_scores,
        class_scores=class_scores,
        matrices=confusion_matrices,
        split=chip_split,
        seasons={
            "label": None if inferred else region_series,
            "ice": network_region_series,
        },
        histories={
            name: table
            for name, table in training_histories.items()
            if table is not None
        },
        pictures=load_many(drawn, (i for i in shown if i in drawn)),
        figures=figures,
        products=products_of(product_catalogue, set(shown))
        if product_catalogue is not None
        else {},
    )
    return render_report(material)


def _index_of(
    scene_index: pd.DataFrame | None,
    inference_index: pd.DataFrame | None,
    inferred: bool,
) -> pd.DataFrame:
    index = inference_index if inferred else scene_index
    if index is None:
        raise MissingInput(
            "expected scenes to report on (scene_index), got none; bring some in: "
            "kedro run --pipelines ingestion,filtering,autolabel,reporting"
        )
    return index


# --- Wiring


def create_pipeline() -> Pipeline:
    """Wire the `reporting` pipeline."""
    return Pipeline(
        [
            Node(
                func=draw_report_pictures,
                inputs=[
                    "run_record",
                    "scene_index",
                    "inference.scene_index",
                    "scenes@raster",
                    "inference.scenes@raster",
                    "filtered_scenes",
                    "class_maps",
                    "predictions",
                    "polar_predictions",
                    "params:reporting",
                    "params:figures",
                ],
                outputs="report_pictures",
                name="draw_report_pictures",
            ),
            Node(
                func=write_report,
                inputs={
                    "run_record": "run_record",
                    "scene_index": "scene_index",
                    "inference_index": "inference.scene_index",
                    "cloud_statistics": "cloud_statistics#table",
                    "label_statistics": "label_statistics#table",
                    "network_statistics": "network_statistics#table",
                    "second_opinion": "second_opinion#table",
                    "evaluation_scores": "evaluation.evaluation_scores#table",
                    "class_scores": "evaluation.class_scores#table",
                    "confusion_matrices": "evaluation.confusion_matrices#table",
                    "chip_split": "chip_split",
                    "region_series": "region_series#table",
                    "network_region_series": "network_region_series#table",
                    "report_pictures": "report_pictures",
                    "product_catalogue": "product_catalogue",
                    "metrics": "evaluation.metrics#json",
                    "options": "params:reporting",
                    "figures": "params:figures",
                    **{v.name: f"{v.name}.training_history#table" for v in chosen()},
                },
                outputs="report",
                name="write_report",
            ),
        ],
        tags="reporting",
    )
