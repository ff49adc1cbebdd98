"""The `stac_export` pipeline."""

from sea_ice_kedro.pipelines.stac_export.pipeline import create_pipeline

__all__ = ["create_pipeline"]
