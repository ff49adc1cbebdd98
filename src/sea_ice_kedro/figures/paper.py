"""A plotly figure as SVG and PNG, at a size for a page, drawn by matplotlib.

Plotly's own way to such files (kaleido 1) drives a Chrome that has to be installed.
What is drawn here is what the figures of this package are made of: bars, lines, points
and cells in panels.
"""

from pathlib import Path
from typing import Any

import matplotlib as mpl
import plotly.graph_objects as go
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from sea_ice_kedro.figures.layout import draw_notes, dress_axes, put_in_place
from sea_ice_kedro.figures.traces import Panel, draw_bar, draw_heatmap, draw_scatter

COLUMN_MM, PAGE_MM = 85.0, 180.0
"""Width of one and of two columns: a figure is at least as wide as the first, at most
as the second."""

MOST_MM = 240.0
"""Height of a page between its margins."""

DPI = 300
"""Of the PNG, which is as large as the SVG."""

_MM_PER_PX = 0.2
_PIXELS = (700, 450)
"""Width and height of a figure that says none, as plotly has it."""

_MM_PER_IN = 25.4

_STYLE = {
    "font.family": "DejaVu Sans",  # comes with matplotlib: the same everywhere
    "font.size": 7,
    "axes.linewidth": 0.6,
    "axes.titlesize": 7,
    "text.parse_math": False,  # names of scenes may have a $
    "svg.hashsalt": "sea_ice_kedro",  # the same figure, the same bytes
    "svg.fonttype": "path",  # no font is missing where it is read
}


def write_paper_figure(figure: go.Figure, paths: dict[str, Path]) -> None:
    """Draw a figure as its page first shows it.

    Args:
        figure: Of traces `bar`, `scatter` and `heatmap`.
        paths: "svg", "png" -> file to write.

    Raises:
        ValueError: if the figure has something that this package's figures have not.
    """
    with mpl.rc_context(_STYLE):
        page = _drawn(figure)
        for form, path in paths.items():
            nameless = {"Date": None} if form == "svg" else {"Software": None}
            page.savefig(path, format=form, dpi=DPI, metadata=nameless)


def size_mm(figure: go.Figure) -> tuple[float, float]:
    """Return width and height on paper."""
    across = figure.layout.width or _PIXELS[0]
    up = figure.layout.height or _PIXELS[1]
    width = min(max(_MM_PER_PX * across, COLUMN_MM), PAGE_MM)
    return width, min(width * up / across, MOST_MM)


def _drawn(figure: go.Figure) -> Figure:
    width, height = size_mm(figure)
    page = Figure((width / _MM_PER_IN, height / _MM_PER_IN), dpi=DPI)
    FigureCanvasAgg(page)
    layout = figure.layout
    panels: dict[tuple[str, str], Panel] = {}
    shown = [trace for trace in figure.data if trace.visible is not False]
    for trace in shown:
        if trace.type not in {"bar", "scatter", "heatmap"}:
            raise ValueError(f"expected bars, lines, points or cells, got {trace.type}")
    for trace in shown:
        names = _axis(trace.xaxis, "x"), _axis(trace.yaxis, "y")
        if names not in panels:
            panels[names] = _panel(page, panels, shown, names, layout)
        _draw(panels[names], trace, layout)
    for names in _pairs(layout):
        if names not in panels:
            panels[names] = _panel(page, panels, [], names, layout)
    for names, panel in panels.items():
        dress_axes(panel, layout, names)
    draw_notes(panels, layout)
    put_in_place(page, panels, layout)
    return page


def _axis(name: str | None, letter: str) -> str:
    """Return the name of an axis in a layout, "xaxis2" of "x2"."""
    return f"{letter}axis{(name or letter)[1:]}"


def _pairs(layout: Any) -> list[tuple[str, str]]:  # noqa: ANN401
    """Return the axes of the panels of a layout; one may have nothing to show."""
    names = [n for n in layout.to_plotly_json() if n.startswith("xaxis")] or ["xaxis"]
    return [(name, _axis(layout[name].anchor, "y")) for name in names]


def _panel(
    page: Figure,
    panels: dict[tuple[str, str], Panel],
    shown: list[Any],
    names: tuple[str, str],
    layout: Any,  # noqa: ANN401
) -> Panel:
    mine = [t for t in shown if (_axis(t.xaxis, "x"), _axis(t.yaxis, "y")) == names]
    words = [v for t in mine if t.x is not None for v in t.x if isinstance(v, str)]
    dates = layout[names[0]].type == "date"
    ordered = layout[names[0]].categoryarray
    groups = [t.offsetgroup for t in mine if t.type == "bar" and t.offsetgroup]
    # Panels above each other show the same days.
    below = next((p.axes for (x, _), p in panels.items() if x == names[0]), None)
    return Panel(
        axes=page.add_axes((0.1, 0.1, 0.8, 0.8), label=str(names), sharex=below),
        dates=dates,
        categories=[] if dates else [*dict.fromkeys(ordered if ordered else words)],
        groups=[*dict.fromkeys(groups)] if layout.barmode == "group" else [],
    )


def _draw(panel: Panel, trace: Any, layout: Any) -> None:  # noqa: ANN401
    if trace.type == "bar":
        draw_bar(panel, trace)
    elif trace.type == "scatter":
        draw_scatter(panel, trace)
    else:
        draw_heatmap(panel, trace, layout)
