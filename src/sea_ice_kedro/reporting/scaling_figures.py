"""How much faster labelling and training get with processes, executors, workers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from sea_ice_kedro.reporting import scaling_tables as published
from sea_ice_kedro.reporting.score_tables import records_of

_OURS, _PAPER, _IDEAL = "#1b6ca8", "#e08e2b", "#9aa3a9"

_PARTS = {"reduce": "circle", "load": "diamond"}
"""Of Table II -> symbol."""


@dataclass(frozen=True)
class _Points:
    """One kind of measurement in one panel."""

    name: str
    colour: str
    symbol: str
    settings: Sequence[str]
    workers: Sequence[int]
    speedups: Sequence[float]
    seconds: Sequence[float]
    oversubscribed: Sequence[bool]


def draw_scaling(
    scaling_processes: pd.DataFrame, scaling_executors: pd.DataFrame
) -> go.Figure:
    """Draw speedups over what works at a time, ours and the paper's.

    Hollow marks: more at a time than this machine has cores.

    Args:
        scaling_processes: As `tabulate_processes` makes it.
        scaling_executors: As `tabulate_executors` makes it.

    Returns:
        Two panels, Table I and Table II, with the ideal speedup in each.
    """
    executors = [
        points
        for part in _PARTS
        for points in (_paper_executors(part), _our_executors(part, scaling_executors))
    ]
    panels = [[_paper_processes(), _our_processes(scaling_processes)], executors]
    figure = make_subplots(
        rows=1,
        cols=2,
        horizontal_spacing=0.12,
        subplot_titles=["Processes (Table I)", "Spark executors × cores (Table II)"],
    )
    for column, panel in enumerate(panels, 1):
        _add_panel(figure, column, panel)
    figure.update_xaxes(title="processes", col=1)
    figure.update_xaxes(title="cores of all executors", col=2)
    figure.update_yaxes(title="times faster than one", col=1)
    figure.update_layout(
        title="Filtering and labelling chips: speedup",
        legend={"orientation": "h", "y": -0.2, "yanchor": "top"},
        # The named templates take half a second to load.
        template="none",
        plot_bgcolor="white",
    )
    return figure


def _add_panel(figure: go.Figure, column: int, panel: Sequence[_Points]) -> None:
    highest = max(max(points.workers) for points in panel)
    ticks = [2**n for n in range(highest.bit_length() + 1) if 2**n <= 2 * highest]
    figure.add_scatter(
        name="ideal",
        x=[1, highest],
        y=[1, highest],
        mode="lines",
        line={"color": _IDEAL, "dash": "dot"},
        legendgroup="ideal",
        showlegend=column == 1,
        hoverinfo="skip",
        row=1,
        col=column,
    )
    for points in panel:
        figure.add_scatter(**_style(points, lines=column == 1), row=1, col=column)
    axis = {"type": "log", "tickvals": ticks, "gridcolor": "#e6e9eb"}
    figure.update_xaxes(**axis, col=column)
    figure.update_yaxes(**axis, col=column)


def _style(points: _Points, *, lines: bool) -> dict[str, object]:
    """Return a trace; processes are in a row, executors x cores are not."""
    symbol = points.symbol
    symbols = [f"{symbol}-open" if o else symbol for o in points.oversubscribed]
    return {
        "name": points.name,
        "x": list(points.workers),
        "y": list(points.speedups),
        "customdata": list(zip(points.settings, points.seconds, strict=True)),
        "mode": "lines+markers" if lines else "markers",
        "marker": {"size": 10, "symbol": symbols, "color": points.colour},
        "line": {"color": points.colour},
        "hovertemplate": "%{customdata[0]}: %{customdata[1]:.1f} s, %{y:.2f}×",
    }


def _our_processes(table: pd.DataFrame) -> _Points:
    rows = records_of(table)
    return _Points(
        name="ours",
        colour=_OURS,
        symbol="circle",
        settings=[f"{row['processes']} processes" for row in rows],
        workers=[row["processes"] for row in rows],
        speedups=[row["speedup"] for row in rows],
        seconds=[row["seconds"] for row in rows],
        oversubscribed=[row["oversubscribed"] for row in rows],
    )


def _paper_processes() -> _Points:
    rows = published.PROCESSES
    return _Points(
        name="Iqrah et al. (2024)",
        colour=_PAPER,
        symbol="circle",
        settings=[f"{n} processes" for n in rows],
        workers=list(rows),
        speedups=[speedup for _, speedup in rows.values()],
        seconds=[seconds for seconds, _ in rows.values()],
        oversubscribed=[False] * len(rows),
    )


def _our_executors(part: str, table: pd.DataFrame) -> _Points:
    rows = records_of(table)
    return _Points(
        name=f"ours, {part}",
        colour=_OURS,
        symbol=_PARTS[part],
        settings=[f"{row['executors']}×{row['cores']}" for row in rows],
        workers=[row["executors"] * row["cores"] for row in rows],
        speedups=[row[f"{part}_speedup"] for row in rows],
        seconds=[row[f"{part}_s"] for row in rows],
        oversubscribed=[row["oversubscribed"] for row in rows],
    )


def _paper_executors(part: str) -> _Points:
    rows = published.EXECUTORS
    places = {"load": (0, 3), "reduce": (2, 4)}
    seconds, speedup = places[part]
    return _Points(
        name=f"Iqrah et al., {part}",
        colour=_PAPER,
        symbol=_PARTS[part],
        settings=[f"{executors}×{cores}" for executors, cores in rows],
        workers=[executors * cores for executors, cores in rows],
        speedups=[values[speedup] for values in rows.values()],
        seconds=[values[seconds] for values in rows.values()],
        oversubscribed=[False] * len(rows),
    )


# --- How much faster training gets with more workers: measured, modelled, published

_CURVES = {
    "measured here": ("", _OURS, False),
    "this machine, modelled": ("modelled_", _OURS, True),
    "Iqrah et al. (2024), A100": ("paper_", _PAPER, False),
    "Iqrah et al., modelled": ("paper_modelled_", _PAPER, True),
}
"""Name -> prefix of its columns, colour, whether it is a model's."""

