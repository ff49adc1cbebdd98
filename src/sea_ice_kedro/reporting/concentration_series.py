"""Regions over time: concentration, class areas, and how much was looked at."""

from typing import Any

import pandas as pd
import plotly.graph_objects as go

from sea_ice_kedro.imagery.classes import SeaIceClass
from sea_ice_kedro.imagery.palettes import ACCESSIBLE, FigureOptions, css

_LINE, _COVERAGE, _INK = "#1f5f8b", "#8f897f", "#14202a"

LITTLE = 0.15
"""Days that observed less of a region have hollow points, and no line: what they saw is
no state of the region."""

_PANELS = {"yaxis": [0.64, 1.0], "yaxis2": [0.27, 0.57], "yaxis3": [0.0, 0.2]}
_TRACES = 3 + len(SeaIceClass)
_KEY = ["region", "grid", "cell_km"]


def draw_series(
    region_series: pd.DataFrame, figures: FigureOptions = ACCESSIBLE
) -> go.Figure:
    """Draw three panels that share their days; a list chooses the region.

    Args:
        region_series: A row a region, grid and calendar day: `day`, `coverage` 0..1,
            `<class>_km2` and `sea_ice_concentration` 0..1, NaN on days without
            observation.
        figures: The colours of the classes.

    Returns:
        A figure; a day without observation, or with little, breaks the line, and one
        without has no bar.
    """
    figure = go.Figure()
    names = []
    for (region, grid, _), series in region_series.groupby(_KEY, sort=False):
        names.append(f"{str(region).replace('_', ' ')} ({grid})")
        figure.add_traces(_traces(series, figures))
    figure.update_layout(
        # The named templates take half a second to load.
        template="none",
        plot_bgcolor="white",
        font={"color": _INK},
        barmode="stack",
        width=900,
        height=760,
        title="Sea ice over time: no day was observed",
        legend={"orientation": "h", "y": 0.6, "yanchor": "middle"},
        margin={"l": 80, "r": 30, "t": 90, "b": 50},
        xaxis={"type": "date", "anchor": "y3", "showgrid": True},
        yaxis={"title": "concentration", "range": [-0.03, 1.03], "tickformat": ".0%"},
        yaxis2={"title": "km² observed", "rangemode": "tozero"},
        yaxis3={"title": "coverage", "tickformat": ".3~%", "rangemode": "tozero"},
    )
    for axis, domain in _PANELS.items():
        figure.layout[axis].domain = domain
    _add_choice(figure, names)
    return figure


def _traces(series: pd.DataFrame, figures: FigureOptions) -> list[Any]:
    days = series["day"].astype(str).tolist()
    coverage = series["coverage"].tolist()
    hollow = ["white" if share < LITTLE else _LINE for share in coverage]
    ice = series["sea_ice_concentration"]
    line = go.Scatter(
        x=days,
        y=_listed(ice.where(series["coverage"] >= LITTLE)),
        mode="lines",
        connectgaps=False,
        line={"color": _LINE},
        hoverinfo="skip",
        showlegend=False,
    )
    points = go.Scatter(
        name=f"sea ice concentration (hollow: below {LITTLE:.0%} observed)",
        x=days,
        y=_listed(ice),
        customdata=coverage,
        mode="markers",
        marker={"color": hollow, "size": 8, "line": {"color": _LINE, "width": 2}},
        hovertemplate="%{x|%Y-%m-%d}<br>sea ice %{y:.1%}"
        "<br>%{customdata:.2%} of the region observed<extra></extra>",
    )
    bars = [_bar(series, days, c, css(figures.colours[c])) for c in SeaIceClass]
    covered = go.Bar(
        name="coverage",
        x=days,
        y=coverage,
        yaxis="y3",
        marker_color=_COVERAGE,
        showlegend=False,
        hovertemplate="%{x|%Y-%m-%d}<br>%{y:.2%} observed<extra></extra>",
    )
    return [line, points, *bars, covered]


def _bar(
    series: pd.DataFrame, days: list[str], sea_ice_class: SeaIceClass, colour: str
) -> go.Bar:
    return go.Bar(
        name=sea_ice_class.label,
        x=days,
        y=_listed(series[f"{sea_ice_class.key}_km2"]),
        yaxis="y2",
        marker_color=colour,
        hovertemplate="%{x|%Y-%m-%d}<br>%{y:,.1f} km²",
    )


def _listed(values: "pd.Series[float]") -> list[float | None]:
    """Round to six digits; None for NaN, as JSON has it."""
    return [None if pd.isna(v) else float(f"{v:.6g}") for v in values]


def _add_choice(figure: go.Figure, names: list[str]) -> None:
    """Show the first region, and let a list choose any other."""
    if not names:
        return
    buttons: list[Any] = []
    for index, name in enumerate(names):
        shown = [i // _TRACES == index for i in range(_TRACES * len(names))]
        title = f"Sea ice over time, {name}"
        args = [{"visible": shown}, {"title.text": title}]
        buttons.append({"label": name, "method": "update", "args": args})
    for trace, shown in zip(figure.data, buttons[0]["args"][0]["visible"], strict=True):
        trace.visible = shown
    figure.update_layout(title={"text": f"Sea ice over time, {names[0]}"})
    if len(names) > 1:
        menu = {"buttons": buttons, "x": 1, "xanchor": "right", "y": 1.12}
        figure.update_layout(updatemenus=[menu])
