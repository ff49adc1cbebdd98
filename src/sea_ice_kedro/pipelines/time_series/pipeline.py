"""daily_grid → region_series, concentration_series, daily_cubes, concentration_maps."""

from kedro.pipeline import Node, Pipeline

from sea_ice_kedro.pipelines.time_series.nodes import (
    follow_regions,
    lay_out_seasons,
    map_days,
)
from sea_ice_kedro.reporting.concentration_series import draw_series


def create_pipeline() -> Pipeline:
    """Wire the `time_series` pipeline: of the class maps by brightness."""
    return _follow("daily_grid#table", "")


def follow_predictions() -> Pipeline:
    """Wire the same of the predictions by a network."""
    return _follow("network_daily_grid#table", "network_")


def _follow(daily: str, prefix: str) -> Pipeline:
    """Wire the time series of a daily grid.

    Args:
        daily: Name of the daily grid.
        prefix: Of the names of products and nodes.
    """
    series = f"{prefix}region_series#table"
    return Pipeline(
        [
            Node(
                func=follow_regions,
                inputs=[daily, "params:time_series"],
                outputs=series,
                name=f"follow_{prefix}regions",
            ),
            Node(
                func=draw_series,
                inputs=[series, "params:figures"],
                outputs=f"{prefix}concentration_series#figure",
                name=f"draw_{prefix}regions",
            ),
            Node(
                func=lay_out_seasons,
                inputs=[daily, series, "scene_index", "params:time_series"],
                outputs=f"{prefix}daily_cubes",
                name=f"lay_out_{prefix}seasons",
            ),
            Node(
                func=map_days,
                inputs=[daily, "scene_index"],
                outputs=f"{prefix}concentration_maps",
                name=f"map_{prefix}days",
            ),
        ],
        tags="time_series",
    )
