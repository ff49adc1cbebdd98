"""filtered_scenes → class_maps, label_statistics, quicklooks, class_shares."""

import logging
from functools import partial
from typing import Any

import pandas as pd
from kedro.pipeline import Node, Pipeline

from sea_ice_kedro.datasets.parallel_partitions import StoredPartitions
from sea_ice_kedro.datasets.scene import limits_of
from sea_ice_kedro.engines import Partitions, map_partitions
from sea_ice_kedro.imagery.arrays import RGB, ClassMap, FilteredScene, Scene
from sea_ice_kedro.imagery.classes import FigureOptions
from sea_ice_kedro.imagery.labelling import (
    FALLBACKS,
    BrightnessThresholds,
    expect_filtered_for,
    label_scene,
)
from sea_ice_kedro.imagery.scores import area_km2
from sea_ice_kedro.pipelines.scenes import (
    NO_PIXELS,
    class_areas,
    facts_by_scene,
    of_index,
)
from sea_ice_kedro.rasters.geotiff import Facts
from sea_ice_kedro.rasters.stored_scene import given_limits_of
from sea_ice_kedro.reporting.quicklooks import QuicklookOptions, draw_quicklook
from sea_ice_kedro.reporting.run_figures import draw_class_shares

_LOG = logging.getLogger(__name__)

_NAN = float("nan")

_NOTHING = {
    **NO_PIXELS,
    "pixels_untrustworthy": 0,
    "thin_ice_min": 0,
    "thick_ice_min": 0,
    "limits_source": "",
    "water_channel": "",
}
"""Facts of a class map that holds nothing; gives a table without rows its columns."""


def label_scenes(
    scene_index: pd.DataFrame,
    filtered_scenes: StoredPartitions[FilteredScene],
    thresholds: BrightnessThresholds,
) -> Partitions[ClassMap]:
    """Declare the class map of every scene; nothing is computed until it is saved.

    Args:
        scene_index: A row a scene.
        filtered_scenes: Scene id -> loader of one filtered scene.
        thresholds: Brightness cut-offs, 0..255.

    Returns:
        Scene id -> maker of one class map, on the scene's own grid.

    Raises:
        InvalidScene: if a scene was filtered for other limits, before any class map of
            an earlier run is touched.
    """
    for scene_id, facts in facts_by_scene(scene_index, filtered_scenes).items():
        if given_limits_of(facts) is None:
            expect_filtered_for(limits_of(facts), thresholds, scene_id)
    chosen = of_index(scene_index, filtered_scenes, "the filtered scene", "filtering")
    return map_partitions(partial(label_scene, thresholds=thresholds), chosen)


def summarise_labels(
    scene_index: pd.DataFrame, class_maps: StoredPartitions[ClassMap]
) -> pd.DataFrame:
    """Make the table of class areas and concentration, a row a scene.

    Fractions are of the labelled pixels, 0..1. Areas are true areas on the ground; NaN
    where a scene has no georeference. Pixels that could not be restored from cloud or
    shadow are left out of them, and counted apart. Scenes whose limits fell back are
    warned of.
    """
    by_scene = facts_by_scene(scene_index, class_maps)
    rows = [_label_row(scene_id, facts) for scene_id, facts in by_scene.items()]
    for row in rows:
        if row["limits_source"] in FALLBACKS:
            _LOG.warning(
                "%s: %s; labelled with the limits %s and %s: look at its quicklook",
                row["scene_id"],
                row["limits_source"],
                row["thin_ice_min"],
                row["thick_ice_min"],
            )
    return pd.DataFrame(rows, columns=list(_label_row("", _NOTHING)))


def _label_row(scene_id: str, facts: Facts) -> dict[str, Any]:
    areas = class_areas(scene_id, facts)
    lost = facts["pixels_untrustworthy"]
    return {
        **areas,
        "untrustworthy_fraction": lost / facts["pixels"],
        "untrustworthy_km2": area_km2(lost, facts.get("pixel_area_m2", _NAN)),
        "thin_ice_min": facts["thin_ice_min"],
        "thick_ice_min": facts["thick_ice_min"],
        "limits_source": facts["limits_source"],
        "water_channel": facts["water_channel"],
    }


def draw_quicklooks(  # noqa: PLR0913 - a node's inputs are its arguments
    scene_index: pd.DataFrame,
    scenes: Partitions[Scene],
    filtered_scenes: Partitions[FilteredScene],
    class_maps: Partitions[ClassMap],
    options: QuicklookOptions,
    figures: FigureOptions,
) -> Partitions[RGB]:
    """Declare a picture of every scene: scene | filtered | classes."""
    return map_partitions(
        partial(draw_quicklook, options=options, figures=figures),
        of_index(scene_index, scenes, "the ingested raster", "ingestion"),
        of_index(scene_index, filtered_scenes, "the filtered scene", "filtering"),
        of_index(scene_index, class_maps, "the class map", "autolabel"),
    )


# --- Wiring


def create_pipeline() -> Pipeline:
    """Wire the `autolabel` pipeline."""
    return Pipeline(
        [
            Node(
                func=label_scenes,
                inputs=[
                    "scene_index",
                    "filtered_scenes",
                    "params:autolabel.thresholds",
                ],
                outputs="class_maps",
                name="label_scenes",
            ),
            Node(
                func=summarise_labels,
                inputs=["scene_index", "class_maps"],
                outputs="label_statistics#table",
                name="summarise_labels",
            ),
            Node(
                func=draw_quicklooks,
                inputs=[
                    "scene_index",
                    "scenes@raster",
                    "filtered_scenes",
                    "class_maps",
                    "params:autolabel.quicklooks",
                    "params:figures",
                ],
                outputs="quicklooks",
                name="draw_quicklooks",
            ),
            Node(
                func=draw_class_shares,
                inputs=["label_statistics#table", "params:figures"],
                outputs="class_shares#figure",
                name="compare_scenes",
            ),
        ],
        tags="autolabel",
    )
