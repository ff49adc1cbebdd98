"""Figures of a run: class shares, brightness and limits, floes and leads, learning."""

import numpy as np
import numpy.typing as npt
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from sea_ice_kedro.imagery.classes import ACCESSIBLE, FigureOptions, SeaIceClass, css
from sea_ice_kedro.imagery.labelling import Counts

_MANY = 40
"""From here on scenes are too narrow to be named."""


def draw_class_shares(
    label_statistics: pd.DataFrame, figures: FigureOptions = ACCESSIBLE
) -> go.Figure:
    """Draw a stacked bar a scene: fractions of its valid pixels by class.

    Args:
        label_statistics: A row a scene: `scene_id` and `<class>_fraction`, 0..1.
        figures: The colours of the classes.

    Returns:
        A figure; scenes without a valid pixel have an empty bar.
    """
    figure = go.Figure()
    for sea_ice_class in SeaIceClass:
        figure.add_bar(
            name=sea_ice_class.label,
            x=label_statistics["scene_id"].tolist(),
            y=label_statistics[f"{sea_ice_class.key}_fraction"].tolist(),
            marker_color=css(figures.colours[sea_ice_class]),
            hovertemplate="%{x}<br>%{y:.1%}",
        )
    figure.update_layout(
        barmode="stack",
        title="Classes of each scene, share of valid pixels",
        xaxis={
            "type": "category",
            "showticklabels": len(label_statistics) <= _MANY,
            "automargin": True,
        },
        yaxis={"range": [0, 1], "tickformat": ".0%"},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom"},
        # The named templates take half a second to load.
        template="none",
        plot_bgcolor="white",
    )
    return figure


# --- How often each brightness occurs, with the class limits drawn in


def draw_brightness(
    counts: Counts, limits: pd.DataFrame, figures: FigureOptions = ACCESSIBLE
) -> go.Figure:
    """Draw a histogram of brightness, by manual label where there are any.

    Args:
        counts: int64 (4, 256), of `count_brightness`.
        limits: A row a proposal: `thin_ice_min`, `thick_ice_min`, `source`.
        figures: The colours of the classes.

    Returns:
        A figure; shares on a logarithmic axis, so that rare water shows.
    """
    figure = go.Figure()
    total = max(int(counts[-1].sum()), 1)
    _add(figure, "all pixels", counts[-1] / total, "#5b6770")
    for sea_ice_class in SeaIceClass:
        if counts[sea_ice_class].any():
            name = f"{sea_ice_class.label}, manual labels"
            colour = css(figures.colours[sea_ice_class])
            _add(figure, name, counts[sea_ice_class] / total, colour)
    for number, row in enumerate(limits.to_dict("records")):
        for key in ("thin_ice_min", "thick_ice_min"):
            figure.add_vline(
                x=row[key] - 0.5,
                line_dash=("solid", "dash")[number % 2],
                annotation_text=f"{row[key]} ({row['source']})",
                annotation_y=1 - 0.08 * number,
            )
    figure.update_layout(
        title="Brightness of the filtered scenes, with the proposed limits",
        xaxis={"title": "max(R, G, B)", "range": [-0.5, 255.5]},
        yaxis={"title": "share of the pixels", "type": "log"},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom"},
        # The named templates take half a second to load.
        template="none",
        plot_bgcolor="white",
    )
    return figure


def _add(
    figure: go.Figure, name: str, shares: npt.NDArray[np.float64], colour: str
) -> None:
    figure.add_scatter(
        name=name,
        x=list(range(256)),
        y=[share if share > 0 else None for share in shares.tolist()],
        line={"color": colour, "shape": "hvh"},
    )


# --- Floe sizes beside lead widths, of all scenes of a run

Floats = npt.NDArray[np.float64]

SIZE_STEP = 2**0.5
"""From one bin of sizes or widths to the next."""

_FIRST_M = 10.0
"""An edge of the bins, whatever a scene's pixels are: the same in all scenes."""

_COLOUR = "rgb(0, 70, 140)"
_MOST_POINTS = 400


def size_edges(smallest_m: float, largest_m: float) -> list[float]:
    """Return the lower edges of the bins between two sizes, in m."""
    first = np.ceil(np.log(smallest_m / _FIRST_M) / np.log(SIZE_STEP) - 1e-9)
    last = np.floor(np.log(largest_m / _FIRST_M) / np.log(SIZE_STEP) + 1e-9)
    return [float(_FIRST_M * SIZE_STEP**n) for n in np.arange(first, last + 1)]


