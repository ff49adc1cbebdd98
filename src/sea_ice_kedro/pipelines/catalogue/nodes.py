"""The products of a run, described for other tools."""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from sea_ice_kedro.datasets.partition_writer import PartitionLoader
from sea_ice_kedro.datasets.stored_partitions import StoredPartitions, load_many
from sea_ice_kedro.engines import Partitions, make_engine
from sea_ice_kedro.imagery.arrays import RGB
from sea_ice_kedro.pipelines.time_series.daily_cells import name_of
from sea_ice_kedro.rasters.files import checksum, size_of
from sea_ice_kedro.rasters.polar_grid import CellGrid
from sea_ice_kedro.reporting.products import Product, ProductGroup

_LOG = logging.getLogger(__name__)

Tags = Partitions[dict[str, Any]]
_NAMED = 5
_LOOKING = make_engine("threads", 16)
"""Most of it is waiting for a disk or a bucket; processes would start longer."""

_FACTS = ["source", "location"]
PICTURES = ("quicklook", "prediction_quicklook")
"""Kinds of products that have no tags to read."""


def describe_products(  # noqa: PLR0913 - a node's inputs are its arguments
    scene_index: pd.DataFrame,
    class_maps: Tags | None,
    predictions: Tags | None,
    filtered_scenes: Tags | None,
    quicklooks: Partitions[RGB] | None,
    prediction_quicklooks: Partitions[RGB] | None,
    region_series: pd.DataFrame | None,
    concentration_maps: Tags | None,
    ice_region_series: pd.DataFrame | None,
    ice_concentration_maps: Tags | None,
) -> Any:  # noqa: ANN401 - a pystac.Catalog, which is imported late
    """Describe every product of the indexed scenes in a static STAC catalogue.

    A scene without a time of acquisition is left out, which the run warns of: STAC has
    no item without a time.

    Args:
        scene_index: A row a scene.
        class_maps: Scene id -> loader of the tags of its class map.
        predictions: The same of its prediction.
        filtered_scenes: The same of the filtered scene.
        quicklooks: Scene id -> loader of its picture, which is not loaded.
        prediction_quicklooks: The same of the prediction.
        region_series: Tells which days and grids were observed.
        concentration_maps: Day and grid -> loader of the tags of its map.
        ice_region_series: The same of the predictions.
        ice_concentration_maps: The same of the predictions.
    """
    # Late: a third of a second, which only this node needs.
    from sea_ice_kedro.reporting.stac_products import catalogue_of  # noqa: PLC0415

    rasters = {
        "class_map": class_maps,
        "prediction": predictions,
        "filtered_scene": filtered_scenes,
    }
    pictures = dict(zip(PICTURES, (quicklooks, prediction_quicklooks), strict=True))
    days = {
        "concentration": _observed(concentration_maps, region_series),
        "ice_concentration": _observed(ice_concentration_maps, ice_region_series),
    }
    ids = scene_index["scene_id"].tolist()
    facts = scene_index.set_index("scene_id")[_FACTS].fillna("").astype(str)
    scenes = _groups(ids, rasters, pictures, facts.to_dict("index"))
    names = {name for stored in days.values() for name in stored}
    return catalogue_of(_with_time(scenes), _groups(sorted(names), days, {}, {}))


def _groups(
    names: list[str],
    rasters: Mapping[str, Tags | None],
    pictures: Mapping[str, Partitions[Any] | None],
    facts: Mapping[Any, Any],
) -> list[ProductGroup]:
    """Gather the files of each name; one without a raster has none."""
    found: dict[str, list[Product]] = {name: [] for name in names}
    for kind, stored in rasters.items():
        for name, product in _described(kind, stored, names).items():
            found[name].append(product)
    described = [name for name in names if found[name]]
    for kind, stored in pictures.items():
        for name, product in _described(kind, stored, described).items():
            found[name].append(product)
    return [ProductGroup(n, tuple(found[n]), facts.get(n, {})) for n in described]


@dataclass(frozen=True)
class _Described:
    """Looks at one file."""

    kind: str
    loader: PartitionLoader

    def __call__(self) -> Product:
        """Read tags, size and checksum, and no pixel."""
        path = self.loader.filepath
        tags = {} if self.kind in PICTURES else self.loader()
        return Product(self.kind, path, size_of(path), checksum(path), tags)


def _described(
    kind: str, stored: Partitions[Any] | None, names: Iterable[str]
) -> dict[str, Product]:
    files: Mapping[str, Any] = stored or {}
    loaders: dict[str, Any] = {
        name: _Described(kind, files[name])
        for name in names
        if name in files and files[name].stays
    }
    return load_many(StoredPartitions(loaders, _LOOKING), loaders)


def _observed(maps: Tags | None, series: pd.DataFrame | None) -> Tags:
    """Leave the days that the last run observed: folders keep those of earlier ones."""
    if maps is None or series is None:
        return {}
    seen = series[series["observed_cells"] > 0]
    names = {
        f"{day}_{name_of(CellGrid(grid, cell_km * 1e3))}"
        for day, grid, cell_km in zip(
            seen["day"], seen["grid"], seen["cell_km"], strict=True
        )
    }
    return {name: maps[name] for name in names if name in maps}


def _with_time(scenes: list[ProductGroup]) -> list[ProductGroup]:
    timed = [scene for scene in scenes if scene.acquired() is not None]
    nowhen = [scene.name for scene in scenes if scene.acquired() is None]
    if nowhen:
        _LOG.warning(
            "%d of %d scenes have no time of acquisition and are not in the STAC "
            "catalogue, which needs one: %s",
            len(nowhen),
            len(scenes),
            ", ".join(nowhen[:_NAMED]) + (", ..." if len(nowhen) > _NAMED else ""),
        )
    return timed
