"""A plotly figure as SVG and PNG, at a size for a page, drawn by matplotlib.

Plotly's own way to such files (kaleido 1) drives a Chrome that has to be installed.
What is drawn here is what the figures of this package are made of: bars, lines, points
and cells in panels.
"""

import re
from pathlib import Path
from typing import Any

import matplotlib as mpl
import plotly.graph_objects as go
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.dates import AutoDateLocator, DateFormatter
from matplotlib.figure import Figure
from matplotlib.ticker import (
    FixedLocator,
    FuncFormatter,
    LogLocator,
    MaxNLocator,
    NullFormatter,
    NullLocator,
)
from matplotlib.transforms import Bbox

from sea_ice_kedro.figures.traces import (
    Panel,
    colour_of,
    dash_of,
    draw_bar,
    draw_heatmap,
    draw_scatter,
    number,
    plain,
)


def choices_of(figure: go.Figure) -> dict[str, go.Figure]:
    """Return what a slider or a list of a figure shows, choice by choice.

    Args:
        figure: With at most one slider or list.

    Returns:
        Name that is fit for a file ("2019-11-03") -> the figure as it then looks;
        empty where there is nothing to choose.
    """
    controls = [*figure.layout.sliders, *figure.layout.updatemenus]
    if not controls:
        return {}
    (control,) = controls
    steps = control.steps if control in figure.layout.sliders else control.buttons
    return {file_name(step.label): _chosen(figure, *step.args) for step in steps}


def file_name(label: str) -> str:
    """Give a label as the name of a file: letters, digits, dots, hyphens, underscores.

    Raises:
        ValueError: if nothing is left of it.
    """
    name = re.sub(r"[^\w.-]+", "_", label).strip("._")
    if not name:
        raise ValueError(f"expected a choice of a figure to have a name, got {label!r}")
    return name


def _chosen(
    figure: go.Figure, traces: dict[str, list[bool]], layout: dict[str, object]
) -> go.Figure:
    chosen = go.Figure(figure)
    for trace, shown in zip(chosen.data, traces["visible"], strict=True):
        trace.visible = shown
    return chosen.update_layout(layout)


# --- Axes, titles, notes and the legend of a plotly figure, drawn by matplotlib

_PAD_IN = 0.06
_ROUNDS = 2
"""Ticks may change when the panels change their size."""

_LONG = 12
"""Characters of a name below an axis that stands upright among others."""


def dress_axes(panel: Panel, layout: Any, names: tuple[str, str]) -> None:  # noqa: ANN401
    """Return a panel its titles, limits, ticks and grid.

    Args:
        panel: With everything drawn.
        layout: Of the plotly figure.
        names: Of its axes there, ("xaxis", "yaxis2").
    """
    axes, across, up = panel.axes, layout[names[0]], layout[names[1]]
    if across.visible is False and up.visible is False:
        axes.set_axis_off()
        return
    axes.set_facecolor(colour_of(layout.plot_bgcolor or "white"))
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    axes.set_axisbelow(True)
    axes.set_xlabel(plain(across.title.text))
    axes.set_ylabel(plain(up.title.text))
    _scale(axes, "x", across)
    _scale(axes, "y", up)
    if panel.categories:
        _name_places(axes, panel.categories, shown=across.showticklabels is not False)
    elif panel.dates:
        axes.xaxis.set_major_locator(AutoDateLocator(minticks=3, maxticks=7))
        axes.xaxis.set_major_formatter(DateFormatter("%Y-%m-%d"))
    elif panel.whole and across.type != "log":
        axes.xaxis.set_major_locator(MaxNLocator(8, integer=True))
    below = across.anchor or "y"
    if below != names[1].replace("yaxis", "y"):
        axes.tick_params(labelbottom=False)
        axes.set_xlabel("")
    if _stands_on_its_like(layout, names):
        axes.tick_params(labelbottom=False)
        axes.set_xlabel("")
    if up.scaleanchor:
        axes.set_aspect("equal", adjustable="box")
    if up.showticklabels is False:
        axes.tick_params(left=False, labelleft=False)


def _stands_on_its_like(layout: Any, names: tuple[str, str]) -> bool:  # noqa: ANN401
    """Return whether a panel below has the same x axis, and names its places."""
    title = layout[names[0]].title.text
    if not title or not layout[names[0]].domain:
        return False
    below = [
        layout[name].domain[0]
        for name in layout.to_plotly_json()
        if name.startswith("yaxis") and layout[name].domain
    ]
    bottom = (layout[names[1]].domain or (0, 1))[0]
    return bottom > min(below, default=0)


def _scale(axes: Axes, name: str, wanted: Any) -> None:  # noqa: ANN401
    """Set the kind, the limits and the ticks of one axis."""
    axis = getattr(axes, f"{name}axis")
    if wanted.type == "log":
        getattr(axes, f"set_{name}scale")("log")
        axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))
        axis.set_minor_formatter(NullFormatter())
    if wanted.tickvals is not None:
        axis.set_major_locator(FixedLocator(list(wanted.tickvals)))
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axis.set_minor_locator(NullLocator())
        axis.set_minor_formatter(NullFormatter())
    if wanted.tickformat:
        form = wanted.tickformat
        axis.set_major_formatter(FuncFormatter(lambda value, _: number(value, form)))
    if wanted.range is not None:
        getattr(axes, f"set_{name}lim")(*wanted.range)
    if wanted.rangemode == "tozero":
        getattr(axes, f"set_{name}lim")(0)
    if wanted.autorange == "reversed":
        axis.set_inverted(True)
    if wanted.showgrid is not False:
        # Over a line of the grid, not under it: names and cells stay readable.
        axes.grid(visible=True, axis=name, color="#e6e9eb", linewidth=0.5)


