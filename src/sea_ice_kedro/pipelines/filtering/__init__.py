"""The `filtering` pipeline."""

from sea_ice_kedro.pipelines.filtering.pipeline import create_pipeline

__all__ = ["create_pipeline"]