_PANELS = {"speedup": "times faster than one", "images_per_s": "images a second"}


def draw_training(table: pd.DataFrame) -> go.Figure:
    """Draw speedup and images a second over the number of workers.

    Marks are measured or published, dashed lines without marks are modelled.

    Args:
        table: As `training_scaling.tabulate_training` makes it.

    Returns:
        Two panels with logarithmic axes, the ideal speedup in the first.
    """
    figure = make_subplots(
        rows=1, cols=2, horizontal_spacing=0.12, subplot_titles=list(_PANELS.values())
    )
    most = int(table["workers"].max())
    ticks = [2**n for n in range(most.bit_length())]
    figure.add_scatter(
        **{"name": "ideal", "x": [1, most], "y": [1, most], "mode": "lines"},
        line={"color": _IDEAL, "dash": "dot"},
        hoverinfo="skip",
        row=1,
        col=1,
    )
    for place, column in enumerate(_PANELS, 1):
        for name, (prefix, colour, modelled) in _CURVES.items():
            curve = table[["workers", f"{prefix}{column}"]].dropna()
            if len(curve):
                style = _training_style(
                    name, colour, modelled=modelled, legend=place == 1
                )
                x, y = (curve[c].tolist() for c in curve)
                figure.add_scatter(x=x, y=y, **style, row=1, col=place)
        figure.update_yaxes(type="log", gridcolor="#e6e9eb", col=place)
    figure.update_xaxes(
        **{"title": "workers (GPUs)", "type": "log", "tickvals": ticks},
        gridcolor="#e6e9eb",
    )
    figure.update_yaxes(tickvals=ticks, col=1)
    figure.update_layout(
        title="Training a U-Net (Table III); dashed: a model of ring all-reduce",
        legend={"orientation": "h", "y": -0.2, "yanchor": "top"},
        # The named templates take half a second to load.
        template="none",
        plot_bgcolor="white",
    )
    return figure


def _training_style(
    name: str, colour: str, *, modelled: bool, legend: bool
) -> dict[str, Any]:
    return {
        "name": name,
        "mode": "lines" if modelled else "lines+markers",
        "line": {"color": colour, "dash": "dash" if modelled else "solid"},
        "marker": {"size": 10, "color": colour},
        "legendgroup": name,
        "showlegend": legend,
        "hovertemplate": f"{name}, %{{x}} workers: %{{y:.4g}}<extra></extra>",
    }
