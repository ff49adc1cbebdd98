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
                    "class_maps@tags",
                    "predictions@tags",
                    "filtered_scenes@tags",
                    "quicklooks",
                    "prediction_quicklooks",
                    "region_series",
                    "concentration_maps@tags",
                    "ice_region_series",
                    "ice_concentration_maps@tags",
                ],
                outputs="product_catalogue",
                name="describe_products",
            ),
        ],
        tags="catalogue",
    )
