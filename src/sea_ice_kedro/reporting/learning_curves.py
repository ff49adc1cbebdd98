"""How a network learnt: loss and hits over the epochs."""

import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

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
