"""Class maps by a trained network, their statistics and pictures."""

from functools import partial
from typing import Any

import pandas as pd

from sea_ice_kedro.datasets.stored_partitions import StoredPartitions
from sea_ice_kedro.engines import Partitions, map_partitions
from sea_ice_kedro.imagery.arrays import RGB, Scene
from sea_ice_kedro.imagery.palettes import FigureOptions
from sea_ice_kedro.imagery.predictions import PredictedMap, Prediction
from sea_ice_kedro.imagery.scores import area_km2
from sea_ice_kedro.pipelines.class_areas import NO_PIXELS, class_areas
from sea_ice_kedro.pipelines.scenes import facts_by_scene, of_index
from sea_ice_kedro.rasters.header import Facts
from sea_ice_kedro.rasters.stored_scene import StoredScene
from sea_ice_kedro.reporting.quicklooks import (
    QuicklookOptions,
    draw_prediction_quicklook,
)
from sea_ice_kedro.training.model_file import ModelFile
from sea_ice_kedro.training.predict import InferenceOptions, predicting

_NAN = float("nan")


def predict_scenes(
    scene_index: pd.DataFrame,
    scenes: Partitions[StoredScene],
    unet: ModelFile,
    options: InferenceOptions,
) -> Partitions[Prediction]:
    """Declare the prediction of every scene; computed while it is saved.

    Args:
        scene_index: A row a scene.
        scenes: Scene id -> loader of a handle of one scene.
        unet: The network; a prediction is made again when its file has changed.
        options: How it is laid over scenes.

    Returns:
        Scene id -> maker of one prediction, on the scene's own grid.

    Raises:
        InvalidOption: if the windows do not fit the network, before any prediction of
            an earlier run is touched.
    """
    chosen = of_index(scene_index, scenes, "the ingested raster", "ingestion")
    return map_partitions(predicting(unet, options), chosen)


def summarise_ice(
    scene_index: pd.DataFrame, predictions: StoredPartitions[PredictedMap]
) -> pd.DataFrame:
    """Make the table of predicted areas and concentration, a row a scene.

    Fractions and confidence are 0..1, of the pixels with a class. Areas are true areas
    on the ground; NaN where a scene has no georeference. What the network gives no
    class (opaque cloud, land) is left out of them and counted apart.
    """
    rows = [
        _ice_row(scene_id, facts)
        for scene_id, facts in facts_by_scene(scene_index, predictions).items()
    ]
    return pd.DataFrame(rows, columns=list(_ice_row("", NO_PIXELS)))


def _ice_row(scene_id: str, facts: Facts) -> dict[str, Any]:
    unclassed = facts.get("pixels_unclassed", 0)
    area_m2 = facts.get("pixel_area_m2", _NAN)
    return {
        **class_areas(scene_id, facts),
        "unclassed_fraction": unclassed / facts["pixels"],
        "unclassed_km2": area_km2(unclassed, area_m2),
        "mean_confidence": facts.get("mean_confidence", _NAN),
        "model": facts.get("model", ""),
        "model_checksum": facts.get("model_checksum", ""),
    }


def draw_prediction_quicklooks(
    scene_index: pd.DataFrame,
    scenes: Partitions[Scene],
    predictions: Partitions[PredictedMap],
    options: QuicklookOptions,
    figures: FigureOptions,
) -> Partitions[RGB]:
    """Declare a picture of every scene: scene | prediction | confidence."""
    return map_partitions(
        partial(draw_prediction_quicklook, options=options, figures=figures),
        of_index(scene_index, scenes, "the ingested raster", "ingestion"),
        of_index(scene_index, predictions, "the prediction", "inference"),
    )
