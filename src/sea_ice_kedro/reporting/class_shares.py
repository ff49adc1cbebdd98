"""The overview of a run: how much of each class every scene holds."""

import pandas as pd
import plotly.graph_objects as go

from sea_ice_kedro.imagery.classes import SeaIceClass
from sea_ice_kedro.imagery.palettes import ACCESSIBLE, FigureOptions, css

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
