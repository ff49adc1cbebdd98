"""scenes → filtered_scenes, cloud_statistics."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pandas as pd
from kedro.pipeline import Node, Pipeline

from sea_ice_kedro.datasets.parallel_partitions import StoredPartitions
from sea_ice_kedro.engines import Partitions, map_partitions
from sea_ice_kedro.imagery.arrays import FilteredScene, Scene
from sea_ice_kedro.imagery.classes import QualityFlag
from sea_ice_kedro.imagery.cloud_filter import FilterOptions, filter_scene
from sea_ice_kedro.imagery.labelling import YOURS, BrightnessThresholds
from sea_ice_kedro.pipelines.scenes import facts_by_scene, of_index
from sea_ice_kedro.rasters.geotiff import Facts
from sea_ice_kedro.rasters.stored_scene import GIVEN_FILTER


def filter_scenes(
    scene_index: pd.DataFrame,
    scenes: Partitions[Scene],
    options: FilterOptions,
    thresholds: BrightnessThresholds,
) -> Partitions[FilteredScene]:
    """Declare the filtered version of every scene; computed when it is saved.

    Args:
        scene_index: A row a scene.
        scenes: Scene id -> loader of one scene.
        options: Method and settings.
        thresholds: The limits that the scenes will be labelled with.

    Returns:
        Scene id -> maker of one filtered scene, on the scene's own grid.
    """
    chosen = of_index(scene_index, scenes, "the ingested raster", "ingestion")
    return map_partitions(filtering_by(options, thresholds), chosen)


def filtering_by(
    options: FilterOptions, thresholds: BrightnessThresholds
) -> Callable[[Scene], FilteredScene]:
    """Return the function that filters one scene; its recipe is in the scene's tags."""
    return partial(filter_scene, options=options, thresholds=thresholds.for_filter())


def summarise_clouds(
    scene_index: pd.DataFrame,
    filtered_scenes: StoredPartitions[FilteredScene],
    options: FilterOptions,
) -> pd.DataFrame:
    """Make the table of what the filter did, a row a scene.

    Thin cloud and shadow are what the filter took for them; changed is what another
    class is found for; untrustworthy what could not be restored. Fractions
    are of the valid pixels, 0..1; NaN where no pixel is valid. `method_source` is
    "yours" where somebody has chosen the method for the scene, else "settings".
    """
    rows = [
        _cloud_row(scene_id, facts, options.method)
        for scene_id, facts in facts_by_scene(scene_index, filtered_scenes).items()
    ]
    columns = ["scene_id", "source", "method", "method_source", "valid_pixels"]
    columns += map(_column, _SHOWN)
    return pd.DataFrame(rows, columns=columns)


_SHOWN = (
    QualityFlag.THIN_CLOUD,
    QualityFlag.SHADOW,
    QualityFlag.CHANGED,
    QualityFlag.SATURATED,
    QualityFlag.UNTRUSTWORTHY,
)


def _column(flag: QualityFlag) -> str:
    return f"{flag.key}_fraction"


def _cloud_row(scene_id: str, facts: Facts, method: str) -> dict[str, Any]:
    valid, given = facts["valid_pixels"], facts.get(GIVEN_FILTER, "")
    counts = {flag: facts[f"pixels_{flag.key}"] for flag in _SHOWN}
    fractions = {
        _column(flag): count / valid if valid else float("nan")
        for flag, count in counts.items()
    }
    return {
        "scene_id": scene_id,
        "source": facts.get("source", ""),
        "method": given or method,
        "method_source": YOURS if given else "settings",
        "valid_pixels": valid,
        **fractions,
    }


# --- Wiring


def create_pipeline() -> Pipeline:
    """Wire the `filtering` pipeline."""
    return Pipeline(
        [
            Node(
                func=filter_scenes,
                inputs=[
                    "scene_index",
                    "scenes@raster",
                    "params:filtering",
                    "params:autolabel.thresholds",
                ],
                outputs="filtered_scenes",
                name="filter_scenes",
            ),
            Node(
                func=summarise_clouds,
                inputs=["scene_index", "filtered_scenes", "params:filtering"],
                outputs="cloud_statistics#table",
                name="summarise_clouds",
            ),
        ],
        tags="filtering",
    )
