"""Sea ice concentration: maps of days with a graticule, series of regions."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import plotly.graph_objects as go
from pyproj import CRS, Transformer

from sea_ice_kedro.imagery.classes import (
    ACCESSIBLE,
    RAMP,
    FigureOptions,
    SeaIceClass,
    css,
)
from sea_ice_kedro.rasters.polar_grid import expect_room

Floats = npt.NDArray[np.float64]

_STEPS_DEG = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 45.0)
_LINES = 5
"""About so many of each kind in a map."""

_LABEL_MARGIN = 0.05
"""Between a label and the edge of the map, in its sizes."""

_KM_A_DEGREE = 111.2
_POLE_DEG = 89.0
"""Meridians end here: at the pole they would run together."""

_AROUND_POLE_DEG = 30.0
"""Between the meridians of a map that shows the pole."""

_POINTS = 2001
"""Along a line, before it is cut to the map."""


@dataclass(frozen=True)
class Box:
    """The part of a projection that a map shows, in km."""

    left: float
    right: float
    bottom: float
    top: float

    @property
    def size_km(self) -> float:
        """The longer side."""
        return max(self.right - self.left, self.top - self.bottom)


@dataclass(frozen=True, eq=False)
class Line:
    """A parallel or meridian within a map."""

    label: str
    """"75°S"."""

    x: Floats
    """In km; NaN between pieces."""

    y: Floats
    label_at: int
    """The point that the label is written at."""


def graticule(crs: str, box: Box) -> list[Line]:
    """Return the parallels and meridians at round degrees that cross a map.

    Args:
        crs: A projection in metres, "EPSG:6932".
        box: What the map shows.
    """
    projection = CRS.from_user_input(crs)
    to_map = Transformer.from_crs(
        projection.geodetic_crs, projection, always_xy=True, only_best=False
    )
    x, y = np.meshgrid(
        np.linspace(box.left, box.right, 41), np.linspace(box.bottom, box.top, 41)
    )
    _, latitudes = to_map.transform(x * 1e3, y * 1e3, direction="INVERSE")
    low, high = float(latitudes.min()), float(latitudes.max())
    step = _step(box.size_km / _KM_A_DEGREE)
    lines = []
    for latitude in np.arange(-90 + step, 90, step):
        around = np.linspace(-180, 180, _POINTS)
        name = _named(latitude, "N", "S")
        lines.append(_cut(to_map, name, around, np.full(_POINTS, latitude), box))
    outer, inner = sorted([low, high], key=abs)
    span = box.size_km / _KM_A_DEGREE / np.cos(np.radians(outer))
    step = _AROUND_POLE_DEG if abs(inner) > _POLE_DEG else _step(span)
    # From the equator's side, where there is room for names, to just short of the pole.
    reach = np.linspace(outer, np.clip(inner, -_POLE_DEG, _POLE_DEG), _POINTS)
    for longitude in np.arange(-180 + step, 180 + step / 2, step):
        name = _named(longitude, "E", "W")
        lines.append(_cut(to_map, name, np.full(_POINTS, longitude), reach, box))
    return [line for line in lines if line is not None]


def _step(span_deg: float) -> float:
    """Choose a round distance of lines for a span."""
    return min(_STEPS_DEG, key=lambda step: abs(np.log(span_deg / step / _LINES)))


def _named(degrees: float, positive: str, negative: str) -> str:
    rounded = round(float(degrees), 1)
    side = positive if rounded > 0 else negative
    half_turn = abs(rounded) == 180  # noqa: PLR2004 - neither east nor west
    return f"{abs(rounded):g}°{'' if rounded == 0 or half_turn else side}"


def _cut(
    to_map: Transformer, label: str, longitudes: Floats, latitudes: Floats, box: Box
) -> Line | None:
    """Project a line and leave what the map shows; None if that is nothing."""
    x, y = to_map.transform(longitudes, latitudes)
    x, y = x / 1e3, y / 1e3
    inside = (x >= box.left) & (x <= box.right) & (y >= box.bottom) & (y <= box.top)
    if inside.sum() < 2:  # noqa: PLR2004 - a line has two ends
        return None
    # One point beyond each end says where a piece ends.
    kept = inside | np.roll(inside, 1)
    x, y = (np.where(inside, values, np.nan)[kept] for values in (x, y))
    margin = np.min([x - box.left, box.right - x, y - box.bottom, box.top - y], 0)
    roomy = np.flatnonzero(margin > _LABEL_MARGIN * box.size_km)
    return Line(label, x, y, int(roomy[0]) if roomy.size else 0)


# --- Maps of sea ice concentration: the cells of a grid, a map a day

_NOT_OBSERVED = "#cfcac2"
_LINE = "#8f897f"
_INK = "#14202a"
_MARGIN_CELLS = 2
_MOST_CELLS = 2_000_000
"""Of one day, as objects in memory and as text in a page."""

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
        title="Sea ice concentration",
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
    if not maps:
        return _said(figure, "Sea ice concentration: no map", "No scene")
    _add_choice_of_days(figure, maps, grids)
    return figure


def _said(figure: go.Figure, title: str, missing: str) -> go.Figure:
    """Have a figure without anything to draw say why, instead of bare axes."""
    why = f"{missing} that shows sea lies at a known place on Earth."
    figure.update_layout(title={"text": f"{title}<br><sup>{why}</sup>"}, height=140)
    figure.update_layout(plot_bgcolor="white", coloraxis_showscale=False)
    figure.update_xaxes(visible=False)
    return figure.update_yaxes(visible=False)


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
    expect_room(rows.size, columns.size, _MOST_CELLS, f"figure of {name}")
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
        x += [*_in_100_m(line.x), None]
        y += [*_in_100_m(line.y), None]
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


def _in_100_m(values: Floats) -> list[float | None]:
    """Round to 100 m; None for NaN, as JSON has it."""
    return [None if np.isnan(v) else round(v, 1) for v in values.tolist()]


def _add_choice_of_days(
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
    visible, layout = steps[-1]["args"]
    for trace, shown in zip(figure.data, visible["visible"], strict=True):
        trace.visible = shown
    figure.update_layout(layout)
    choice = {"active": len(steps) - 1, "steps": steps, "pad": {"t": 50}}
    if len(steps) > 1:
        figure.update_layout(sliders=[choice])


# --- Regions over time: concentration, class areas, and how much was looked at

_SERIES, _COVERAGE, _TEXT = "#1f5f8b", "#8f897f", "#14202a"

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
        font={"color": _TEXT},
        barmode="stack",
        width=900,
        height=760,
        title="Sea ice over time",
        legend={"orientation": "h", "y": 0.6, "yanchor": "middle"},
        margin={"l": 80, "r": 30, "t": 90, "b": 50},
        xaxis={"type": "date", "anchor": "y3", "showgrid": True},
        yaxis={"title": "concentration", "range": [-0.03, 1.03], "tickformat": ".0%"},
        yaxis2={"title": "km² observed", "rangemode": "tozero"},
        yaxis3={"title": "coverage", "tickformat": ".3~%", "rangemode": "tozero"},
    )
    for axis, domain in _PANELS.items():
        figure.layout[axis].domain = domain
    if not names:
        return _said(figure, "Sea ice over time: no day", "No scene of a known day")
    _add_choice_of_regions(figure, names)
    return figure


def _traces(series: pd.DataFrame, figures: FigureOptions) -> list[Any]:
    days = series["day"].astype(str).tolist()
    coverage = series["coverage"].tolist()
    hollow = ["white" if share < LITTLE else _SERIES for share in coverage]
    ice = series["sea_ice_concentration"]
    line = go.Scatter(
        x=days,
        y=_in_six_digits(ice.where(series["coverage"] >= LITTLE)),
        mode="lines",
        connectgaps=False,
        line={"color": _SERIES},
        hoverinfo="skip",
        showlegend=False,
    )
    points = go.Scatter(
        name=f"sea ice concentration (hollow: below {LITTLE:.0%} observed)",
        x=days,
        y=_in_six_digits(ice),
        customdata=coverage,
        mode="markers",
        marker={"color": hollow, "size": 8, "line": {"color": _SERIES, "width": 2}},
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
        y=_in_six_digits(series[f"{sea_ice_class.key}_km2"]),
        yaxis="y2",
        marker_color=colour,
        hovertemplate="%{x|%Y-%m-%d}<br>%{y:,.1f} km²",
    )


def _in_six_digits(values: "pd.Series[float]") -> list[float | None]:
    """Round to six digits; None for NaN, as JSON has it."""
    return [None if pd.isna(v) else float(f"{v:.6g}") for v in values]


def _add_choice_of_regions(figure: go.Figure, names: list[str]) -> None:
    """Show the first region, and let a list choose any other."""
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
