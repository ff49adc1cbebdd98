"""Bars, lines, points and cells of a plotly figure, drawn by matplotlib."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.dates import date2num

MARKUP = re.compile(r"</?(?:sup|sub|b|i|extra)>")
_TEMPLATE = re.compile(r"%\{[a-z]+:([^}]+)\}")
_RGB = re.compile(r"rgb\((\d+), ?(\d+), ?(\d+)\)")

Colour = str | tuple[float, float, float]

INK = "#14202a"
"""Of edges, and of what has no colour of its own."""

_MARKERS = {"circle": "o", "diamond": "D"}
_DASHES = {None: "-", "solid": "-", "dash": "--", "dot": ":"}


def colour_of(text: str | None) -> Colour:
    """Give a colour, "rgb(0, 70, 140)", "#1b6ca8" or a name, as matplotlib takes it."""
    if text is None:
        return INK
    match = _RGB.fullmatch(text)
    if match is None:
        return text
    red, green, blue = (int(part) / 255 for part in match.groups())
    return red, green, blue


def plain(text: str | None) -> str:
    """Return a text without markup; `<br>` starts a line."""
    return MARKUP.sub("", (text or "").replace("<br>", "\n"))


def marker_of(symbol: str | None) -> tuple[str, bool]:
    """Return matplotlib's marker, and whether it is hollow."""
    name, _, open_ = (symbol or "circle").partition("-")
    return _MARKERS[name], open_ == "open"


def dash_of(dash: str | None) -> str:
    """Return matplotlib's line style."""
    return _DASHES[dash]


def number(value: float, form: str) -> str:
    """Write a number by a format of d3 (".0%", ".3~%", ".4g")."""
    if form.endswith("~%"):
        return f"{100 * value:{form[:-2]}g}%"
    return format(value, form)


def filled(template: str, value: float) -> str:
    """Put a number in the place of a template ("%{z:.2%}")."""
    return _TEMPLATE.sub(lambda match: number(value, match[1]), template)


# --- Bars, lines, points and cells of a plotly figure, drawn by matplotlib

Floats = npt.NDArray[np.float64]

_WIDTH = 0.8
"""Of a bar, or of a group of bars, where places are 1 apart."""

_NAMELESS = "_nolegend_"

_PT_PER_PX = 0.75
"""Of markers and lines: plotly's pixels are those of a page of 96 dpi."""


@dataclass
class Panel:
    """One pair of axes, and what bars need to know of each other."""

    axes: Axes
    dates: bool
    whole: bool = False
    """Whether places are whole numbers, and ticks only there."""

    categories: list[str] = field(default_factory=list)
    groups: list[str] = field(default_factory=list)
    """Of bars that stand side by side; empty where they are stacked."""

    tops: dict[float, float] = field(default_factory=dict)
    """Place -> top of the stacked bars so far."""

    def places(self, values: Sequence[Any]) -> Floats:
        """Return where values lie on the x axis."""
        if self.categories:
            return np.array([self.categories.index(v) for v in values], float)
        if self.dates:
            return np.asarray(date2num(np.array(list(values), "datetime64[s]")))
        self.whole = all(isinstance(value, int) for value in values)
        return numbers(values)


def numbers(values: Sequence[Any]) -> Floats:
    """Return numbers; NaN for None."""
    return np.array([np.nan if v is None else v for v in values], float)


def draw_bar(panel: Panel, bar: Any) -> None:  # noqa: ANN401 - plotly is untyped
    """Draw bars: on top of the bars before them, or beside them."""
    places, heights = panel.places(bar.x), np.nan_to_num(numbers(bar.y))
    width, shift = _slot(panel, bar.offsetgroup)
    bottoms = np.zeros(len(places))
    if not panel.groups:
        bottoms = np.array([panel.tops.get(place, 0.0) for place in places])
        panel.tops |= dict(zip(places.tolist(), bottoms + heights, strict=True))
    drawn = panel.axes.bar(
        places + shift,
        heights,
        width,
        bottoms,
        color=colour_of(bar.marker.color),
        # Pale bars have an edge; hundreds of narrow ones would be nothing but edge.
        edgecolor=INK,
        linewidth=0.3 if len(places) <= 60 else 0,  # noqa: PLR2004
        label=_NAMELESS if bar.showlegend is False else plain(bar.name),
    )
    if bar.texttemplate:
        texts = [filled(bar.texttemplate, height) for height in heights]
        for patch, text in zip(drawn, texts, strict=True):
            middle = patch.get_x() + patch.get_width() / 2
            panel.axes.text(
                middle, 0.02, text, ha="center", va="bottom", size=6, rotation=90
            )


