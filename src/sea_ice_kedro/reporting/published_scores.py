"""Our scores in the shape of the published tables, beside the published numbers.

Published: Iqrah et al. (2024), Tables IV and V and IV-B, measured on scenes of their
own; they are there to compare with, not to be reproduced on other scenes.
"""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from sea_ice_kedro.imagery.chip_scores import EvaluationOptions
from sea_ice_kedro.reporting.score_tables import STRATA, records_of

TITLES = {
    ("unet", "manual"): "U-Net-Man",
    ("unet", "auto"): "U-Net-Auto",
    ("unet", "corrected"): "U-Net-Corrected",
    ("thresholds", "none"): "thresholds",
}
"""(method, labels) -> name, as the paper writes those that it has."""

IMAGES = ["original", "filtered"]

PUBLISHED = {
    ("all", "original"): {"unet_manual": 0.9139, "unet_auto": 0.9018},
    ("all", "filtered"): {"unet_manual": 0.9840, "unet_auto": 0.9897},
    ("cloudy", "original"): {"unet_manual": 0.8874, "unet_auto": 0.7991},
    ("cloudy", "filtered"): {"unet_manual": 0.9891, "unet_auto": 0.9928},
    ("clear", "original"): {"unet_manual": 0.9227, "unet_auto": 0.9360},
    ("clear", "filtered"): {"unet_manual": 0.9823, "unet_auto": 0.9887},
}
"""(stratum, images) -> accuracy against manual labels (Tables IV and V)."""

PUBLISHED_SSIM = {"original": 0.89, "filtered": 0.9964}
"""images -> SSIM of auto-labels and manual labels (IV-B)."""

_DIGITS = 4
"""As many as are published; `evaluation_scores` has them all."""


def headline(table: pd.DataFrame) -> pd.DataFrame:
    """Keep the rows against manual labels, or all where nothing is labelled."""
    manual = table[table["reference"] == "manual"]
    return table if manual.empty else manual


def column_of(method: str, labels: str) -> str:
    """Name a method's column: "unet_manual", "thresholds"."""
    return method if labels == "none" else f"{method}_{labels}"


def tabulate_like_paper(
    evaluation_scores: pd.DataFrame, strata: Sequence[str]
) -> pd.DataFrame:
    """Lay accuracies (or agreements) out as the paper does.

    Args:
        evaluation_scores: As `tabulate_scores` makes it.
        strata: ["all"] gives Table IV, ["cloudy", "clear"] Table V.

    Returns:
        A row for each stratum and kind of images that was scored: `stratum`,
        `images`, `reference`, `measure`, then for each method that was run its value
        and, for a U-Net, the published one as `<method>_published_accuracy`, all 0..1.
    """
    scored = headline(evaluation_scores)
    found = {
        column_of(method, labels): scored[
            (scored["method"] == method) & (scored["labels"] == labels)
        ]
        for method, labels in TITLES
    }
    run = {name: rows for name, rows in found.items() if not rows.empty}
    rows = [
        _paper_row(stratum, images, run)
        for stratum in strata
        for images in IMAGES
        if ((scored["stratum"] == stratum) & (scored["images"] == images)).any()
    ]
    columns = ["stratum", "images", "reference", "measure"]
    for name in run:
        columns += [name] if name == "thresholds" else [name, _published(name)]
    return pd.DataFrame(rows, columns=columns).round(_DIGITS)


def _published(name: str) -> str:
    return f"{name}_published_accuracy"


def _paper_row(
    stratum: str, images: str, run: dict[str, pd.DataFrame]
) -> dict[str, Any]:
    row: dict[str, Any] = {"stratum": stratum, "images": images}
    for name, rows in run.items():
        fits = rows[(rows["stratum"] == stratum) & (rows["images"] == images)]
        for found in records_of(fits):
            row["reference"], row["measure"] = found["reference"], found["measure"]
            row[name] = found["overall"]
        row[_published(name)] = PUBLISHED[stratum, images].get(name)
    return row


def tabulate_similarity(
    threshold_scores: pd.DataFrame, options: EvaluationOptions
) -> pd.DataFrame:
    """Average the SSIM of auto-labels and manual labels over chips, by valid pixels.

    Args:
        threshold_scores: Chips of all held-out scenes, as `chip_table` makes them.
        options: From which cloud fraction on a chip is cloudy.

    Returns:
        A row for each kind of images and stratum: `images`, `stratum`, `chips`, `ssim`
        (-1..1) and `published`; no row where no scene has a manual label.
    """
    chips = threshold_scores[
        (threshold_scores["reference"] == "manual") & threshold_scores["ssim"].notna()
    ]
    cloudy = chips["cloud_fraction"] >= options.cloudy_min_fraction
    parts = {"all": chips, "cloudy": chips[cloudy], "clear": chips[~cloudy]}
    rows = [
        _similarity_row(images, stratum, part[part["images"] == images])
        for images in IMAGES
        for stratum, part in parts.items()
    ]
    table = pd.DataFrame(rows)
    return table[table["chips"] > 0].reset_index(drop=True).round(_DIGITS)


def _similarity_row(images: str, stratum: str, chips: pd.DataFrame) -> dict[str, Any]:
    pixels = chips["valid_pixels"].sum()
    return {
        "images": images,
        "stratum": stratum,
        "chips": len(chips),
        "ssim": (chips["ssim"] * chips["valid_pixels"]).sum() / max(pixels, 1),
        "published": PUBLISHED_SSIM[images] if stratum == "all" else None,
    }


def summarise(evaluation_scores: pd.DataFrame) -> dict[str, Any]:
    """Pick the numbers that one looks at first, as JSON types.

    Returns:
        `reference`, `measure`, and for each method, "unet_auto_original",
        "thresholds_original", ..., `scenes`, `chips`, `pixels`, the measure itself,
        `macro_f1` and `mean_iou` over all its held-out chips.
    """
    scored = headline(evaluation_scores)
    scored = scored[scored["stratum"] == STRATA[0]]
    return {
        "reference": next(iter(scored["reference"]), None),
        "measure": next(iter(scored["measure"]), None),
        "methods": {
            f"{column_of(row['method'], row['labels'])}_{row['images']}": {
                **{name: int(row[name]) for name in ("scenes", "chips", "pixels")},
                row["measure"]: float(row["overall"]),
                "macro_f1": float(row["macro_f1"]),
                "mean_iou": float(row["macro_iou"]),
            }
            for row in records_of(scored)
        },
    }
