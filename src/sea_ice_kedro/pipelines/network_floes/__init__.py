"""Predictions of the inference pipeline → floes and leads, as of class maps."""

from kedro.pipeline import Pipeline

from sea_ice_kedro.pipelines.floes import measure_maps


def create_pipeline() -> Pipeline:
    """Wire the `network_floes` pipeline: of the maps of `sea-ice-kedro map`."""
    return measure_maps("inference.scene_index", "predictions", "network_")
