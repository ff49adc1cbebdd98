"""How often each brightness occurs, with the class limits drawn in."""

import numpy as np
import numpy.typing as npt
import pandas as pd
import plotly.graph_objects as go

from sea_ice_kedro.imagery.calibration import Counts
from sea_ice_kedro.imagery.classes import SeaIceClass
from sea_ice_kedro.imagery.palettes import ACCESSIBLE, FigureOptions, css


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
