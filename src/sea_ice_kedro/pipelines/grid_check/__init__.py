"""The `grid_check` pipeline."""

from sea_ice_kedro.pipelines.grid_check.pipeline import create_pipeline

__all__ = ["create_pipeline"]
