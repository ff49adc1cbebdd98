"""The `ingestion` pipeline."""

from sea_ice_kedro.pipelines.ingestion.pipeline import create_pipeline

__all__ = ["create_pipeline"]
