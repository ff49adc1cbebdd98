"""The `floes` pipeline."""

from sea_ice_kedro.pipelines.floes.pipeline import create_pipeline

__all__ = ["create_pipeline"]
