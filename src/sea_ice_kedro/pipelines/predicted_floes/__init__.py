"""The `predicted_floes` pipeline."""

from sea_ice_kedro.pipelines.predicted_floes.pipeline import create_pipeline

__all__ = ["create_pipeline"]
