"""The `network_floes` pipeline."""

from sea_ice_kedro.pipelines.network_floes.pipeline import create_pipeline

__all__ = ["create_pipeline"]
