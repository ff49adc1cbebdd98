"""Figures of an evaluation: accuracies, confusion matrices (Fig. 13), chips."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
import numpy.typing as npt
import pandas as pd
import plotly.graph_objects as go
from PIL import Image, ImageDraw
from plotly.subplots import make_subplots

from sea_ice_kedro.imagery.arrays import RGB, Codes, Mask
from sea_ice_kedro.imagery.chips import EvaluationOptions, count_name
from sea_ice_kedro.imagery.classes import (
    ACCESSIBLE,
    NODATA_COLOUR,
    FigureOptions,
    SeaIceClass,
    colourise,
)
from sea_ice_kedro.imagery.scores import confusion_matrix, scores
from sea_ice_kedro.reporting.quicklooks import FAINT, INK, PAPER, font, resized
from sea_ice_kedro.reporting.score_tables import (
    IMAGES,
    MEASURES,
    PUBLISHED,
    STRATA,
    TITLES,
    column_of,
    headline,
    records_of,
)

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


# --- A sheet of held-out chips: image | reference | prediction, and how far they agree

_CHIP_PX = 256
_MARGIN, _TITLE, _CAPTION, _FOOT, _SWATCH = 16, 62, 26, 44, 16
_WORTH_SEEING = (0.5, 0.01)
"""Least valid pixels, as a share of the fullest chip's, and least share of a second
class, of a chip that is shown while there are others."""


@dataclass(frozen=True, eq=False)
class SampleChip:
    """One held-out chip with what is known about it."""

    chip_id: str
    image: RGB
    """uint8 (h, w, 3): what the network was given."""

    valid_mask: Mask
    """bool (h, w), True where the scene was observed."""

    reference: Codes
    """uint8 (h, w) of class codes."""

    prediction: Codes
    """uint8 (h, w) of class codes."""

    kind: str
    """Of the reference: "manual" or "auto"."""

    cloud_fraction: float
    """Thin cloud and shadow / valid pixels, 0..1."""


def choose_samples(chips: pd.DataFrame, options: EvaluationOptions) -> pd.DataFrame:
    """Choose chips from all scenes and from clear to cloudy, never a blank one.

    Args:
        chips: Held-out chips as `chip_table` makes them.
        options: How many, and the seed.

    Returns:
        Up to `options.samples` of the rows, from clear to cloudy; chips of one class
        only, or mostly without data, fill up where there are too few others.
    """
    seen = chips[chips["valid_pixels"] > 0]
    telling = _is_telling(seen)
    count = min(options.samples, len(seen))
    missing = max(0, count - int(telling.sum()))
    others = seen[~telling].sample(missing, random_state=options.seed)
    pool = pd.concat([seen[telling], others]).sort_values(
        ["cloud_fraction", "scene_id", "row", "column"], ignore_index=True
    )
    rng = np.random.default_rng(options.seed)
    taken: Counter[str] = Counter()
    chosen = []
    for part in np.array_split(np.arange(len(pool)), count) if count else []:
        # Of chips as cloudy as these, one of the scene that was shown least so far.
        best = min(rng.permutation(part), key=lambda i: taken[pool["scene_id"][i]])
        taken[pool["scene_id"][best]] += 1
        chosen.append(best)
    return pool.iloc[chosen].reset_index(drop=True)


def _is_telling(chips: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """Find chips with enough data and more than one class: bool (chips,)."""
    by_class = [
        chips[[count_name(c, p) for p in SeaIceClass]].sum(axis=1) for c in SeaIceClass
    ]
    valid = chips["valid_pixels"].to_numpy(float)
    enough, mixed = _WORTH_SEEING
    largest = np.max(by_class, axis=0)
    most = valid.max(initial=0.0)
    return np.asarray((largest <= (1 - mixed) * valid) & (valid >= enough * most))


def draw_samples(
    samples: Sequence[SampleChip],
    name: str,
    images: str,
    figures: FigureOptions = ACCESSIBLE,
) -> RGB:
    """Draw a sheet of chips, a row each: image | reference | prediction.

    Args:
        samples: The chips, from top to bottom.
        name: Of the network, for the title.
        images: What the first column shows, "filtered image".
        figures: The colours of the classes.

    Returns:
        uint8 (height, width, 3).
    """
    row_px = _CAPTION + _CHIP_PX + _MARGIN // 2
    size = _page_width(samples), _TITLE + len(samples) * row_px + _FOOT
    page = Image.new("RGB", size, PAPER)
    draw = ImageDraw.Draw(page)
    draw.text((_MARGIN, 8), f"{name}: held-out chips", INK, font(18))
    lefts = [_MARGIN + index * (_CHIP_PX + _MARGIN) for index in range(3)]
    heads = images, "reference", "prediction"
    for left, head in zip(lefts, heads, strict=True):
        draw.text((left, _TITLE - 22), head, FAINT, font(14))
    for number, sample in enumerate(samples):
        top = _TITLE + number * row_px
        draw.text((_MARGIN, top + 5), sample.chip_id, INK, font(14))
        right = page.width - _MARGIN
        draw.text((right, top + 5), caption(sample), INK, font(14), anchor="ra")
        for left, panel in zip(lefts, _panels(sample, figures), strict=True):
            page.paste(Image.fromarray(panel), (left, top + _CAPTION))
    _legend(draw, page.height - _FOOT + 14, figures)
    return np.asarray(page)


def _page_width(samples: Sequence[SampleChip]) -> int:
    """Make room for three panels, and for long names beside their captions."""
    texts = [
        font(14).getlength(f"{sample.chip_id}   {caption(sample)}")
        for sample in samples
    ]
    return max(3 * _CHIP_PX + 4 * _MARGIN, 2 * _MARGIN + math.ceil(max(texts)))


def caption(sample: SampleChip) -> str:
    """Return how far prediction and reference agree, and the name of that measure."""
    share = scores(confusion_matrix(sample.reference, sample.prediction)).accuracy
    value = "-" if math.isnan(share) else f"{share:.1%}"
    between = "against" if sample.kind == "manual" else "with"
    return (
        f"{MEASURES[sample.kind]} {between} {REFERENCES[sample.kind]} {value}; "
        f"filter found cloud or shadow in {sample.cloud_fraction:.0%}"
    )


def _panels(sample: SampleChip, figures: FigureOptions) -> list[RGB]:
    longest = max(sample.reference.shape)
    # A pixel of a small chip becomes a whole square.
    factor = max(_CHIP_PX // longest, 1) * min(_CHIP_PX / longest, 1)
    image = resized(sample.image, factor)
    unseen = resized(sample.valid_mask.view(np.uint8), factor) == 0
    image[unseen] = _STRIPES[np.add(*np.nonzero(unseen)) % len(_STRIPES)]
    maps = (sample.reference, sample.prediction)
    shown = (resized(codes, factor) for codes in maps)
    return [image, *(colourise(codes, figures.colours) for codes in shown)]


_STRIPES = np.repeat(np.array([150, 190], np.uint8), 4)[:, None]
"""Greys of pixels without data, along a row; black would be water."""


def _legend(draw: ImageDraw.ImageDraw, top: int, figures: FigureOptions) -> None:
    entries = [(figures.colours[c], c.label) for c in SeaIceClass]
    left = float(_MARGIN)
    for colour, text in [*entries, (NODATA_COLOUR, "no data")]:
        draw.rectangle([left, top, left + _SWATCH, top + _SWATCH], colour, INK)
        draw.text((left + _SWATCH + 6, top), text, INK, font(13))
        left += _SWATCH + 6 + draw.textlength(text, font(13)) + 18
