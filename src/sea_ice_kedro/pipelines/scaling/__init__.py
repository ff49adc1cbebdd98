"""The `scaling` pipeline."""

from sea_ice_kedro.pipelines.scaling.pipeline import create_pipeline

__all__ = ["create_pipeline"]
