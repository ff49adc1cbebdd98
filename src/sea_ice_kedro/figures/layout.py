"""Axes, titles, notes and the legend of a plotly figure, drawn by matplotlib."""

from typing import Any

from matplotlib.axes import Axes
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

from sea_ice_kedro.figures.plotly_styles import colour_of, dash_of, number, plain
from sea_ice_kedro.figures.traces import Panel

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
