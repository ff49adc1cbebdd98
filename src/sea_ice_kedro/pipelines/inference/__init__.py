"""The `inference` pipeline."""

from sea_ice_kedro.pipelines.inference.pipeline import create_pipeline

__all__ = ["create_pipeline"]
