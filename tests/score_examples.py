"""Scores of chips made up for tests: few pixels, easy to add up."""

import numpy as np
import pandas as pd

from sea_ice_kedro.imagery.chips import ChipScore
from sea_ice_kedro.reporting.score_tables import chip_table


def chip(matrix, row=0, column=0, cloud_fraction=0.0, ssim=float("nan")):
    """One chip by its confusion matrix: rows = reference, columns = prediction."""
    counts = np.array(matrix, np.int64)
    valid = int(counts.sum())
    return ChipScore(row, column, valid, cloud_fraction, counts, ssim)


RIGHT = [[60, 0, 0], [0, 30, 0], [0, 0, 10]]
"""100 pixels, all right."""

HALF_RIGHT = [[40, 20, 0], [30, 0, 0], [0, 0, 10]]
"""100 pixels, 50 right; a third of the thick ice called thin, all thin ice thick."""

BLANK = [[0, 0, 0], [0, 0, 0], [0, 0, 0]]


def unet_table(scene_id="a", reference="manual", labels="auto", images="original"):
    """A clear chip that is right and a cloudy one that is half right."""
    chips = [chip(RIGHT), chip(HALF_RIGHT, column=256, cloud_fraction=0.4)]
    return chip_table(
        scene_id, reference, chips, method="unet", labels=labels, images=images
    )


def threshold_table(scene_id="a", reference="manual", images="original", ssim=0.5):
    """One clear chip that is half right."""
    chips = [chip(HALF_RIGHT, ssim=ssim)]
    return chip_table(
        scene_id, reference, chips, method="thresholds", labels="none", images=images
    )


def everything(reference="manual"):
    """Two networks on both kinds of images, and the thresholds, on one scene."""
    networks = [
        unet_table(reference=reference, labels=labels, images=images)
        for labels in ("auto", "manual")
        for images in ("original", "filtered")
    ]
    baseline = [
        threshold_table(reference=reference, images=i) for i in ("original", "filtered")
    ]
    return [*networks, *baseline]


def only(table, **values) -> pd.Series:
    """The one row that has these values."""
    for name, value in values.items():
        table = table[table[name] == value]
    (row,) = table.to_dict("records")
    return row
