"""One data root, one source of scenes: nothing is mixed up, silently."""

from pathlib import Path
from typing import Any

from kedro.framework.hooks import hook_impl
from kedro.io import AbstractDataset
from kedro.pipeline import Pipeline
from kedro.pipeline.node import Node

from sea_ice_kedro.datasets.root_scenes import RootScenes, root_scenes_of
from sea_ice_kedro.errors import InvalidOption
from sea_ice_kedro.hooks.dataset_paths import path_of
from sea_ice_kedro.hooks.said_settings import (
    leaves,
    of_environment,
    of_params,
    with_value,
)
from sea_ice_kedro.pipelines.ingestion.nodes import find_scenes

ROOT_SCENES = "root_scenes"
"""Name of the dataset."""

SETTINGS = {
    "source": "ingestion.source",
    "folder": "ingestion.folder",
    "url": "ingestion.stac.url",
    "region": "ingestion.search.region",
    "area_of_interest": "ingestion.area_of_interest",
    "land": "ingestion.land",
}
"""What `RootScenes` keeps -> the setting that it is of."""

_OF_PIXELS = {"area_of_interest", "land"}
"""What may change, to none, too: products are made again, nothing counts twice."""

_SCENES = ("scenes@raster", "inference.scenes@raster", "downloads@raster")
_INDEXES = ("scene_index", "inference.scene_index")


class RootSceneHooks:
    """Go on with the scenes of a data root, and refuse others in it."""

    def __init__(self) -> None:
        """Start before any run."""
        self._kept: RootScenes | None = None
        self._wanted: RootScenes | None = None
        self._named = False

    @hook_impl
    def after_context_created(self, context: Any) -> None:  # noqa: ANN401
        """Have a run that names no source go on with that of its data root."""
        loader = context.config_loader
        self._kept = _kept_in(loader, context.project_path)
        said = {
            **dict(leaves(of_environment(loader))),
            **dict(leaves(of_params(loader))),
        }
        named = {
            key
            for key, setting in SETTINGS.items()
            if said.get(setting) is not None or (key in _OF_PIXELS and setting in said)
        }
        self._named = bool(named - _OF_PIXELS)
        source = loader["parameters"]["ingestion"]["source"]
        if self._kept and (self._kept.source == source or "source" not in named):
            given = dict(loader.runtime_params or {})
            for key in SETTINGS.keys() - named:
                value = getattr(self._kept, key)
                if value is not None:
                    given = with_value(given, SETTINGS[key], value)
            loader.runtime_params = given
        self._wanted = root_scenes_of(loader["parameters"]["ingestion"])

    @hook_impl
    def before_pipeline_run(
        self,
        pipeline: Pipeline,
        catalog: Any,  # noqa: ANN401 - Kedro's catalog
    ) -> None:
        """Refuse scenes of another source, folder or region than those that are there.

        Raises:
            InvalidOption: naming both, and the way to a second root.
        """
        finds = any(node.func is find_scenes for node in pipeline.nodes)
        if self._wanted is None or not (finds or self._named):
            return
        there = self._kept or _of_index(catalog)
        wanted = self._wanted.scenes
        if there is None or wanted in (there.scenes, RootScenes(there.source)):
            return
        if self._kept is None and wanted.source == there.source:
            return  # an index tells the source, and no more
        if not any(name in catalog and catalog.exists(name) for name in _SCENES):
            return
        file = path_of(ROOT_SCENES, catalog) if ROOT_SCENES in catalog else ""
        raise InvalidOption(
            f"expected scenes of {there.words}, of which this data root is, got "
            f"{wanted.words}. Scenes of two kinds in one root would be counted "
            "together: take another root, SEA_ICE_DATA=/path/to/another before the "
            "command, or name no source to go on with this one. Where the same scenes "
            f"have only moved, say so in {file}"
        )

    @hook_impl
    def after_node_run(self, node: Node, catalog: Any) -> None:  # noqa: ANN401
        """Keep where scenes are from, before the first of them is read."""
        if node.func is find_scenes and self._wanted != self._kept:
            if ROOT_SCENES in catalog:
                catalog.save(ROOT_SCENES, self._wanted)
            self._kept = self._wanted


def _kept_in(loader: Any, project_path: Path) -> RootScenes | None:  # noqa: ANN401
    """Read what the data root keeps, through its entry of the catalog."""
    entry = loader["catalog"].get(ROOT_SCENES)
    if entry is None:
        return None
    place = str(entry["filepath"])
    if "://" not in place:
        place = str(project_path / place)
    dataset: Any = AbstractDataset.from_config(
        ROOT_SCENES, {**entry, "filepath": place}
    )
    kept: RootScenes | None = dataset.load() if dataset.exists() else None
    return kept


def _of_index(catalog: Any) -> RootScenes | None:  # noqa: ANN401
    """Tell the source of a root that an earlier version has made, by its index."""
    for name in _INDEXES:
        if name in catalog and catalog.exists(name):
            sources = set(catalog.load(name)["source"])
            if len(sources) == 1:
                return RootScenes(str(sources.pop()))
    return None
