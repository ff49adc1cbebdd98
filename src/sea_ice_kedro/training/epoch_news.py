"""How training goes, in a line now and then; `training_history` has every epoch."""

import logging
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

logger = logging.getLogger(__name__)

_EVERY_S = 15.0


@dataclass
class EpochNews:
    """Says how an epoch went: the first of this process, the last, and some between."""

    name: str
    """Of the network."""

    epochs: int
    """Of the whole training, unless it stops early."""

    _said: float = field(default=-math.inf, init=False)

    def say(self, record: Mapping[str, float]) -> None:
        """Log an epoch, unless another was logged just now.

        Args:
            record: `epoch` (from 1), `loss`, `validation_loss`, `images_per_s`,
                `seconds`.
        """
        now = time.monotonic()
        left = self.epochs - record["epoch"]
        if left > 0 and now - self._said < _EVERY_S:
            return
        self._said = now
        logger.info(
            "%s: epoch %.0f/%d, loss %.3f, validation %.3f, %.0f images/s, %.0f s left",
            self.name,
            record["epoch"],
            self.epochs,
            record["loss"],
            record["validation_loss"],
            record["images_per_s"],
            left * record["seconds"],
        )
