"""class_maps → floe_polygons, lead_polygons, their tables, summary and figure."""

from kedro.pipeline import Node, Pipeline

from sea_ice_kedro.pipelines.floes.nodes import (
    count_sizes,
    draw_floes,
    outline_regions,
    summarise_floes,
    tabulate,
)


def create_pipeline() -> Pipeline:
    """Wire the `floes` pipeline: of the class maps by brightness."""
    return measure_maps("scene_index", "class_maps", "")


def measure_maps(index: str, maps: str, prefix: str) -> Pipeline:
    """Wire floes and leads of some maps.

    Args:
        index: Name of the index of their scenes.
        maps: Name of the folder of maps.
        prefix: Of the names of products and nodes.
    """
    floes, leads = f"{prefix}floes#table", f"{prefix}leads#table"
    summary = f"{prefix}floe_summary#table"
    return Pipeline(
        [
            Node(
                func=outline_regions,
                inputs=[index, maps, "params:floes"],
                outputs=[f"{prefix}floe_polygons", f"{prefix}lead_polygons"],
                name=f"outline_{prefix}regions",
            ),
            Node(
                func=tabulate,
                inputs=[index, f"{prefix}floe_polygons"],
                outputs=floes,
                name=f"tabulate_{prefix}floes",
            ),
            Node(
                func=tabulate,
                inputs=[index, f"{prefix}lead_polygons"],
                outputs=leads,
                name=f"tabulate_{prefix}leads",
            ),
            Node(
                func=count_sizes,
                inputs=[index, floes, maps, "params:floes"],
                outputs=f"{prefix}floe_sizes#table",
                name=f"count_{prefix}sizes",
            ),
            Node(
                func=summarise_floes,
                inputs=[index, floes, leads, maps],
                outputs=summary,
                name=f"summarise_{prefix}floes",
            ),
            Node(
                func=draw_floes,
                inputs=[floes, leads, summary],
                outputs=f"{prefix}floe_figure#figure",
                name=f"draw_{prefix}floes",
            ),
        ],
        tags="floes",
    )
