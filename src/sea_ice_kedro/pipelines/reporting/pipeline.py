"""Whatever a run has made → report: one page for a browser.

What no run has made is None (`pipelines.SUMMARIES`), so that the report of a part of
the pipelines says what is missing, and that of a whole run comes after all that it
tells of.
"""

from kedro.pipeline import Node, Pipeline

from sea_ice_kedro.pipelines.reporting.nodes import draw_report_pictures, write_report
from sea_ice_kedro.pipelines.variants import chosen


def create_pipeline() -> Pipeline:
    """Wire the `reporting` pipeline."""
    return Pipeline(
        [
            Node(
                func=draw_report_pictures,
                inputs=[
                    "run_record",
                    "scene_index",
                    "inference.scene_index",
                    "scenes@raster",
                    "inference.scenes@raster",
                    "filtered_scenes",
                    "class_maps",
                    "predictions",
                    "polar_predictions",
                    "params:reporting",
                    "params:figures",
                ],
                outputs="report_pictures",
                name="draw_report_pictures",
            ),
            Node(
                func=write_report,
                inputs={
                    "run_record": "run_record",
                    "scene_index": "scene_index",
                    "inference_index": "inference.scene_index",
                    "cloud_statistics": "cloud_statistics#table",
                    "label_statistics": "label_statistics#table",
                    "network_statistics": "network_statistics#table",
                    "second_opinion": "second_opinion#table",
                    "evaluation_scores": "evaluation.evaluation_scores#table",
                    "class_scores": "evaluation.class_scores#table",
                    "confusion_matrices": "evaluation.confusion_matrices#table",
                    "chip_split": "chip_split",
                    "region_series": "region_series#table",
                    "network_region_series": "network_region_series#table",
                    "report_pictures": "report_pictures",
                    "product_catalogue": "product_catalogue",
                    "metrics": "evaluation.metrics#json",
                    "options": "params:reporting",
                    "figures": "params:figures",
                    **{v.name: f"{v.name}.training_history#table" for v in chosen()},
                },
                outputs="report",
                name="write_report",
            ),
        ],
        tags="reporting",
    )
