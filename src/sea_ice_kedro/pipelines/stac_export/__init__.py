"""Whatever a run has made → product_catalogue: a static STAC catalogue.

What no run has made is None (`pipelines.SUMMARIES`).
"""

import logging
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import PurePath
from typing import Any

import pandas as pd
from kedro.pipeline import Node, Pipeline

from sea_ice_kedro.datasets.parallel_partitions import LOOKING, StoredPartitions
from sea_ice_kedro.imagery.arrays import RGB
from sea_ice_kedro.pipelines.time_series.daily_cells import name_of
from sea_ice_kedro.pipelines.variants import wire
from sea_ice_kedro.rasters.files import state_of
from sea_ice_kedro.rasters.polar_grid import CellGrid
from sea_ice_kedro.reporting.products import Product, ProductGroup
from sea_ice_kedro.sources.acquisitions import satellite_in
from sea_ice_kedro.training.model_file import ModelFile

_LOG = logging.getLogger(__name__)

Rasters = StoredPartitions[Any]
_NAMED = 5

_FACTS = ["source", "location", "asset_id"]
PICTURES = ("quicklook", "prediction_quicklook")
"""Kinds of products that say nothing of themselves."""


def describe_products(  # noqa: PLR0913 - a node's inputs are its arguments
    scene_index: pd.DataFrame,
    class_maps: Rasters | None,
    predictions: Rasters | None,
    filtered_scenes: Rasters | None,
    quicklooks: StoredPartitions[RGB] | None,
    prediction_quicklooks: StoredPartitions[RGB] | None,
    region_series: pd.DataFrame | None,
    concentration_maps: Rasters | None,
    network_region_series: pd.DataFrame | None,
    network_concentration_maps: Rasters | None,
    network: ModelFile | None,
) -> Any:  # noqa: ANN401 - a pystac.Catalog, which is imported late
    """Describe every product of the indexed scenes in a static STAC catalogue.

    A scene without a time of acquisition is left out, which the run warns of: STAC has
    no item without a time.

    Args:
        scene_index: A row a scene.
        class_maps: By scene id; nothing of these is loaded.
        predictions: The same.
        filtered_scenes: The same.
        quicklooks: The same, pictures.
        prediction_quicklooks: The same of the prediction.
        region_series: Tells which days and grids were observed.
        concentration_maps: By day and grid.
        network_region_series: The same of the predictions.
        network_concentration_maps: The same of the predictions.
        network: The one that made the predictions.
    """
    # Late: a third of a second, which only this node needs.
    from sea_ice_kedro.reporting.stac_products import catalogue_of  # noqa: PLC0415

    ids = scene_index["scene_id"].tolist()
    rasters = {
        "class_map": _products("class_map", class_maps, ids),
        "prediction": _products("prediction", predictions, ids),
        "filtered_scene": _products("filtered_scene", filtered_scenes, ids),
    }
    described = [i for i in ids if any(i in found for found in rasters.values())]
    drawn = zip(PICTURES, (quicklooks, prediction_quicklooks), strict=True)
    pictures = {kind: _products(kind, stored, described) for kind, stored in drawn}
    series = (
        ("concentration", concentration_maps, region_series),
        ("network_concentration", network_concentration_maps, network_region_series),
    )
    days = {k: _products(k, maps, _observed(seen)) for k, maps, seen in series}
    names = sorted({name for found in days.values() for name in found})
    said = scene_index.reindex(columns=["scene_id", *_FACTS]).set_index("scene_id")
    facts = said.fillna("").astype(str)
    # Of a product's own name: what a user calls a file says nothing of a satellite.
    facts["satellite"] = [
        satellite_in(PurePath(name).name) for name in facts["asset_id"]
    ]
    scenes = _groups(described, {**rasters, **pictures}, facts.to_dict("index"))
    return catalogue_of(_with_time(scenes), _groups(names, days, {}), network)


def _groups(
    names: Iterable[str],
    products: Mapping[str, Mapping[str, Product]],
    facts: Mapping[Any, Any],
) -> list[ProductGroup]:
    """Gather the files of each name."""
    found = {
        name: tuple(of_kind[name] for of_kind in products.values() if name in of_kind)
        for name in names
    }
    return [ProductGroup(name, found[name], facts.get(name, {})) for name in found]


def _products(
    kind: str, stored: StoredPartitions[Any] | None, names: Iterable[str]
) -> dict[str, Product]:
    """Describe files that are there, and stay: from the manifest, no file is read."""
    if stored is None:
        return {}
    loaders: Mapping[str, Any] = stored
    there = [i for i in names if i in loaders and loaders[i].stays]
    facts = {} if kind in PICTURES else stored.facts(there)

    def product(name: str) -> Product:
        path = loaders[name].filepath
        state = state_of(path, loaders[name].known)
        return Product(kind, path, state.size, state.digest, facts.get(name, {}))

    with ThreadPoolExecutor(LOOKING, thread_name_prefix="stac_export") as threads:
        return dict(zip(there, threads.map(product, there), strict=True))


def _observed(series: pd.DataFrame | None) -> list[str]:
    """Name the days that the last run observed: folders keep those of earlier ones."""
    if series is None:
        return []
    seen = series[series["observed_cells"] > 0]
    names = {
        f"{day}_{name_of(CellGrid(grid, cell_km * 1e3))}"
        for day, grid, cell_km in zip(
            seen["day"], seen["grid"], seen["cell_km"], strict=True
        )
    }
    return sorted(names)


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


# --- Wiring


def create_pipeline() -> Pipeline:
    """Wire the `stac_export` pipeline."""
    return Pipeline(
        [
            Node(
                func=describe_products,
                inputs=[
                    "scene_index",
                    "class_maps",
                    "predictions",
                    "filtered_scenes",
                    "quicklooks",
                    "prediction_quicklooks",
                    "region_series#table",
                    "concentration_maps",
                    "network_region_series#table",
                    "network_concentration_maps",
                    f"{wire()[0].name}.unet_onnx",
                ],
                outputs="product_catalogue",
                name="describe_products",
            ),
        ],
        tags="stac_export",
    )
