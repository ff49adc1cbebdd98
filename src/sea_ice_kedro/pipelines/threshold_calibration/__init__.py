"""The `threshold_calibration` pipeline."""

from sea_ice_kedro.pipelines.threshold_calibration.pipeline import create_pipeline

__all__ = ["create_pipeline"]
