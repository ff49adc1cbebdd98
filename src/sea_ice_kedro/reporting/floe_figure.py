"""Floe sizes beside lead widths, of all scenes of a run."""

import numpy as np
import numpy.typing as npt
import pandas as pd
import plotly.graph_objects as go

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
        },
        yaxis={"title": "floes ≥ d per 1000 km²", "type": scale},
        xaxis2={
            "title": "mean width, m, up to √2 times as wide",
            "type": "category",
            "domain": [0.56, 1],
            "anchor": "y2",
        },
        yaxis2={"title": "length of leads, km", "anchor": "x2"},
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
