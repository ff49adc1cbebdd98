"""A sheet of held-out chips: image | reference | prediction, and how far they agree."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from PIL import Image, ImageDraw

from sea_ice_kedro.imagery.arrays import RGB, Codes, Mask
from sea_ice_kedro.imagery.chip_scores import EvaluationOptions, count_name
from sea_ice_kedro.imagery.classes import (
    NODATA_COLOUR,
    SeaIceClass,
    colourise,
)
from sea_ice_kedro.imagery.palettes import ACCESSIBLE, FigureOptions
from sea_ice_kedro.imagery.scores import confusion_matrix, scores
from sea_ice_kedro.reporting.confusion_figures import REFERENCES
from sea_ice_kedro.reporting.quicklooks import FAINT, INK, PAPER, font, resized
from sea_ice_kedro.reporting.score_tables import MEASURES

_PANEL_PX = 256
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
    row_px = _CAPTION + _PANEL_PX + _MARGIN // 2
    size = _page_width(samples), _TITLE + len(samples) * row_px + _FOOT
    page = Image.new("RGB", size, PAPER)
    draw = ImageDraw.Draw(page)
    draw.text((_MARGIN, 8), f"{name}: held-out chips", INK, font(18))
    lefts = [_MARGIN + index * (_PANEL_PX + _MARGIN) for index in range(3)]
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
    return max(3 * _PANEL_PX + 4 * _MARGIN, 2 * _MARGIN + math.ceil(max(texts)))


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
    factor = max(_PANEL_PX // longest, 1) * min(_PANEL_PX / longest, 1)
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
