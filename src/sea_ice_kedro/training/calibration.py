"""Probabilities that mean what they say, and "no class" only where it is likely."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import pandas as pd

from sea_ice_kedro.imagery.classes import NO_CLASS, NODATA
from sea_ice_kedro.imagery.scene_context import mean_logits
from sea_ice_kedro.training.batches import ChipBatches
from sea_ice_kedro.training.model_file import ModelFile, TrainedUNet, load_model
from sea_ice_kedro.training.plan import Selection
from sea_ice_kedro.training.unet import LOGITS, with_logits

_TEMPERATURES = np.geomspace(0.4, 3.0, 53)
_RELUCTANCES = np.arange(0.0, 4.01, 0.25)
_MOST_LOST = 0.01
"""Share of ice and water that may lose its class: a map with holes is a bad map."""

_BINS = 15
_EVERY = 7
"""Neighbouring pixels say the same: so many rows and columns apart they are taken."""


def calibrate(
    model: ModelFile,
    selections: Sequence[Selection],
    held_out: Sequence[Selection],
    chip_px: int,
    scales: tuple[int, ...] = (1,),
) -> tuple[TrainedUNet, pd.DataFrame]:
    """Divide a network's logits by the temperature of least cross-entropy.

    Temperature scaling (Guo et al. 2017, section 4.2) changes no class, only how sure
    the network is of it. Before it, where the network may give no class, that logit is
    lowered until at most 1 % of the ice and water is left without one.

    Args:
        model: The network as trained.
        selections: Chips that it has not learnt from, to choose the temperature by.
        held_out: Further chips, to report the reliability on; how far "no class" is
            lowered is chosen on these, too.
        chip_px: Rows and columns of a chip.
        scales: At which it is to be asked, see `mean_logits`; its card keeps them.

    Returns:
        The network with its last layer scaled; and a row per bin of confidence:
        `confidence`, `right` (means, 0..1), `share` of the held-out pixels,
        `temperature`, `reluctance`.
    """
    network = load_model(model.filepath)
    asked = chip_px, model.card().sees_scene, scales
    logits, codes = _answers(network, selections, *asked)
    others, their_codes = _answers(network, held_out, *asked)
    # Few worlds have ice that looks like cloud: all of them are asked.
    reluctance = _reluctance(
        np.concatenate([logits, others]), np.concatenate([codes, their_codes])
    )
    for given in (logits, others):
        given[:, NO_CLASS:] -= reluctance
    losses = [_entropy(logits / t, codes) for t in _TEMPERATURES]
    temperature = float(_TEMPERATURES[int(np.argmin(losses))])
    layer = network.get_layer(LOGITS)
    kernel, bias = layer.get_weights()
    bias[NO_CLASS:] -= reluctance
    layer.set_weights([kernel / temperature, bias / temperature])
    weights = [np.array(variable) for variable in network.variables]
    table = reliability(_softmax(others / temperature), their_codes)
    card = replace(model.card(), temperature=round(temperature, 4), scales=scales)
    table = table.assign(temperature=temperature, reluctance=reluctance)
    return TrainedUNet(card, weights), table


def _reluctance(logits: npt.NDArray[np.float64], codes: npt.NDArray[np.uint8]) -> float:
    """Return the least that leaves ice and water their classes."""
    classed = logits[codes < NO_CLASS]
    if logits.shape[1] <= NO_CLASS or not len(classed):
        return 0.0
    margin = classed[:, NO_CLASS] - classed[:, :NO_CLASS].max(axis=1)
    enough = [r for r in _RELUCTANCES if np.mean(margin > r) <= _MOST_LOST]
    return float(enough[0] if enough else _RELUCTANCES[-1])


def _answers(
    network: keras.Model,
    selections: Sequence[Selection],
    chip_px: int,
    context: bool,
    scales: tuple[int, ...],
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.uint8]]:
    """Return logits (N, K) and codes (N,) of pixels of the chips."""
    predict = with_logits(network)

    def answers(
        scene: Sequence[Any], images: npt.NDArray[np.uint8]
    ) -> npt.NDArray[np.float32]:
        asked = (images, *map(np.asarray, scene)) if scene else images
        return np.array(predict(asked, training=False))

    logits, codes = [], []
    for inputs, labels in ChipBatches(
        selections, chip_px, 8, context=context, cache_mb=0
    ).epoch():
        seen = np.asarray(labels)[:, ::_EVERY, ::_EVERY]
        known = seen != NODATA
        images, *scene = inputs if context else (inputs,)
        answer = mean_logits(partial(answers, scene), np.asarray(images), scales)
        logits.append(answer[:, ::_EVERY, ::_EVERY][known].astype(np.float64))
        codes.append(seen[known])
    return np.concatenate(logits), np.concatenate(codes)


def _softmax(logits: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    raised = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=1, keepdims=True), np.float64)


def _entropy(logits: npt.NDArray[np.float64], codes: npt.NDArray[np.uint8]) -> float:
    chance = _softmax(logits)[np.arange(len(codes)), codes]
    return float(-np.log(np.maximum(chance, 1e-12)).mean())


def reliability(
    probabilities: npt.NDArray[np.float64], codes: npt.NDArray[np.uint8]
) -> pd.DataFrame:
    """Compare confidence with being right, in bins of equal width.

    Args:
        probabilities: (N, K), rows sum to 1.
        codes: (N,), what is right.

    Returns:
        A row per bin that has pixels: `confidence` and `right`, means 0..1, and
        `share` of the pixels. The expected calibration error (Naeini et al. 2015) is
        the sum of share times their absolute difference.
    """
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == codes
    bins = np.minimum((confidence * _BINS).astype(int), _BINS - 1)
    frame = pd.DataFrame({"bin": bins, "confidence": confidence, "right": right})
    table = frame.groupby("bin").agg(
        confidence=("confidence", "mean"),
        right=("right", "mean"),
        share=("bin", "size"),
    )
    return table.assign(share=table["share"] / len(frame)).reset_index(drop=True)
