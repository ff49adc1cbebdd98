"""The `calibration` pipeline."""

from sea_ice_kedro.pipelines.calibration.pipeline import create_pipeline

__all__ = ["create_pipeline"]
