"""Whatever a run has made → product_catalogue: a static STAC catalogue.

Nodes take what they can do without as `| None` (hooks.OptionalInputHooks).
"""

from kedro.pipeline import Node, Pipeline

from sea_ice_kedro.pipelines.catalogue.nodes import describe_products


def create_pipeline() -> Pipeline:
    """Wire the `catalogue` pipeline."""
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
                    "region_series",
                    "concentration_maps",
                    "ice_region_series",
                    "ice_concentration_maps",
                ],
                outputs="product_catalogue",
                name="describe_products",
            ),
        ],
        tags="catalogue",
    )
