"""The state of a training after an epoch, in one file: whole or absent."""

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from fsspec.core import url_to_fs

from sea_ice_kedro.errors import TrainingFailed
from sea_ice_kedro.rasters.files import reading, writing
from sea_ice_kedro.rasters.geotiff import write_errors

logger = logging.getLogger(__name__)

Weights = list[npt.NDArray[Any]]


@dataclass
class Checkpoint:
    """All that is needed to go on, and the best weights so far."""

    fingerprint: str
    """Identifier of the plan that it belongs to."""

    history: list[dict[str, float]] = field(default_factory=list)
    """A record an epoch."""

    model: Weights = field(default_factory=list)
    optimizer: Weights = field(default_factory=list)
    best: Weights = field(default_factory=list)
    """What is kept: the weights of the best epoch, or the mean of the last epochs."""

    best_epoch: int = 0
    """1-based; the last, where epochs are averaged."""

    best_loss: float = float("inf")

    @property
    def epoch(self) -> int:
        """Epochs done."""
        return len(self.history)

    def add(
        self,
        record: dict[str, float],
        loss: float,
        model: Weights,
        averaged_from: int | None = None,
    ) -> None:
        """Enter an epoch; its weights are kept when its validation loss is the best.

        Without validation (a loss of NaN) the last epoch's weights are kept.

        Args:
            record: What the history tells of the epoch.
            loss: Validation loss.
            model: Weights after it.
            averaged_from: Epoch, 1-based, from which on the mean of the weights is kept
                whatever the losses (Izmailov et al. 2018, "Averaging weights leads to
                wider optima and better generalization").
        """
        self.history.append(record)
        if averaged_from is not None:
            count = self.epoch - averaged_from + 1
            self.best_epoch, self.best_loss = self.epoch, loss
            self.best = model if count <= 1 else _mean(self.best, model, count)
        elif not loss >= self.best_loss:
            self.best_epoch, self.best_loss, self.best = self.epoch, loss, model

    def is_stale(self, patience: int) -> bool:
        """Return whether the best epoch is `patience` epochs ago; never with 0."""
        return patience > 0 and self.epoch - self.best_epoch >= patience

    def is_done(self, epochs: int, patience: int) -> bool:
        """Return whether there is nothing left to train."""
        return self.epoch >= epochs or (self.epoch > 0 and self.is_stale(patience))


def _mean(before: Weights, model: Weights, count: int) -> Weights:
    """Return the mean of `count` sets of weights from that of all but the last."""
    return [
        old + (new - old) / np.asarray(count, new.dtype)
        if np.issubdtype(new.dtype, np.floating)
        else new
        for old, new in zip(before, model, strict=True)
    ]


_LISTS = ("model", "optimizer", "best")


def save_checkpoint(filepath: str, checkpoint: Checkpoint) -> None:
    """Write a checkpoint, whole or not at all.

    Raises:
        CannotWrite: if there is no room or no permission.
    """
    facts = {
        "fingerprint": checkpoint.fingerprint,
        "history": checkpoint.history,
        "best_epoch": checkpoint.best_epoch,
        "best_loss": checkpoint.best_loss,
    }
    arrays = {
        f"{name}/{index:04d}": array
        for name in _LISTS
        for index, array in enumerate(getattr(checkpoint, name))
    }
    with (
        write_errors(filepath),
        writing(filepath) as part,
        part.open("wb") as file,
    ):
        np.savez(file, facts=np.array(json.dumps(facts)), **arrays)


def load_checkpoint(filepath: str, fingerprint: str) -> Checkpoint:
    """Read a checkpoint of a plan; create a fresh one if none exists.

    Args:
        filepath: Where it lies.
        fingerprint: Of the plan; a checkpoint of another plan is ignored.

    Raises:
        TrainingFailed: if the file is damaged.
    """
    filesystem, path = url_to_fs(filepath)
    if not filesystem.exists(path):
        return Checkpoint(fingerprint)
    try:
        with reading(filepath) as local, np.load(local, allow_pickle=False) as stored:
            facts = json.loads(str(stored["facts"]))
            if facts["fingerprint"] != fingerprint:
                logger.warning(
                    "set aside the checkpoint of %d epochs in %s: it is of other "
                    "settings, chips or software; training starts at its first epoch",
                    len(facts["history"]),
                    filepath,
                )
                return Checkpoint(fingerprint)
            lists: dict[str, Any] = {name: _list(stored, name) for name in _LISTS}
            return Checkpoint(**facts, **lists)
    # zipfile, numpy and json each have errors of their own for a damaged file.
    except Exception as error:
        raise TrainingFailed(
            f"expected a whole checkpoint, got {type(error).__name__}: {error}; remove "
            f"{filepath} and train again from the first epoch"
        ) from error


def _list(stored: Any, name: str) -> Weights:  # noqa: ANN401 - numpy's open archive
    keys: Sequence[str] = sorted(k for k in stored.files if k.startswith(f"{name}/"))
    return [stored[key] for key in keys]
