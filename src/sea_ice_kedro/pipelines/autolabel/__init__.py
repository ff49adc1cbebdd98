"""The `autolabel` pipeline."""

from sea_ice_kedro.pipelines.autolabel.pipeline import create_pipeline

__all__ = ["create_pipeline"]
