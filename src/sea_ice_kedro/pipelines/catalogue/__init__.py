"""The `catalogue` pipeline."""

from sea_ice_kedro.pipelines.catalogue.pipeline import create_pipeline

__all__ = ["create_pipeline"]
