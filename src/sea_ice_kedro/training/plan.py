"""All that a worker needs to know to train, small enough to be sent to it."""

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import PurePosixPath

from sea_ice_kedro.training.options import (
    TrainingOptions,
    UNetOptions,
    WorkersOptions,
)
from sea_ice_kedro.training.shard_selection import Selection


@dataclass(frozen=True)
class TrainingPlan:
    """One network to be trained: paths and settings, no pixels."""

    name: str
    """Name of the network, for logs and errors."""

    train: tuple[Selection, ...]
    validation: tuple[Selection, ...]
    chip_px: int
    class_fractions: tuple[float, ...]
    """Share of each class among the labelled pixels to learn from, 0..1."""

    unet: UNetOptions
    options: TrainingOptions
    workers: WorkersOptions
    folder: str
    """Where checkpoints are kept, and what workers have to say; on several hosts one
    that all of them see."""

    content: str = ""
    """Digest of what the shards were made from, of the network to start from and of
    the code that trains."""

    @property
    def checkpoint(self) -> str:
        """Path of the checkpoint."""
        return f"{self.folder}/checkpoint.npz"

    def fingerprint(self) -> str:
        """Digest all that decides the weights after a given epoch.

        Not the number of epochs, so that training can be extended, unless the
        learning rate or an average depends on it; not how many workers there are to be.
        """
        options = asdict(self.options)
        if not self.options.cosine_decay and self.options.averaged_from is None:
            del options["epochs"]
        for name in ("patience", "cache_mb"):
            del options[name]
        chips = [
            [(PurePosixPath(s.filepath).name, s.positions) for s in split]
            for split in (self.train, self.validation)
        ]
        facts = [self.content, chips, self.chip_px, asdict(self.unet), options]
        return hashlib.sha256(json.dumps(facts).encode()).hexdigest()
