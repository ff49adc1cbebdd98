"""Concentration by region and day, small enough to be drawn in the page itself."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from sea_ice_kedro.reporting.concentration_series import LITTLE
from sea_ice_kedro.reporting.run_report.curves import HEIGHT, WIDTH
from sea_ice_kedro.reporting.run_report.scene_facts import METHODS
from sea_ice_kedro.reporting.score_tables import records_of

MOST_DAYS = 400
"""Rows of one region: a year and a little; the CSV file holds all."""


@dataclass(frozen=True)
class Dot:
    """One observed day in the drawing, in its own units."""

    x: float
    y: float
    words: str
    little: bool
    """True where less of the region than `LITTLE` was observed."""


@dataclass(frozen=True)
class SeasonView:
    """One region over its days."""

    title: str
    made: str
    """How its class maps were made."""

    first: str
    last: str
    days: int
    """Calendar days from the first to the last."""

    rows: tuple[Mapping[str, Any], ...]
    """A row per day with observations."""

    dots: tuple[Dot, ...]


def view_season(tables: Mapping[str, pd.DataFrame | None]) -> list[SeasonView]:
    """Lay out each region of each table; days without observation have no dot.

    Args:
        tables: Key of `METHODS` -> `region_series`, a row a region and calendar day.
    """
    return [
        _view(str(region), METHODS[kind], rows)
        for kind, table in tables.items()
        if table is not None
        for (region, _), rows in table.groupby(["region", "grid"], sort=False)
    ]


def _view(region: str, made: str, days: pd.DataFrame) -> SeasonView:
    dates = pd.to_datetime(days["day"])
    since = (dates - dates.min()).dt.days
    span = max(int(since.max()), 1)
    observed = days.assign(x=WIDTH * since / span)
    observed = observed[observed["coverage"] > 0].tail(MOST_DAYS)
    rows = records_of(observed)
    return SeasonView(
        title=f"{region.replace('_', ' ')} ({days['grid'].iloc[0]})",
        made=made,
        first=str(days["day"].iloc[0]),
        last=str(days["day"].iloc[-1]),
        days=len(days),
        rows=tuple(rows),
        dots=tuple(_dot(row) for row in rows),
    )


def _dot(row: Mapping[str, Any]) -> Dot:
    share = float(row["sea_ice_concentration"])
    return Dot(
        x=round(float(row["x"]), 1),
        y=round(HEIGHT * (1 - share), 1),
        words=f"{row['day']}: {share:.0%} ice, {row['coverage']:.1%} observed",
        little=float(row["coverage"]) < LITTLE,
    )