def _name_places(axes: Axes, names: list[str], *, shown: bool) -> None:
    texts = [plain(name) for name in names] if shown else [""] * len(names)
    longest = max((len(line) for text in texts for line in text.split("\n")), default=0)
    crowded = longest * len(names) > 6 * _LONG
    upright = crowded and "\n" not in "".join(texts)
    axes.set_xticks(
        range(len(names)),
        texts,
        rotation=90 if upright else 0,
        size=6 if crowded else 7,
    )
    if not shown:
        axes.tick_params(bottom=False)
    axes.grid(visible=False, axis="x")


def draw_notes(panels: dict[tuple[str, str], Panel], layout: Any) -> None:  # noqa: ANN401
    """Draw the upright lines of a figure, its notes and the titles of its panels.

    Raises:
        ValueError: if a note is at a place that this module knows nothing of.
    """
    for line in layout.shapes:
        axes = _of(panels, line.xref, line.yref)
        axes.axvline(
            line.x0,
            color=colour_of(line.line.color),
            linestyle=dash_of(line.line.dash),
            linewidth=0.8,
        )
    for note in layout.annotations:
        if note.xref == "paper":
            _titled(panels, layout, note).set_title(plain(note.text), size=7)
            continue
        axes = _of(panels, note.xref, note.yref)
        axes.annotate(
            plain(note.text),
            (note.x, note.y),
            xycoords=axes.get_xaxis_transform(),
            xytext=(2, 0),
            textcoords="offset points",
            va="top",
            size=6,
            bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.7, "pad": 0.5},
        )


def _of(panels: dict[tuple[str, str], Panel], xref: str, yref: str) -> Axes:
    across, up = xref.partition(" ")[0], yref.partition(" ")[0]
    return panels[across.replace("x", "xaxis"), up.replace("y", "yaxis")].axes


def _titled(panels: dict[tuple[str, str], Panel], layout: Any, note: Any) -> Axes:  # noqa: ANN401
    """Find the panel whose middle a title stands above."""
    for (across, up), panel in panels.items():
        left, right = layout[across].domain or (0, 1)
        top = (layout[up].domain or (0, 1))[1]
        if abs((left + right) / 2 - note.x) + abs(top - note.y) < 1e-6:  # noqa: PLR2004
            return panel.axes
    raise ValueError(f"expected {note.text!r} above one of the panels")


def put_in_place(
    page: Figure,
    panels: dict[tuple[str, str], Panel],
    layout: Any,  # noqa: ANN401
) -> None:
    """Draw title and legend, and give the panels all the room that is left."""
    width, height = page.get_size_inches()
    title = page.text(
        _PAD_IN / width,
        1 - _PAD_IN / height,
        plain(layout.title.text),
        va="top",
        size=8,
        linespacing=1.4,
        wrap=True,
    )
    renderer = page.canvas.get_renderer()
    dpi = page.dpi
    above = title.get_window_extent(renderer).height / dpi + 2 * _PAD_IN
    below = _legend(page, panels, width) + _PAD_IN
    room = Bbox([[0, 0], [width, height]])
    left, right, bottom, top = 0.4, 0.1, below + 0.3, above
    for _ in range(_ROUNDS):
        inner = Bbox([[left, bottom], [room.x1 - right, room.y1 - top]])
        _set_positions(panels, layout, inner, (width, height))
        boxes = [p.axes.get_tightbbox(renderer) for p in panels.values()]
        used = Bbox.union([box for box in boxes if box is not None])
        left += _PAD_IN - used.x0 / dpi
        right += _PAD_IN - (width - used.x1 / dpi)
        bottom += below - used.y0 / dpi
        top += above - (height - used.y1 / dpi)
    inner = Bbox([[left, bottom], [room.x1 - right, room.y1 - top]])
    _set_positions(panels, layout, inner, (width, height))


def _set_positions(
    panels: dict[tuple[str, str], Panel],
    layout: Any,  # noqa: ANN401
    inner: Bbox,
    size: tuple[float, float],
) -> None:
    for (across, up), panel in panels.items():
        left, right = layout[across].domain or (0, 1)
        bottom, top = layout[up].domain or (0, 1)
        panel.axes.set_position(
            (
                (inner.x0 + left * inner.width) / size[0],
                (inner.y0 + bottom * inner.height) / size[1],
                (right - left) * inner.width / size[0],
                (top - bottom) * inner.height / size[1],
            )
        )


def _legend(page: Figure, panels: dict[tuple[str, str], Panel], width: float) -> float:
    """Draw one legend at the foot of the page; give its height in inches."""
    entries: dict[str, Any] = {}
    for panel in panels.values():
        handles, labels = panel.axes.get_legend_handles_labels()
        for handle, label in zip(handles, labels, strict=True):
            entries.setdefault(label, handle)
    if len(entries) <= 1:
        return 0.0
    for columns in range(len(entries), 0, -1):
        legend = page.legend(
            list(entries.values()),
            list(entries),
            loc="lower center",
            ncols=columns,
            frameon=False,
            borderaxespad=0.4,
        )
        box = legend.get_window_extent(page.canvas.get_renderer())
        if box.width / page.dpi <= width - _PAD_IN or columns == 1:
            break
        legend.remove()
    return float(box.height / page.dpi)


# --- A plotly figure as SVG and PNG, at a size for a page, drawn by matplotlib

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
