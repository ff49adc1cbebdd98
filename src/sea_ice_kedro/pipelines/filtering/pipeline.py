"""scenes → filtered_scenes, cloud_statistics."""

from kedro.pipeline import Node, Pipeline

from sea_ice_kedro.pipelines.filtering.nodes import filter_scenes, summarise_clouds


def create_pipeline() -> Pipeline:
    """Wire the `filtering` pipeline."""
    return Pipeline(
        [
            Node(
                func=filter_scenes,
                inputs=[
                    "scene_index",
                    "scenes@raster",
                    "params:filtering",
                    "params:autolabel.thresholds",
                ],
                outputs="filtered_scenes",
                name="filter_scenes",
            ),
            Node(
                func=summarise_clouds,
                inputs=["scene_index", "filtered_scenes", "params:filtering"],
                outputs="cloud_statistics#table",
                name="summarise_clouds",
            ),
        ],
        tags="filtering",
    )
