"""From the cells of single scenes to days: one description, run by pandas or Spark.

Sums are of whole numbers, so that their order does not matter: both give the same
values to the last bit.
"""

from collections.abc import Iterable
from typing import Any, cast

import narwhals as nw
import pandas as pd
from narwhals.typing import IntoFrame, IntoFrameT

from sea_ice_kedro.imagery.classes import SeaIceClass

_CELL = ["day", "grid", "cell_km", "cell_column", "cell_row"]
_CENTRE = ["x_m", "y_m", "longitude", "latitude"]
_AREAS = [f"{c.key}_m2" for c in SeaIceClass]
_ICE = [f"{c.key}_m2" for c in SeaIceClass if c.is_ice]
_M2_A_KM2 = 1e6


def sum_by_day(cell_counts: IntoFrameT, scene_ids: Iterable[str]) -> IntoFrameT:
    """Sum the areas of all scenes of a day, cell by cell.

    Args:
        cell_counts: A row a scene and cell, as `tabulate_cells` makes it.
        scene_ids: The scenes that count; rows of others are left out.

    Returns:
        A table of the kind that came in, a row a day and cell that was observed, in
        order of day, projection, cell row and column: `scenes` that observed it,
        `observed_km2`, `<class>_km2` and `sea_ice_concentration`, 0..1, ice area /
        observed area. What several scenes of a day observe counts as often.
    """
    observed = sum((nw.col(name) for name in _AREAS[1:]), nw.col(_AREAS[0]))
    table: Any = cell_counts  # `from_native` has no type for "eager or lazy"
    counted = nw.from_native(table).filter(
        nw.col("scene_id").is_in(list(scene_ids)), observed > 0
    )
    summed = counted.group_by(_CELL).agg(
        # One value a cell; on machines with different PROJ, maybe another last digit.
        *[nw.col(name).min() for name in _CENTRE],
        nw.len().alias("scenes"),
        *[nw.col(name).sum() for name in _AREAS],
    )
    ice = sum((nw.col(name) for name in _ICE[1:]), nw.col(_ICE[0]))
    daily = summed.select(
        *_CELL,
        *_CENTRE,
        nw.col("scenes").cast(nw.Int64()),
        (observed / _M2_A_KM2).alias("observed_km2"),
        *[
            (nw.col(f"{c.key}_m2") / _M2_A_KM2).alias(f"{c.key}_km2")
            for c in SeaIceClass
        ],
        (ice / observed).alias("sea_ice_concentration"),
    )
    ordered = daily.sort("day", "grid", "cell_km", "cell_row", "cell_column")
    return cast("IntoFrameT", nw.maybe_reset_index(ordered).to_native())


def latest_days(daily_grid: IntoFrame, count: int) -> pd.DataFrame:
    """Take the rows of the last days into memory, from pandas or Spark.

    Args:
        daily_grid: As `sum_by_day` makes it.
        count: How many days at most, of those that are there.
    """
    day = nw.col("day")
    table: Any = daily_grid
    rows = nw.from_native(table).lazy()
    # A CSV file has no other word for "" than "no value".
    rows = rows.with_columns(
        day=nw.when(day.is_null()).then(nw.lit("")).otherwise(day.cast(nw.String()))
    )
    days = rows.select("day").unique().sort("day", descending=True).head(count)
    last = days.collect("pandas")["day"].to_list()
    return cast(
        "pd.DataFrame", rows.filter(day.is_in(last)).collect("pandas").to_native()
    )
