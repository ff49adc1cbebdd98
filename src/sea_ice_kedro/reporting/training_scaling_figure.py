"""How much faster training gets with more workers: measured, modelled, published."""

from typing import Any

import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

_OURS, _PAPER, _IDEAL = "#1b6ca8", "#e08e2b", "#9aa3a9"

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
                style = _style(name, colour, modelled=modelled, legend=place == 1)
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


def _style(name: str, colour: str, *, modelled: bool, legend: bool) -> dict[str, Any]:
    return {
        "name": name,
        "mode": "lines" if modelled else "lines+markers",
        "line": {"color": colour, "dash": "dash" if modelled else "solid"},
        "marker": {"size": 10, "color": colour},
        "legendgroup": name,
        "showlegend": legend,
        "hovertemplate": f"{name}, %{{x}} workers: %{{y:.4g}}<extra></extra>",
    }
