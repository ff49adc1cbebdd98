"""The `modeling` pipeline."""

from sea_ice_kedro.pipelines.modeling.pipeline import create_pipeline

__all__ = ["create_pipeline"]
