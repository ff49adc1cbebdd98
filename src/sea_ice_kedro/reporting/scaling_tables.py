"""Measured times as tables, beside the published ones."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from sea_ice_kedro.reporting import published_scaling as published

_DIGITS = 3

_PAPER_PROCESSES = ["paper_seconds", "paper_speedup"]
_PAPER_EXECUTORS = [
    "paper_load_s",
    "paper_map_s",
    "paper_reduce_s",
    "paper_load_speedup",
    "paper_reduce_speedup",
]


def tabulate_processes(
    measured: Sequence[Mapping[str, Any]], chips: int, cores: int
) -> pd.DataFrame:
    """Lay out times as Table I.

    Args:
        measured: One a repeat and setting: `repeat`, `processes`, `start_s`, `seconds`.
        chips: That were labelled in each.
        cores: That this machine has.

    Returns:
        A row a number of processes: `processes`, `chips`, medians of `start_s` and
        `seconds`, `fastest_s`, `slowest_s`, `speedup` (median over the repeats),
        `chips_per_s`, `repeats`, `oversubscribed` (more processes than cores); and
        where the paper has that number, `paper_seconds` and `paper_speedup`.
    """
    times = with_speedups(measured, ["seconds"])
    grouped = times.groupby("processes")
    table = grouped[["start_s", "seconds"]].median().reset_index()
    seconds = grouped["seconds"]
    table = table.assign(
        chips=chips,
        fastest_s=seconds.min().to_numpy(),
        slowest_s=seconds.max().to_numpy(),
        speedup=grouped["seconds_speedup"].median().to_numpy(),
        chips_per_s=chips / table["seconds"],
        repeats=seconds.count().to_numpy(),
        oversubscribed=table["processes"] > cores,
    )
    rows = [published.PROCESSES.get(n) for n in table["processes"]]
    table = table.join(_paper_columns(rows, _PAPER_PROCESSES))
    first = ["processes", "chips"]
    return _in_order(table, first).round(_DIGITS)


def tabulate_executors(
    measured: Sequence[Mapping[str, Any]], chips: int, cores: int
) -> pd.DataFrame:
    """Lay out times as Table II.

    Args:
        measured: One a repeat and setting: `repeat`, `executors`, `cores`, `start_s`,
            `load_s`, `map_s`, `reduce_s`, `spark`, `java`.
        chips: That were labelled in each.
        cores: That this machine has.

    Returns:
        A row a setting: `executors`, `cores`, `chips`, medians of `start_s`, `load_s`,
        `map_s`, `reduce_s`, `reduce_fastest_s`, `reduce_slowest_s`, `load_speedup` and
        `reduce_speedup` (medians over the repeats), `chips_per_s` (of reduce),
        `repeats`, `oversubscribed` (more tasks at a time than cores), versions of
        `spark` and `java`; and where the paper has that setting, its five values.
    """
    keys = ["executors", "cores"]
    times = with_speedups(measured, ["load_s", "reduce_s"])
    grouped = times.groupby(keys)
    table = grouped[["start_s", "load_s", "map_s", "reduce_s"]].median().reset_index()
    reduce_s = grouped["reduce_s"]
    table = table.assign(
        chips=chips,
        reduce_fastest_s=reduce_s.min().to_numpy(),
        reduce_slowest_s=reduce_s.max().to_numpy(),
        load_speedup=grouped["load_s_speedup"].median().to_numpy(),
        reduce_speedup=grouped["reduce_s_speedup"].median().to_numpy(),
        chips_per_s=chips / table["reduce_s"],
        repeats=reduce_s.count().to_numpy(),
        oversubscribed=table["executors"] * table["cores"] > cores,
        spark=grouped["spark"].first().to_numpy(),
        java=grouped["java"].first().to_numpy(),
    )
    shapes = zip(table["executors"], table["cores"], strict=True)
    rows = [published.EXECUTORS.get(shape) for shape in shapes]
    table = table.join(_paper_columns(rows, _PAPER_EXECUTORS))
    return _in_order(table, [*keys, "chips"]).round(_DIGITS)


def with_speedups(
    measured: Sequence[Mapping[str, Any]], parts: list[str]
) -> pd.DataFrame:
    """Add speedups over the first setting of the same repeat, in `<part>_speedup`."""
    times = pd.DataFrame(list(measured))
    first = times.groupby("repeat", sort=False)[parts].transform("first")
    speedups = (first / times[parts]).add_suffix("_speedup")
    return times.join(speedups)


def _paper_columns(
    rows: Sequence[Sequence[float] | None], names: list[str]
) -> pd.DataFrame:
    values = [[None] * len(names) if row is None else list(row) for row in rows]
    return pd.DataFrame(values, columns=names, dtype="float64")


def _in_order(table: pd.DataFrame, first: list[str]) -> pd.DataFrame:
    return table[[*first, *(name for name in table if name not in first)]]
