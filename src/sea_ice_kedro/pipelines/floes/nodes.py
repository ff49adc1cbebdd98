"""Floes and leads of maps: polygons, tables, summary and figure."""

from functools import partial

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from sea_ice_kedro.datasets.files import Regions
from sea_ice_kedro.datasets.stored_partitions import StoredPartitions, load_many
from sea_ice_kedro.engines import Partitions, map_partitions
from sea_ice_kedro.imagery.arrays import ClassMap
from sea_ice_kedro.imagery.floe_options import FloeOptions
from sea_ice_kedro.pipelines.floes.regions import floes_of, leads_of
from sea_ice_kedro.pipelines.floes.summary import SIZES, SUMMARY, size_rows, summary_row
from sea_ice_kedro.pipelines.scenes import facts_by_scene, of_index
from sea_ice_kedro.reporting.floe_figure import draw_floe_figure

_BY = "autolabel (class maps) or inference (predictions)"


def outline_regions(
    scene_index: pd.DataFrame, maps: Partitions[ClassMap], options: FloeOptions
) -> tuple[Partitions[Regions], Partitions[Regions]]:
    """Declare the floes and the leads of every scene; made when saved.

    Args:
        scene_index: A row a scene.
        maps: Scene id -> loader of one class map or prediction.
        options: What is a floe, and what a lead.

    Returns:
        Floes and leads, scene id -> maker of polygons with a row each.
    """
    chosen = of_index(scene_index, maps, "the map", _BY)
    floes = map_partitions(partial(floes_of, options=options), chosen)
    return floes, map_partitions(partial(leads_of, options=options), chosen)


def tabulate(
    scene_index: pd.DataFrame, polygons: Partitions[pd.DataFrame]
) -> pd.DataFrame:
    """Join the rows of all scenes, without their polygons."""
    ids = (i for i in scene_index["scene_id"] if i in polygons)
    tables = list(load_many(polygons, ids).values())
    nothing = pd.DataFrame({"scene_id": pd.Series([], dtype="string")})
    return pd.concat(tables or [nothing], ignore_index=True)


def count_sizes(
    scene_index: pd.DataFrame,
    floes: pd.DataFrame,
    maps: StoredPartitions[ClassMap],
    options: FloeOptions,
) -> pd.DataFrame:
    """Count the floes of every scene by mean caliper diameter.

    Returns:
        `SIZES`, a row a scene and bin; none for a scene without a georeference.
    """
    by_scene = dict(list(floes.groupby("scene_id")))
    rows = [
        row
        for scene_id, facts in facts_by_scene(scene_index, maps).items()
        for row in size_rows(scene_id, facts, by_scene.get(scene_id), options)
    ]
    return pd.DataFrame(rows, columns=list(SIZES))


def summarise_floes(
    scene_index: pd.DataFrame,
    floes: pd.DataFrame,
    leads: pd.DataFrame,
    maps: StoredPartitions[ClassMap],
) -> pd.DataFrame:
    """Make the table of floes and leads, a row a scene: `SUMMARY`."""
    of_floes = dict(list(floes.groupby("scene_id")))
    of_leads = dict(list(leads.groupby("scene_id")))
    rows = [
        summary_row(scene_id, facts, of_floes.get(scene_id), of_leads.get(scene_id))
        for scene_id, facts in facts_by_scene(scene_index, maps).items()
    ]
    return pd.DataFrame(rows, columns=list(SUMMARY))


def draw_floes(
    floes: pd.DataFrame, leads: pd.DataFrame, summary: pd.DataFrame
) -> go.Figure:
    """Draw the floe sizes and the lead widths of all scenes that lie somewhere."""
    where = summary.loc[summary["observed_km2"].notna(), "scene_id"]
    observed = float(np.nansum(summary["observed_km2"]))
    chosen = [table[table["scene_id"].isin(where)] for table in (floes, leads)]
    return draw_floe_figure(chosen[0], chosen[1], observed)