def _slot(panel: Panel, group: str | None) -> tuple[float, float]:
    """Return width and shift of a bar of a group, or of marks upon it."""
    if group not in panel.groups:
        return _WIDTH, 0.0
    width = _WIDTH / len(panel.groups)
    place = panel.groups.index(str(group)) - (len(panel.groups) - 1) / 2
    return width, place * width


def draw_scatter(panel: Panel, trace: Any) -> None:  # noqa: ANN401 - plotly is untyped
    """Draw a line, marks, and texts at places."""
    _, shift = _slot(panel, trace.offsetgroup)
    x, y = panel.places(trace.x) + shift, numbers(trace.y)
    mode = trace.mode or "lines"
    # Points may have a colour each; then there is no line.
    own = trace.line.color or trace.marker.color
    colour = colour_of(own if isinstance(own, str) else None)
    if "lines" in mode:
        panel.axes.plot(
            x,
            y,
            color=colour,
            linestyle=dash_of(trace.line.dash),
            linewidth=_PT_PER_PX * (trace.line.width or 2),
            drawstyle="steps-mid" if trace.line.shape == "hvh" else "default",
            label=_NAMELESS if trace.showlegend is False else plain(trace.name),
        )
    if "markers" in mode:
        _draw_markers(panel, trace, x, y)
    if "text" in mode:
        for place, text in zip(zip(x, y, strict=True), trace.text, strict=True):
            if text:
                panel.axes.annotate(
                    text,
                    place,
                    ha="center",
                    va="center",
                    size=6,
                    clip_on=True,
                    annotation_clip=True,
                )


def _draw_markers(panel: Panel, trace: Any, x: Floats, y: Floats) -> None:  # noqa: ANN401
    count = len(x)
    symbols = _each(trace.marker.symbol, count)
    inside = _each(trace.marker.color or trace.line.color, count)
    around = trace.marker.line.color or None
    for place in range(count):
        marker, hollow = marker_of(symbols[place])
        colour = colour_of(inside[place])
        panel.axes.plot(
            x[place],
            y[place],
            marker=marker,
            markersize=_PT_PER_PX * 0.6 * (trace.marker.size or 6),
            markerfacecolor="white" if hollow else colour,
            markeredgecolor=colour_of(around) if around else colour,
            markeredgewidth=0.8,
            linestyle="none",
            label=_NAMELESS
            if place or "lines" in trace.mode or trace.showlegend is False
            else plain(trace.name),
        )


def _each(value: Any, count: int) -> list[Any]:  # noqa: ANN401
    return list(value) if isinstance(value, tuple | list) else [value] * count


def draw_heatmap(panel: Panel, trace: Any, layout: Any) -> None:  # noqa: ANN401
    """Draw cells, their numbers, and the scale of their colours beside them."""
    shared = layout.coloraxis if trace.coloraxis else trace
    lowest, highest = (
        (shared.cmin, shared.cmax) if trace.coloraxis else (trace.zmin, trace.zmax)
    )
    values = np.array([numbers(row) for row in trace.z])
    stops = [(float(at), colour_of(colour)) for at, colour in shared.colorscale]
    edges = [
        np.arange(len(side) + 1) - 0.5 if named else numbers(side)
        for side, named in ((trace.x, panel.categories), (trace.y, panel.categories))
    ]
    cells = panel.axes.pcolormesh(
        *edges,
        values,
        cmap=LinearSegmentedColormap.from_list("cells", stops),
        vmin=lowest,
        vmax=highest,
        edgecolor="white" if trace.xgap else "none",
        rasterized=values.size > 10_000,  # noqa: PLR2004 - an SVG of each is slow
    )
    if panel.categories:
        panel.axes.set_yticks(range(len(trace.y)), [plain(name) for name in trace.y])
    if trace.texttemplate:
        for (row, column), value in np.ndenumerate(values):
            text = "" if np.isnan(value) else filled(trace.texttemplate, value)
            panel.axes.text(column, row, text, ha="center", va="center", size=7)
    if trace.coloraxis:
        beside = panel.axes.inset_axes((1.03, 0.1, 0.03, 0.8))
        form = shared.colorbar.tickformat
        panel.axes.figure.colorbar(
            cells, cax=beside, format=lambda value, _: format(value, form)
        )
