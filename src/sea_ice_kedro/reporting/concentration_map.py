"""Maps of sea ice concentration: the cells of a grid, a map a day."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from sea_ice_kedro.imagery.concentration_colours import RAMP
from sea_ice_kedro.reporting.graticule import Box, Floats, graticule

_NOT_OBSERVED = "#cfcac2"
_LINE = "#8f897f"
_INK = "#14202a"
_MARGIN_CELLS = 2
_GRID = ["grid", "cell_km"]


def draw_concentration(daily_grid: pd.DataFrame) -> go.Figure:
    """Draw a map of each day and grid; a slider chooses, the last day shows first.

    Args:
        daily_grid: A row a day and cell that was observed: `day` ("" when unknown),
            `grid`, `cell_km`, `cell_column`, `cell_row`, `longitude`, `latitude`,
            `scenes`, `observed_km2` and `sea_ice_concentration`, 0..1.

    Returns:
        A figure whose axes are the projection's x and y in km, north where the
        projection has it; grey where nothing was observed.
    """
    figure = go.Figure()
    grids = {key: _box(cells, key[1]) for key, cells in _groups(daily_grid, _GRID)}
    maps = []
    for key, cells in _groups(daily_grid, ["day", *_GRID]):
        maps.append(key)
        figure.add_trace(_cells(cells, key[2], _day_name(key[0])))
    for (grid, _), box in grids.items():
        figure.add_trace(_lines(grid, box))
    figure.update_layout(
        # The named templates take half a second to load.
        template="none",
        plot_bgcolor=_NOT_OBSERVED,
        width=760,
        height=760,
        margin={"l": 70, "r": 40, "t": 70, "b": 60},
        title="Sea ice concentration: no cell of a grid was observed",
        coloraxis={
            "colorscale": [list(stop) for stop in RAMP],
            "cmin": 0,
            "cmax": 1,
            "colorbar": {"tickformat": ".0%", "len": 0.8, "thickness": 14},
        },
        xaxis={"title": "x, km", "constrain": "domain", "showgrid": False},
        yaxis={"title": "y, km", "scaleanchor": "x", "constrain": "domain"},
    )
    figure.update_yaxes(showgrid=False, zeroline=False)
    figure.update_xaxes(zeroline=False)
    _add_choice(figure, maps, grids)
    return figure


def _groups(table: pd.DataFrame, by: list[str]) -> Iterator[tuple[Any, pd.DataFrame]]:
    yield from table.groupby(by)


def _day_name(day: str) -> str:
    return day or "day not known"


def _box(cells: pd.DataFrame, cell_km: float) -> Box:
    """Return the extent of a map of these cells: a square, with a margin."""
    left, right = cells["cell_column"].min(), cells["cell_column"].max() + 1
    bottom, top = cells["cell_row"].min(), cells["cell_row"].max() + 1
    half = max(right - left, top - bottom) / 2 + _MARGIN_CELLS
    x, y = (left + right) / 2, (bottom + top) / 2
    edges = [float(e * cell_km) for e in (x - half, x + half, y - half, y + half)]
    return Box(*edges)


def _cells(cells: pd.DataFrame, cell_km: float, name: str) -> go.Heatmap:
    """Draw one day's cells; where none was observed, nothing."""
    columns, rows = (
        np.arange(cells[name].min(), cells[name].max() + 1)
        for name in ("cell_column", "cell_row")
    )
    shares = np.full((rows.size, columns.size), None, object)
    facts = np.full((rows.size, columns.size), "", object)
    for cell in cells.to_dict("records"):
        place = cell["cell_row"] - rows[0], cell["cell_column"] - columns[0]
        shares[place] = round(cell["sea_ice_concentration"], 4)
        facts[place] = (
            f"{cell['observed_km2']:,.1f} km² observed, scenes: {cell['scenes']}"
            f"<br>latitude {cell['latitude']:.2f}°, longitude {cell['longitude']:.2f}°"
        )
    return go.Heatmap(
        name=name,
        # Edges: of a single centre, plotly would not know how wide its cell is.
        x=(np.append(columns, columns[-1] + 1) * cell_km).tolist(),
        y=(np.append(rows, rows[-1] + 1) * cell_km).tolist(),
        z=shares.tolist(),
        hovertext=facts.tolist(),
        coloraxis="coloraxis",
        hoverongaps=False,
        hovertemplate="sea ice %{z:.1%}<br>%{hovertext}",
    )


def _lines(grid: str, box: Box) -> go.Scatter:
    """Draw parallels and meridians, each with its name at one end."""
    x: list[float | None] = []
    y: list[float | None] = []
    texts: list[str] = []
    for line in graticule(grid, box):
        x += [*_listed(line.x), None]
        y += [*_listed(line.y), None]
        names = [""] * (len(line.x) + 1)
        names[line.label_at] = line.label
        texts += names
    return go.Scatter(
        x=x,
        y=y,
        text=texts,
        mode="lines+text",
        line={"color": _LINE, "width": 1},
        textfont={"color": _INK, "size": 11},
        textposition="middle center",
        hoverinfo="skip",
        showlegend=False,
    )


def _listed(values: Floats) -> list[float | None]:
    """Round to 100 m; None for NaN, as JSON has it."""
    return [None if np.isnan(v) else round(v, 1) for v in values.tolist()]


def _add_choice(
    figure: go.Figure,
    maps: list[tuple[str, str, float]],
    grids: dict[tuple[str, float], Box],
) -> None:
    """Show the last map, and let a slider show any other."""
    steps: list[dict[str, Any]] = []
    for day, grid, cell_km in maps:
        shown = [(day, grid, cell_km) == key for key in maps]
        shown += [(grid, cell_km) == key for key in grids]
        box = grids[grid, cell_km]
        layout = {
            "title.text": f"Sea ice concentration, {_day_name(day)}"
            f"<br><sup>{grid}, cells of {cell_km:g} km; grey: not observed</sup>",
            "xaxis.range": [box.left, box.right],
            "yaxis.range": [box.bottom, box.top],
        }
        label = _day_name(day) + (f" {grid}" if len(grids) > 1 else "")
        steps.append(
            {"label": label, "method": "update", "args": [{"visible": shown}, layout]}
        )
    if not steps:
        return
    visible, layout = steps[-1]["args"]
    for trace, shown in zip(figure.data, visible["visible"], strict=True):
        trace.visible = shown
    figure.update_layout(layout)
    choice = {"active": len(steps) - 1, "steps": steps, "pad": {"t": 50}}
    if len(steps) > 1:
        figure.update_layout(sliders=[choice])
