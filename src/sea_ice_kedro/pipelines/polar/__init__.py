"""The `polar` pipeline."""

from sea_ice_kedro.pipelines.polar.pipeline import create_pipeline

__all__ = ["create_pipeline"]
