"""The `gridding` pipeline."""

from sea_ice_kedro.pipelines.gridding.pipeline import create_pipeline

__all__ = ["create_pipeline"]
