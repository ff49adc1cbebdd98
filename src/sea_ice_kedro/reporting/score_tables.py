"""From the scores of single chips to tables of an evaluation, as in the paper.

Chips of one reference only are ever summed: a person's labels say what is right
("accuracy"), auto-labels only what the thresholds said ("agreement").

Published: Iqrah et al. (2024), Tables IV and V and IV-B, measured on scenes of their
own; they are there to compare with, not to be reproduced on other scenes.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from sea_ice_kedro.imagery.chips import (
    COUNT_NAMES,
    ChipScore,
    EvaluationOptions,
    counts_by_name,
)
from sea_ice_kedro.imagery.classes import SeaIceClass
from sea_ice_kedro.imagery.scores import ClassScores, Counts, scores

MEASURES = {"manual": "accuracy", "auto": "agreement"}
"""Name of the share of equally classed pixels, by the kind of reference."""

KEY = ["method", "labels", "images", "reference"]
"""Labels that tell the methods of one evaluation apart."""

STRATA = ["all", "cloudy", "clear"]

_GROUP = [*KEY, "stratum"]
_SCORES = ("precision", "recall", "f1", "iou")
_NAN = float("nan")


def chip_table(
    scene_id: str, reference: str, chips: Sequence[ChipScore], **more: str
) -> pd.DataFrame:
    """Make the table of one scene's scores, a row a chip.

    Args:
        scene_id: The scene.
        reference: "manual" or "auto": what the class map was compared with.
        chips: Scores of its held-out chips.
        more: Further columns, the same for all rows.
    """
    rows = [
        {
            "scene_id": scene_id,
            "reference": reference,
            **more,
            "row": chip.row,
            "column": chip.column,
            "valid_pixels": chip.valid_pixels,
            "cloud_fraction": chip.cloud_fraction,
            **counts_by_name(chip.matrix),
            "ssim": chip.ssim,
        }
        for chip in chips
    ]
    return pd.DataFrame(rows)


def sum_counts(
    tables: Iterable[pd.DataFrame], cloudy_min_fraction: float
) -> pd.DataFrame:
    """Sum the confusion matrices of all chips, one table in memory at a time.

    Args:
        tables: As `chip_table` makes them, with the columns `KEY`.
        cloudy_min_fraction: First cloud fraction, 0..1, of a "cloudy" chip.

    Returns:
        A row for each method, reference and stratum that has a pixel: `KEY`,
        `stratum`, `scenes`, `chips` and a column a cell of the matrix.
    """
    sums = [_sums_of(table, cloudy_min_fraction) for table in tables]
    if not sums:
        return pd.DataFrame(columns=[*_GROUP, "scenes", "chips", *COUNT_NAMES])
    total = pd.concat(sums).groupby(_GROUP, as_index=False, sort=False).sum()
    total = total[total[COUNT_NAMES].sum(axis=1) > 0]
    place = total["stratum"].map(STRATA.index)
    return total.assign(_place=place).sort_values(
        ["reference", "method", "labels", "images", "_place"],
        ascending=[False, False, False, False, True],
        ignore_index=True,
    )[[*_GROUP, "scenes", "chips", *COUNT_NAMES]]


def _sums_of(table: pd.DataFrame, cloudy_min_fraction: float) -> pd.DataFrame:
    table = table[table["valid_pixels"] > 0]
    cloudy = table["cloud_fraction"] >= cloudy_min_fraction
    strata = {"all": table, "cloudy": table[cloudy], "clear": table[~cloudy]}
    stacked = pd.concat([part.assign(stratum=name) for name, part in strata.items()])
    grouped = stacked.groupby(_GROUP, as_index=False, sort=False)
    sums = grouped.agg(
        scenes=("scene_id", "nunique"),
        chips=("row", "size"),
        **{name: (name, "sum") for name in COUNT_NAMES},
    )
    return pd.DataFrame(sums)


def records_of(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of a table, each by the names of its columns."""
    return [{str(k): v for k, v in row.items()} for row in table.to_dict("records")]


def matrix_of(row: Mapping[str, Any]) -> Counts:
    """Return the confusion matrix of a row, int64 (3, 3), rows = reference."""
    side = len(SeaIceClass)
    return np.array([int(row[n]) for n in COUNT_NAMES], np.int64).reshape(side, side)


def tabulate_scores(sums: pd.DataFrame) -> pd.DataFrame:
    """Score each method in each stratum: a row each.

    Args:
        sums: As `sum_counts` makes it.

    Returns:
        `KEY`, `stratum`, `measure` (what `overall` is: accuracy or agreement),
        `overall`, `scenes`, `chips`, `pixels` and the means over the classes,
        `macro_<score>` and `weighted_<score>`, all scores 0..1.
    """
    return pd.DataFrame(
        [_score_row(row) for row in records_of(sums)],
        columns=list(_score_row(_ANY)),
    )


def _score_row(row: Mapping[str, Any]) -> dict[str, Any]:
    result = scores(matrix_of(row))
    means = {"macro": result.macro, "weighted": result.weighted}
    return {
        **{name: row[name] for name in _GROUP},
        "measure": MEASURES[row["reference"]],
        "overall": result.accuracy,
        "scenes": row["scenes"],
        "chips": row["chips"],
        "pixels": result.macro.support,
        **{
            f"{mean}_{name}": value
            for mean, classes in means.items()
            for name, value in _four(classes).items()
        },
    }


def _four(values: ClassScores) -> dict[str, float]:
    return {name: getattr(values, name) for name in _SCORES}


_ANY = {
    **dict.fromkeys(_GROUP, ""),
    "reference": "auto",
    **dict.fromkeys(["scenes", "chips", *COUNT_NAMES], 0),
}


def tabulate_classes(sums: pd.DataFrame) -> pd.DataFrame:
    """Score each class of each method in each stratum: a row each, with support."""
    rows = [
        {
            **{name: row[name] for name in _GROUP},
            "class": sea_ice_class.key,
            **_four(values),
            "support": values.support,
        }
        for row in records_of(sums)
        for sea_ice_class, values in scores(matrix_of(row)).by_class.items()
    ]
    columns = [*_GROUP, "class", *_SCORES, "support"]
    return pd.DataFrame(rows, columns=columns)


def tabulate_matrices(sums: pd.DataFrame) -> pd.DataFrame:
    """List every cell of every confusion matrix: a row each.

    Returns:
        `KEY`, `stratum`, `reference_class`, `predicted_class`, `pixels` and
        `share_of_reference`: pixels / all of that reference class, 0..1, as the paper
        prints them (its columns add up to 100 %); NaN where the class is absent.
    """
    rows = [
        {
            **{name: row[name] for name in _GROUP},
            "reference_class": reference.key,
            "predicted_class": predicted.key,
            "pixels": int(matrix[reference, predicted]),
            "share_of_reference": _share(matrix, reference, predicted),
        }
        for row in records_of(sums)
        for matrix in [matrix_of(row)]
        for reference in SeaIceClass
        for predicted in SeaIceClass
    ]
    names = ["reference_class", "predicted_class", "pixels", "share_of_reference"]
    return pd.DataFrame(rows, columns=[*_GROUP, *names])


def _share(matrix: Counts, reference: SeaIceClass, predicted: SeaIceClass) -> float:
    total = int(matrix[reference].sum())
    return int(matrix[reference, predicted]) / total if total else _NAN


# --- Our scores in the shape of the published tables, beside the published numbers

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
