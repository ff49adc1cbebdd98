"""source → scenes, manual labels, scene_index."""

from kedro.pipeline import Node, Pipeline

from sea_ice_kedro.pipelines.ingestion.nodes import (
    download_scenes,
    find_scenes,
    index_scenes,
    ingest_manual_labels,
    ingest_scenes,
)


def create_pipeline() -> Pipeline:
    """Wire the `ingestion` pipeline."""
    return Pipeline(
        [
            Node(
                func=find_scenes,
                inputs="params:ingestion",
                outputs="scene_listing",
                name="find_scenes",
            ),
            Node(
                func=download_scenes,
                inputs="scene_listing",
                outputs="downloads@raster",
                name="download_scenes",
            ),
            Node(
                func=ingest_scenes,
                inputs=[
                    "scene_listing",
                    "downloads@stored",
                    "params:ingestion",
                ],
                outputs="scenes@raster",
                name="ingest_scenes",
            ),
            Node(
                func=ingest_manual_labels,
                inputs=["scene_listing", "params:ingestion"],
                outputs="manual_labels",
                name="ingest_manual_labels",
            ),
            Node(
                func=index_scenes,
                inputs=["scene_listing", "scenes@raster"],
                outputs="scene_index",
                name="index_scenes",
            ),
        ],
        tags="ingestion",
    )
