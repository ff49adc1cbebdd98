"""One data root, one source of scenes: nothing is mixed up silently."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kedro.io import AbstractDataset
from kedro.pipeline import Pipeline

from sea_ice_kedro.datasets.json_files import RootScenes, root_scenes_of
from sea_ice_kedro.errors import InvalidOption
from sea_ice_kedro.hooks.settings_checks import Settings, leaves, with_value
from sea_ice_kedro.pipelines.ingestion import find_scenes

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


@dataclass(frozen=True)
class Note:
    """What a data root keeps of its scenes, and where."""

    place: str = ""
    """Path or URL of the file, "" where the catalog has none."""

    kept: RootScenes | None = None


@dataclass(frozen=True)
class RunScenes:
    """The scenes that a run is asked for, beside those of its data root."""

    wanted: RootScenes
    note: Note
    named: bool
    """Whether its source, folder, URL or region is named, not taken from the root."""


def note_in(entries: Mapping[str, Any], project_path: Path) -> Note:
    """Read what the data root keeps, through its entry of the catalog.

    Args:
        entries: Of the catalog, as configured.
        project_path: What relative paths start from.

    Raises:
        InvalidRecord: if the file holds something else.
    """
    entry = entries.get(ROOT_SCENES)
    if entry is None:
        return Note()
    place = str(entry["filepath"])
    if "://" not in place:
        place = str(project_path / place)
    dataset: Any = AbstractDataset.from_config(
        ROOT_SCENES, {**entry, "filepath": place}
    )
    return Note(place, dataset.load() if dataset.exists() else None)


def named_in(settings: Settings) -> set[str]:
    """Return what of `SETTINGS` is named by `--params` or the environment's files."""
    said = {**dict(leaves(settings.environment)), **dict(leaves(settings.params))}
    return {
        key
        for key, setting in SETTINGS.items()
        if said.get(setting) is not None or (key in _OF_PIXELS and setting in said)
    }


def going_on(settings: Settings, kept: RootScenes | None) -> dict[str, Any]:
    """Return `--params` with the scenes of the data root, where none are named."""
    params, named = dict(settings.params), named_in(settings)
    source = settings.used["ingestion"]["source"]
    if kept is None or (kept.source != source and "source" in named):
        return params
    for key in SETTINGS.keys() - named:
        value = getattr(kept, key)
        if value is not None:
            params = with_value(params, SETTINGS[key], value)
    return params


def scenes_of_run(
    ingestion: Mapping[str, Any], note: Note, named: set[str]
) -> RunScenes:
    """Gather what `expect_same_scenes` compares.

    Args:
        ingestion: Settings of that name, with those that `going_on` has added.
        note: Of the data root.
        named: By whoever has started the run, as of `named_in`.
    """
    return RunScenes(root_scenes_of(ingestion), note, bool(named - _OF_PIXELS))


def expect_same_scenes(
    scenes: RunScenes,
    pipeline: Pipeline,
    catalog: Any,  # noqa: ANN401 - Kedro's catalog
) -> None:
    """Refuse scenes of another source, folder or region than those that are there.

    Raises:
        InvalidOption: naming both, and the way to a second root.
    """
    if not (scenes.named or any(lists_scenes(node) for node in pipeline.nodes)):
        return
    there, wanted = scenes.note.kept, scenes.wanted.scenes
    if there is None or wanted in (there.scenes, RootScenes(there.source)):
        return
    if not any(name in catalog and catalog.exists(name) for name in _SCENES):
        return
    raise InvalidOption(
        f"expected scenes of {there.words}, of which this data root is, got "
        f"{wanted.words}. Scenes of two kinds in one root would be counted "
        "together: take another root, SEA_ICE_DATA=/path/to/another before the "
        "command, or name no source to go on with this one. Where the same scenes "
        f"have only moved, say so in {scenes.note.place}"
    )


def lists_scenes(node: Any) -> bool:  # noqa: ANN401 - Kedro's node
    """Return whether a node lists the scenes of a source."""
    return node.func is find_scenes


def keep_scenes(scenes: RunScenes, catalog: Any) -> None:  # noqa: ANN401
    """Have the data root keep where its scenes are from, where that is news."""
    if scenes.wanted != scenes.note.kept and ROOT_SCENES in catalog:
        catalog.save(ROOT_SCENES, scenes.wanted)
