"""Any scene → predictions, network_statistics, quicklooks, and their polar grid."""

from kedro.pipeline import Node, Pipeline

from sea_ice_kedro.pipelines import ingestion
from sea_ice_kedro.pipelines.gridding.pipeline import grid_predictions
from sea_ice_kedro.pipelines.inference.nodes import (
    draw_prediction_quicklooks,
    predict_scenes,
    summarise_ice,
)
from sea_ice_kedro.pipelines.inference.opinions import (
    compare_opinions,
    summarise_opinions,
)
from sea_ice_kedro.pipelines.time_series.pipeline import follow_predictions

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
            "params:autolabel.thresholds",
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
