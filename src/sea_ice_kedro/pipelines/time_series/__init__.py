"""The `time_series` pipeline."""

from sea_ice_kedro.pipelines.time_series.pipeline import create_pipeline

__all__ = ["create_pipeline"]
