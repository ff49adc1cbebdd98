"""How fast to learn when, and how much each class counts."""

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from sea_ice_kedro.training.options import TrainingOptions, WorkersOptions

_LAST = 0.01
"""Share of the learning rate that is left at the end of a decay."""


def learning_rate(
    options: TrainingOptions, workers: WorkersOptions, size: int, epoch: float
) -> float:
    """Return the learning rate at a moment of the training.

    With several workers it rises from one worker's to that times their number over the
    first epochs (Goyal et al. 2017, 2.2); with decay it falls along a half cosine
    (Loshchilov & Hutter 2017).

    Args:
        options: Base rate, epochs and decay.
        workers: Scaling and warm-up.
        size: Number of workers.
        epoch: Epochs done, with fraction.
    """
    rate = options.learning_rate
    if workers.scale_learning_rate and size > 1:
        warm = min(epoch / workers.warmup_epochs, 1.0) if workers.warmup_epochs else 1.0
        rate *= 1 + (size - 1) * warm
    if options.cosine_decay:
        share = (1 + math.cos(math.pi * min(epoch / options.epochs, 1.0))) / 2
        rate *= _LAST + (1 - _LAST) * share
    return rate


def balanced_weights(class_fractions: Sequence[float]) -> npt.NDArray[np.float32]:
    """Weigh classes inversely to their share, so that each counts alike.

    Args:
        class_fractions: Share of each class among the labelled pixels, 0..1.

    Returns:
        float32, mean 1 over the pixels; 0 for a class without pixels.
    """
    shares = np.asarray(class_fractions, np.float64)
    present = shares > 0
    weights = np.zeros_like(shares)
    weights[present] = 1 / (shares[present] * present.sum())
    return weights.astype(np.float32)
