"""How a map is judged: rows of counts of a scene, and measures of many such rows."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from benchmarks.labels.methods import Labelled
from sea_ice_kedro.imagery.arrays import Codes, Mask, Scene
from sea_ice_kedro.imagery.classes import NO_CLASS, NODATA, SeaIceClass

NAMES = (*(c.key for c in SeaIceClass), "no_class")
_CELLS = tuple(f"{truth} as {code}" for truth in NAMES for code in NAMES)

BINS = 15
_BIN_PARTS = ("pixels", "right", "confidence")

RIGHT: dict[str, tuple[int, ...]] = {
    **dict.fromkeys(("thick", "thick_hard"), (SeaIceClass.THICK_ICE,)),
    **dict.fromkeys(("thin", "thin_hard"), (SeaIceClass.THIN_ICE,)),
    **dict.fromkeys(("water", "water_hard"), (SeaIceClass.OPEN_WATER,)),
    "ice": (SeaIceClass.THICK_ICE, SeaIceClass.THIN_ICE),
    **dict.fromkeys(("dark", "pond"), (SeaIceClass.THIN_ICE, SeaIceClass.OPEN_WATER)),
    **dict.fromkeys(("cloud", "land", "nodata"), (NO_CLASS,)),
    "surf": (SeaIceClass.OPEN_WATER, NO_CLASS),
}
"""Group of patches -> what is right there."""

Row = dict[str, Any]

Mark = tuple[int, int, int]
"""x, y and half-size of a patch, pixels."""


@dataclass(frozen=True, eq=False)
class Subject:
    """A scene to be mapped, and what is known of it."""

    kind: str
    scene: Scene
    truth: Codes | None = None
    """uint8 (H, W): class codes; `NO_CLASS` where a map must give none; 255 where
    nothing is scored."""

    patches: Mapping[str, Sequence[Mark]] = field(default_factory=dict)
    """Group of `RIGHT` -> patches marked by eye."""

    dark_water_mask: Mask | None = None
    """bool (H, W): water, known by bands that no method sees."""


Judge = Callable[[Subject, Labelled], list[Row]]


def outcomes_of(codes: Codes) -> Codes:
    """Put "no class" beside the classes: 0, 1, 2 and `NO_CLASS` for 255."""
    return np.minimum(codes, np.uint8(NO_CLASS))


def by_truth(subject: Subject, labelled: Labelled) -> list[Row]:
    """Count pixels by truth and outcome, and by confidence where there is one.

    Returns:
        One row: a column "<truth> as <outcome>" for each pair, then pixels, right
        pixels and summed confidence (0..1) of `BINS` bins of confidence.
    """
    assert subject.truth is not None
    scored = subject.truth != NODATA
    truth, given = subject.truth[scored], outcomes_of(labelled.codes)[scored]
    size = len(NAMES)
    counts = np.bincount(truth.astype(np.int64) * size + given, minlength=size**2)
    row: Row = dict(zip(_CELLS, counts.tolist(), strict=True))
    if labelled.confidence is not None:
        row |= _binned(labelled.confidence[scored], truth == given)
    return [row]


def _binned(percent: npt.NDArray[np.uint8], right: Mask) -> Row:
    told = percent != NODATA
    share, right = percent[told] / 100.0, right[told]
    bins = np.minimum((share * BINS).astype(np.int64), BINS - 1)
    sums = [np.bincount(bins, weights, BINS) for weights in (None, right, share)]
    return {
        f"bin {number} {part}": float(values[number])
        for part, values in zip(_BIN_PARTS, sums, strict=True)
        for number in range(BINS)
    }


def by_patches(subject: Subject, labelled: Labelled) -> list[Row]:
    """Take the mean share of each outcome over the patches of each group.

    Returns:
        A row a group: `group`, `patches`, the four shares and `right`, 0..1.
    """
    rows = []
    outcomes = outcomes_of(labelled.codes)
    for group, marks in subject.patches.items():
        cuts = [
            outcomes[max(y - h, 0) : y + h + 1, max(x - h, 0) : x + h + 1]
            for x, y, h in marks
        ]
        shares = np.mean(
            [[(cut == c).mean() for c in range(len(NAMES))] for cut in cuts], axis=0
        )
        right = float(sum(shares[list(RIGHT[group])]))
        named = dict(zip(NAMES, shares.tolist(), strict=True))
        rows.append({"group": group, "patches": len(marks), **named, "right": right})
    return rows


def by_water(subject: Subject, labelled: Labelled) -> list[Row]:
    """Count dark water and how much of it is called ice; no other truth is known."""
    water = subject.dark_water_mask
    if water is None:
        water = np.zeros(subject.scene.shape, bool)
    ice = np.isin(labelled.codes, [c for c in SeaIceClass if c.is_ice])
    return [
        {
            "observed": int(subject.scene.valid_mask.sum()),
            "without class": int((labelled.codes[subject.scene.valid_mask] > 2).sum()),
            "dark water": int(water.sum()),
            "dark water as ice": int((water & ice).sum()),
        }
    ]


def confusion(rows: pd.DataFrame) -> npt.NDArray[np.int64]:
    """Sum the counts of rows of `by_truth`: int64 (4, 4), rows are truth."""
    sums = rows[list(_CELLS)].sum().to_numpy(np.int64)
    return sums.reshape(len(NAMES), len(NAMES))


def measures_of(rows: pd.DataFrame) -> dict[str, float]:
    """Measure rows of `by_truth`, all pixels together.

    Returns:
        `accuracy`; `mean_recall` of the three classes; `recall_<class>`;
        `no_class_found`; `thick_lost`: true thick ice without a class;
        `calibration_error` where there is confidence. NaN where nothing of it is there.
    """
    counts = confusion(rows)
    there = counts.sum(axis=1)
    with np.errstate(invalid="ignore"):
        shares = counts / there[:, None]
        accuracy = float(np.trace(counts) / counts.sum())
    recalls = np.diagonal(shares)[:NO_CLASS]
    seen = recalls[there[:NO_CLASS] > 0]
    return {
        "accuracy": accuracy,
        "mean_recall": float(seen.mean()) if len(seen) else float("nan"),
        **{f"recall_{c.key}": float(recalls[c]) for c in SeaIceClass},
        "no_class_found": float(shares[NO_CLASS, NO_CLASS]),
        "thick_lost": float(shares[SeaIceClass.THICK_ICE, NO_CLASS]),
        "calibration_error": calibration_error(rows),
    }


def calibration_error(rows: pd.DataFrame) -> float:
    """Compute the expected calibration error (Guo et al. 2017, equation 3).

    The mean over pixels of the distance between confidence and share of right pixels,
    in `BINS` bins of equal width.
    """
    if "bin 0 pixels" not in rows or rows["bin 0 pixels"].isna().all():
        return float("nan")  # the method tells no confidence
    pixels, right, confidence = (
        rows[[f"bin {n} {part}" for n in range(BINS)]].sum().to_numpy(float)
        for part in _BIN_PARTS
    )
    return float(np.abs(right - confidence).sum() / pixels.sum())
