"""Figures of an evaluation: confusion matrices (Fig. 13) and bars of the accuracies."""

from itertools import product

import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from sea_ice_kedro.imagery.classes import SeaIceClass
from sea_ice_kedro.reporting.published_scores import (
    IMAGES,
    PUBLISHED,
    TITLES,
    column_of,
    headline,
)
from sea_ice_kedro.reporting.score_tables import MEASURES, STRATA, records_of

REFERENCES = {"manual": "manual labels", "auto": "auto-labels"}
"""Kinds of reference as people read them."""

BAR_COLOURS = {
    "unet_manual": "#7ab8dd",
    "unet_auto": "#f0b45f",
    "unet_corrected": "#8fc7a3",
    "thresholds": "#c3c9cf",
}
_INK = "#14202a"
_METHOD = ["method", "labels", "images"]
_PANEL_PX = 250
_KEYS = [c.key for c in SeaIceClass]


def draw_accuracies(evaluation_scores: pd.DataFrame) -> go.Figure:
    """Draw Tables IV and V as bars, the published accuracies as diamonds on them.

    Args:
        evaluation_scores: As `tabulate_scores` makes it.

    Returns:
        A figure with a group of bars for each stratum and kind of images that was
        scored, and a bar for each method that was run.
    """
    scored = headline(evaluation_scores)
    figure = go.Figure()
    for (method, labels), title in TITLES.items():
        rows = scored[(scored["method"] == method) & (scored["labels"] == labels)]
        if not rows.empty:
            _add_bars(figure, rows, column_of(method, labels), title)
    groups = [
        _group(s, i)
        for s, i in product(STRATA, IMAGES)
        if ((scored["stratum"] == s) & (scored["images"] == i)).any()
    ]
    figure.update_layout(
        barmode="group",
        scattermode="group",
        title=_title(scored),
        xaxis={
            "type": "category",
            "categoryorder": "array",
            "categoryarray": groups,
            "automargin": True,
        },
        yaxis={"range": [0, 1.05], "tickformat": ".0%", "title": _measure(scored)},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom"},
        # The named templates take half a second to load.
        template="none",
        plot_bgcolor="white",
    )
    return figure


def _add_bars(figure: go.Figure, rows: pd.DataFrame, name: str, title: str) -> None:
    records = records_of(rows)
    places = [_group(row["stratum"], row["images"]) for row in records]
    figure.add_bar(
        name=title,
        x=places,
        y=[row["overall"] for row in records],
        marker_color=BAR_COLOURS[name],
        offsetgroup=name,
        texttemplate="%{y:.1%}",
        textposition="inside",
        insidetextanchor="start",
        textangle=0,
        textfont={"color": _INK},
        customdata=[[row["chips"], row["pixels"]] for row in records],
        hovertemplate="%{x}<br>%{y:.2%} of %{customdata[1]:,} pixels in "
        "%{customdata[0]} chips",
    )
    published = {
        place: PUBLISHED[row["stratum"], row["images"]].get(name)
        for place, row in zip(places, records, strict=True)
        if row["measure"] == "accuracy"  # what was published is one, too
    }
    if any(published.values()):
        figure.add_scatter(
            name=f"{title}, published (other scenes)",
            x=list(published),
            y=list(published.values()),
            mode="markers",
            marker={
                "symbol": "diamond",
                "size": 9,
                "color": BAR_COLOURS[name],
                "line": {"width": 1.5, "color": _INK},
            },
            offsetgroup=name,
            hovertemplate="%{x}<br>%{y:.2%} (Iqrah et al. 2024, other scenes)",
        )


def _group(stratum: str, images: str) -> str:
    chips = "all chips" if stratum == "all" else f"{stratum} chips"
    return f"{chips}<br>{images} images"


def _measure(scored: pd.DataFrame) -> str:
    return MEASURES[next(iter(scored["reference"]), "manual")]


def _title(scored: pd.DataFrame, by: str = "") -> str:
    reference = next(iter(scored["reference"]), "manual")
    between = "against" if reference == "manual" else "with"
    measure = MEASURES[reference].capitalize()
    return f"{measure}{by} of held-out chips {between} {REFERENCES[reference]}"


def draw_confusion(confusion_matrices: pd.DataFrame) -> go.Figure:
    """Draw a confusion matrix for each method and stratum, as the paper prints them.

    Each column is a class of the reference and adds up to 100 %; rows are what it was
    classed as. Hovering shows pixel counts.

    Args:
        confusion_matrices: As `tabulate_matrices` makes it.
    """
    cells = headline(confusion_matrices)
    strata = [s for s in STRATA if (cells["stratum"] == s).any()]
    methods = cells[_METHOD].drop_duplicates()
    side_by_side, below = max(len(strata), 1), max(len(methods), 1)
    figure = make_subplots(
        rows=below,
        cols=side_by_side,
        subplot_titles=[
            f"{TITLES[m['method'], m['labels']]}, {m['images']} images"
            f"<br>{'all chips' if s == 'all' else f'{s} chips'}"
            for m in records_of(methods)
            for s in strata
        ],
        vertical_spacing=0.3 / below,
        horizontal_spacing=0.12 / side_by_side,
    )
    places = {tuple(m): n for n, m in enumerate(methods.to_numpy().tolist(), 1)}
    for key, part in cells.groupby([*_METHOD, "stratum"], sort=False):
        *method, stratum = (str(value) for value in key)
        row, column = places[tuple(method)], strata.index(stratum) + 1
        figure.add_trace(_heatmap(part), row=row, col=column)
    figure.update_xaxes(title={"text": "reference", "standoff": 4}, showgrid=False)
    figure.update_yaxes(autorange="reversed", showgrid=False, showticklabels=False)
    title = {"text": "classed as", "standoff": 4}
    figure.update_yaxes(title=title, showticklabels=True, col=1)
    figure.update_annotations(font_size=12)
    figure.update_layout(
        title=f"{_title(cells, ' by class')}; columns add up to 100 %",
        width=140 + (_PANEL_PX + 40) * side_by_side,
        height=140 + (_PANEL_PX + 80) * below,
        margin={"l": 120},
        template="none",
    )
    return figure


def _heatmap(cells: pd.DataFrame) -> go.Heatmap:
    """Draw one matrix; a class that the reference lacks has an empty column."""
    shares, pixels = (
        cells.pivot(index="predicted_class", columns="reference_class", values=name)
        .reindex(index=_KEYS, columns=_KEYS)
        .to_numpy(float)
        for name in ("share_of_reference", "pixels")
    )
    labels = [c.label for c in SeaIceClass]
    return go.Heatmap(
        x=labels,
        y=labels,
        z=shares,
        customdata=pixels,
        texttemplate="%{z:.2%}",
        hovertemplate="%{x} classed as %{y}<br>%{z:.2%}, %{customdata:,.0f} pixels",
        zmin=0,
        zmax=1,
        colorscale=[[0, "#ffffff"], [1, BAR_COLOURS["unet_manual"]]],
        textfont={"color": _INK},
        showscale=False,
        xgap=1,
        ygap=1,
        name="",
    )
