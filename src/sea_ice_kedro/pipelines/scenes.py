"""Ids come from `scene_index`; folders only store."""

from dataclasses import dataclass
from typing import Any, NoReturn

import pandas as pd

from sea_ice_kedro.datasets.stored_partitions import StoredPartitions
from sea_ice_kedro.engines import Partitions
from sea_ice_kedro.errors import MissingInput
from sea_ice_kedro.rasters.header import Facts


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
