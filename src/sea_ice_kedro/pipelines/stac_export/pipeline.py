"""Whatever a run has made → product_catalogue: a static STAC catalogue.

What no run has made is None (`pipelines.SUMMARIES`).
"""

from kedro.pipeline import Node, Pipeline

from sea_ice_kedro.pipelines.stac_export.nodes import describe_products


def create_pipeline() -> Pipeline:
    """Wire the `stac_export` pipeline."""
    return Pipeline(
        [
            Node(
                func=describe_products,
                inputs=[
                    "scene_index",
                    "class_maps",
                    "predictions",
                    "filtered_scenes",
                    "quicklooks",
                    "prediction_quicklooks",
                    "region_series#table",
                    "concentration_maps",
                    "network_region_series#table",
                    "network_concentration_maps",
                ],
                outputs="product_catalogue",
                name="describe_products",
            ),
        ],
        tags="stac_export",
    )
