"""Brightness of scenes' pixels by manual label, and limits from that."""

import numpy as np
import numpy.typing as npt

from sea_ice_kedro.errors import InvalidLabel
from sea_ice_kedro.imagery.arrays import ClassMap, Scene
from sea_ice_kedro.imagery.classes import DARK_TO_BRIGHT, SeaIceClass
from sea_ice_kedro.imagery.histogram import histogram_of
from sea_ice_kedro.imagery.labelling import untrustworthy

Counts = npt.NDArray[np.int64]
"""int64 (4, 256): pixels of each brightness labelled thick ice, thin ice and open
water; the last row is all pixels, labelled or not."""


def count_brightness(scene: Scene, label: ClassMap | None = None) -> Counts:
    """Count the pixels of each brightness max(R, G, B), what is valid and trusted.

    Args:
        scene: As it will be labelled.
        label: By a person, on the same grid; None: nobody has labelled it.

    Returns:
        int64 (4, 256).

    Raises:
        InvalidLabel: if the label has another size.
    """
    if label is not None and label.shape != scene.shape:
        raise InvalidLabel(
            f"{scene.scene_id}: expected a label of the scene's size {scene.shape}, "
            f"got {label.shape}"
        )
    bright = np.asarray(scene.rgb.max(axis=-1), np.uint8)
    trusted = scene.valid_mask & ~untrustworthy(scene)
    masks = [
        trusted & (label.codes == c) if label is not None else np.zeros_like(trusted)
        for c in SeaIceClass
    ]
    return np.stack([histogram_of(bright, mask) for mask in [*masks, trusted]])


def limits_of_labels(counts: Counts) -> tuple[int, int] | None:
    """Find the limits that tell manual labels apart best.

    Each limit is that which finds the most of both sides, each side counting alike, so
    that a rare class is not given up for a frequent one; the middle where several do.

    Args:
        counts: int64 (4, 256), of one scene or the sum of many.

    Returns:
        First brightness of thin and of thick ice; None where a class is not labelled.
    """
    water, thin, thick = (counts[c].astype(np.float64) for c in DARK_TO_BRIGHT)
    if not thick.any() or not thin.any() or not water.any():
        return None
    thin_min, thick_min = _split(water, thin), _split(thin, thick)
    return (thin_min, thick_min) if thin_min < thick_min else None


def _split(below: npt.NDArray[np.float64], above: npt.NDArray[np.float64]) -> int:
    """Return the first level of the upper class."""
    found = (
        np.cumsum(below)[:-1] / below.sum() + 1 - np.cumsum(above)[:-1] / above.sum()
    )
    best = np.flatnonzero(found >= found.max() - 1e-12)
    return int(best[len(best) // 2]) + 1