def draw_floe_figure(
    floes: pd.DataFrame, leads: pd.DataFrame, observed_km2: float
) -> go.Figure:
    """Draw the cumulative floe size distribution and a histogram of lead widths.

    Args:
        floes: `mean_caliper_m` and `touches_edge`; those that touch it are left out.
        leads: `width_m`, `length_m` and `resolvable`; others are left out.
        observed_km2: What was looked at.

    Returns:
        A figure of two panels: how many floes are at least so large per 1000 km²
        (Rothrock & Thorndike 1984, N(d)), and how many km of leads are so wide.
    """
    whole = floes[~floes["touches_edge"].astype(bool)] if len(floes) else floes
    resolved = leads[leads["resolvable"].astype(bool)] if len(leads) else leads
    figure = go.Figure()
    # A logarithmic axis cannot be drawn of nothing.
    scale = "log" if len(whole) else "linear"
    _add_sizes(figure, whole, observed_km2)
    _add_widths(figure, resolved)
    figure.update_layout(
        title="Floe sizes and lead widths<br>"
        f"{len(whole):,} whole floes and {len(resolved):,} resolvable leads in "
        f"{observed_km2:,.0f} km²",
        xaxis={
            "title": "mean caliper diameter d, m",
            "type": scale,
            "domain": [0, 0.46],
            "visible": len(whole) > 0,
        },
        yaxis={
            "title": "floes ≥ d per 1000 km²",
            "type": scale,
            "visible": len(whole) > 0,
        },
        xaxis2={
            "title": "mean width, m, up to √2 times as wide",
            "type": "category",
            "domain": [0.56, 1],
            "anchor": "y2",
            "visible": len(resolved) > 0,
        },
        yaxis2={
            "title": "length of leads, km",
            "anchor": "x2",
            "visible": len(resolved) > 0,
        },
        width=900,
        height=420,
        # The named templates take half a second to load.
        template="none",
        plot_bgcolor="white",
    )
    return figure


def _add_sizes(figure: go.Figure, whole: pd.DataFrame, observed_km2: float) -> None:
    sizes: list[float] = []
    if len(whole):
        sizes = sorted(whole["mean_caliper_m"].tolist())
    count = len(sizes)
    # Of many floes, as many as can be told apart on a logarithmic axis.
    ranks = np.unique(np.geomspace(1, max(count, 1), _MOST_POINTS).round().astype(int))
    kept = [count - rank for rank in ranks[::-1] if count]
    figure.add_scatter(
        name="floes",
        x=[float(sizes[place]) for place in kept],
        y=[(count - place) / observed_km2 * 1000 for place in kept],
        mode="lines",
        showlegend=False,
        line={"color": _COLOUR, "width": 2},
        hovertemplate="%{x:,.0f} m<br>%{y:.3g} per 1000 km²<extra></extra>",
    )


def _add_widths(figure: go.Figure, resolved: pd.DataFrame) -> None:
    names, lengths = [], []
    if len(resolved):
        widths = resolved["width_m"].to_numpy(float)
        for edge in size_edges(float(widths.min()) / SIZE_STEP, float(widths.max())):
            here = (widths >= edge) & (widths < edge * SIZE_STEP)
            names.append(f"≥ {edge:.0f}")
            lengths.append(
                float(resolved["length_m"].to_numpy(float)[here].sum() / 1e3)
            )
    figure.add_bar(
        name="leads",
        x=names,
        y=lengths,
        xaxis="x2",
        yaxis="y2",
        marker_color=_COLOUR,
        showlegend=False,
        hovertemplate="%{x} m<br>%{y:,.1f} km<extra></extra>",
    )


# --- How a network learnt: loss and hits over the epochs

_CURVES = {
    "training": ("", "#e08e2b"),
    "validation": ("validation_", "#1b6ca8"),
}
"""Name -> prefix of its columns, colour."""

_PANELS = {"loss": "loss", "accuracy": "pixels classed as labelled"}
"""Column -> title of its axis."""


def draw_learning_curves(history: pd.DataFrame) -> go.Figure:
    """Draw loss and share of rightly classed pixels over the epochs.

    The epoch with the lowest validation loss is marked: its weights are the model's.

    Args:
        history: A row an epoch: `epoch`, `loss`, `accuracy`, `validation_loss`,
            `validation_accuracy`; more columns are not shown.
    """
    figure = make_subplots(rows=1, cols=2, horizontal_spacing=0.12)
    for column, (name, title) in enumerate(_PANELS.items(), 1):
        for label, (prefix, colour) in _CURVES.items():
            figure.add_scatter(
                name=label,
                x=history["epoch"].tolist(),
                y=history[f"{prefix}{name}"].tolist(),
                mode="lines+markers",
                marker={"size": 5},
                line={"color": colour},
                legendgroup=label,
                showlegend=column == 1,
                hovertemplate="epoch %{x}: %{y:.4f}",
                row=1,
                col=column,
            )
        figure.update_xaxes(title="epoch", row=1, col=column)
        figure.update_yaxes(title=title, row=1, col=column)
    figure.update_yaxes(rangemode="tozero", col=1)
    figure.update_yaxes(tickformat=".0%", col=2)
    _mark_best(figure, history)
    figure.update_layout(
        title="Learning curves",
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom"},
        # The named templates take half a second to load.
        template="none",
        plot_bgcolor="white",
    )
    return figure


def _mark_best(figure: go.Figure, history: pd.DataFrame) -> None:
    """Draw a line at the epoch with the lowest validation loss, where there is one."""
    validated = history.dropna(subset=["validation_loss"])
    if validated.empty:
        return
    best = min(
        zip(validated["validation_loss"], validated["epoch"], strict=True),
    )[1]
    for column in range(1, len(_PANELS) + 1):
        line = {"dash": "dot", "color": "#70797f"}
        figure.add_vline(x=best, line=line, row=1, col=column)
    figure.add_annotation(
        text=f"best epoch {best}",
        x=best,
        y=1,
        yref="y domain",
        xanchor="left",
        showarrow=False,
        row=1,
        col=1,
    )
