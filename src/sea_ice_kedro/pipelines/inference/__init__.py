"""Any scene → predictions, network_statistics, quicklooks, and their polar grid."""

import logging
from dataclasses import asdict, fields
from functools import partial
from typing import Any

import pandas as pd
from kedro.pipeline import Node, Pipeline

from sea_ice_kedro.datasets.parallel_partitions import StoredPartitions, load_many
from sea_ice_kedro.engines import Partitions, map_partitions
from sea_ice_kedro.imagery.arrays import RGB, ClassMap, FilteredScene, Scene
from sea_ice_kedro.imagery.classes import FigureOptions
from sea_ice_kedro.imagery.predictions import PredictedMap, Prediction
from sea_ice_kedro.imagery.scores import area_km2
from sea_ice_kedro.imagery.second_opinion import (
    SecondOpinion,
    SecondOpinionOptions,
    compare_maps,
    doubts_of,
)
from sea_ice_kedro.pipelines import ingestion
from sea_ice_kedro.pipelines.gridding import grid_predictions
from sea_ice_kedro.pipelines.scenes import (
    NO_PIXELS,
    class_areas,
    facts_by_scene,
    of_index,
)
from sea_ice_kedro.pipelines.time_series import follow_predictions
from sea_ice_kedro.rasters.geotiff import Facts
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


# --- A second opinion of every scene: labels by brightness against the network's map

_LOG = logging.getLogger(__name__)

_NAMED = 10
"""Scenes in doubt that the log names; the table has all."""

_COLUMNS = ["scene_id", *(field.name for field in fields(SecondOpinion)), "doubts"]


def compare_opinions(
    scene_index: pd.DataFrame,
    filtered_scenes: Partitions[FilteredScene],
    class_maps: Partitions[ClassMap],
    predictions: Partitions[PredictedMap],
    options: SecondOpinionOptions,
) -> Partitions[pd.DataFrame]:
    """Declare the comparison of every scene, a table of one row; made when saved.

    Args:
        scene_index: A row a scene.
        filtered_scenes: Scene id -> loader of one scene, as it was labelled.
        class_maps: Scene id -> loader of one class map by brightness.
        predictions: Scene id -> loader of one class map by the network.
        options: From where on a scene is doubted.
    """
    return map_partitions(
        partial(_compared, options=options),
        of_index(scene_index, filtered_scenes, "the filtered scene", "filtering"),
        of_index(scene_index, class_maps, "the class map", "autolabel"),
        of_index(scene_index, predictions, "the prediction", "inference"),
    )


def _compared(
    scene: FilteredScene,
    class_map: ClassMap,
    prediction: PredictedMap,
    options: SecondOpinionOptions,
) -> pd.DataFrame:
    opinion = compare_maps(scene, class_map, prediction, options)
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


# --- Wiring

NAMESPACE = "inference"
"""Of the scenes that are only predicted: they stay apart from those learnt from."""

_PRODUCTS = {
    "predictions",
    "network_statistics#table",
    "prediction_quicklooks",
    "network_cell_counts",
    "network_daily_grid#table",
    "network_concentration_map#figure",
    "network_region_series#table",
    "network_concentration_series#figure",
    "network_daily_cubes",
    "network_concentration_maps",
}
_PARAMETERS = {
    "params:ingestion",
    "params:inference",
    "params:autolabel.quicklooks",
    "params:figures",
    "params:gridding.grid",
    "params:time_series",
}


def create_pipeline() -> Pipeline:
    """Wire the `inference` pipeline: scenes of the configured source, one model."""
    ingested = ingestion.create_pipeline().only_nodes(
        "find_scenes", "download_scenes", "ingest_scenes", "index_scenes"
    )
    return Pipeline(
        [ingested, map_ingested("served_model")],
        inputs={"served_model"},
        outputs=_PRODUCTS,
        parameters=_PARAMETERS,
        namespace=NAMESPACE,
        tags=NAMESPACE,
    )


def map_ingested(unet: str) -> Pipeline:
    """Wire the prediction of the scenes that the `ingestion` pipeline has stored.

    Args:
        unet: Name of the dataset that loads the network, "auto_original.unet_onnx".
    """
    nodes = _maps(
        unet,
        ("predictions", "network_statistics#table", "prediction_quicklooks"),
        ("predict_scenes", "summarise_ice", "draw_prediction_quicklooks"),
    )
    return Pipeline([grid_predictions(), follow_predictions(), *nodes], tags=NAMESPACE)


def map_with_polar() -> Pipeline:
    """Wire maps of the ingested scenes by the network that ships, beside the others.

    They are a second opinion of the labels by brightness.
    """
    compared = Node(
        func=compare_opinions,
        inputs=[
            "scene_index",
            "filtered_scenes",
            "class_maps",
            "polar_predictions",
            "params:second_opinion",
        ],
        outputs="opinions",
        name="compare_opinions",
    )
    summarised = Node(
        func=summarise_opinions,
        inputs=["scene_index", "opinions"],
        outputs="second_opinion#table",
        name="summarise_opinions",
    )
    maps = _maps(
        "polar_network",
        ("polar_predictions", "polar_statistics#table", "polar_quicklooks"),
        ("predict_with_polar", "summarise_polar_ice", "draw_polar_quicklooks"),
    )
    return Pipeline([*maps, compared, summarised], tags=NAMESPACE)


def _maps(
    unet: str, products: tuple[str, str, str], names: tuple[str, str, str]
) -> list[Node]:
    """Wire predictions, their statistics and pictures.

    Args:
        unet: Name of the dataset that loads the network.
        products: Names of the three products.
        names: Names of the nodes that make them.
    """
    predictions, statistics, quicklooks = products
    return [
        Node(
            func=predict_scenes,
            inputs=["scene_index", "scenes@windows", unet, "params:inference"],
            outputs=predictions,
            name=names[0],
        ),
        Node(
            func=summarise_ice,
            inputs=["scene_index", predictions],
            outputs=statistics,
            name=names[1],
        ),
        Node(
            func=draw_prediction_quicklooks,
            inputs=[
                "scene_index",
                "scenes@raster",
                predictions,
                "params:autolabel.quicklooks",
                "params:figures",
            ],
            outputs=quicklooks,
            name=names[2],
        ),
    ]
