"""Ids come from `scene_index`, folders only store; and what facts of a scene say."""

from dataclasses import dataclass
from typing import Any, NoReturn

import pandas as pd

from sea_ice_kedro.datasets.parallel_partitions import StoredPartitions
from sea_ice_kedro.engines import Partitions
from sea_ice_kedro.errors import MissingInput
from sea_ice_kedro.imagery.classes import SeaIceClass
from sea_ice_kedro.imagery.scores import area_km2, concentration
from sea_ice_kedro.rasters.geotiff import Facts


@dataclass(frozen=True)
class Absent:
    """Stands for a partition that is not there; raises when it is needed."""

    scene_id: str
    what: str
    pipeline: str

    def __call__(self) -> NoReturn:
        """Raise: this scene has failed in an earlier step, or that step has not run.

        Raises:
            MissingInput: always.
        """
        raise MissingInput(
            f"expected {self.what} of scene {self.scene_id}, got none: it failed in "
            f"the {self.pipeline} pipeline, or that has not run since the scene came "
            f"in; see its error above, or: kedro run --pipelines {self.pipeline}"
        )

    def fingerprint(self) -> str:
        """Raise as well: what does not exist has no content."""
        return self()


def of_index(
    scene_index: pd.DataFrame, partitions: Partitions[Any], what: str, pipeline: str
) -> Partitions[Any]:
    """Pick the indexed scenes' partitions; one that is not there fails when used.

    Args:
        scene_index: A row a scene, with `scene_id`.
        partitions: What is stored, maybe of more scenes than the index names.
        what: Name of the partitions, for the message.
        pipeline: The pipeline that makes them, for the message.
    """
    return {
        scene_id: partitions.get(scene_id, Absent(scene_id, what, pipeline))
        for scene_id in scene_index["scene_id"]
    }


def facts_by_scene(
    scene_index: pd.DataFrame, partitions: StoredPartitions[Any]
) -> dict[str, Facts]:
    """Tell what the rasters of the indexed scenes that were made say of themselves.

    A scene that is not there has failed in this very pipeline, which raises that
    failure at its end; a table holds the others.
    """
    return partitions.facts(i for i in scene_index["scene_id"] if i in partitions)


# --- How much of each class a scene holds, from the facts of its class map

_NAN = float("nan")

NO_PIXELS = {"pixels": 1} | {f"pixels_{c.key}": 0 for c in SeaIceClass}
"""Facts of a class map that holds nothing; gives a table without rows its columns."""


def class_areas(scene_id: str, facts: Facts) -> dict[str, Any]:
    """Make a row of pixels, fractions, true areas and sea ice concentration.

    Fractions are of the valid pixels, 0..1, NaN where there are none; of land, as
    that of valid ones, of all. Areas are true areas on the ground in km²; NaN where a
    scene has no georeference. Concentration lies between `concentration_lower` and
    `concentration_upper`, as far as what made the map knows; NaN where it does not.

    Args:
        scene_id: Name of the scene.
        facts: Of its class map: `pixels`, `pixels_<class>`, `pixel_area_m2`,
            `acquired`, `source`.
    """
    counts = {c: facts[f"pixels_{c.key}"] for c in SeaIceClass}
    valid, land = sum(counts.values()), facts.get("pixels_land", 0)
    pixel_area_m2 = facts.get("pixel_area_m2", _NAN)
    return {
        "scene_id": scene_id,
        "acquired": facts.get("acquired", ""),
        "source": facts.get("source", ""),
        "valid_fraction": valid / facts["pixels"],
        "land_fraction": land / facts["pixels"],
        "sea_ice_concentration": concentration(counts),
        "concentration_lower": facts.get("concentration_lower", _NAN),
        "concentration_upper": facts.get("concentration_upper", _NAN),
        **{f"{c.key}_pixels": counts[c] for c in SeaIceClass},
        **{
            f"{c.key}_fraction": counts[c] / valid if valid else _NAN
            for c in SeaIceClass
        },
        **{f"{c.key}_km2": area_km2(counts[c], pixel_area_m2) for c in SeaIceClass},
        "land_km2": area_km2(land, pixel_area_m2),
    }
