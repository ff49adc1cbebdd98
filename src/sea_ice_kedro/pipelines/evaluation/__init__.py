"""The `evaluation` pipeline."""

from sea_ice_kedro.pipelines.evaluation.pipeline import create_pipeline

__all__ = ["create_pipeline"]
