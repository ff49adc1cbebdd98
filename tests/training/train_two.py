"""Train with two workers in a process of its own: python -m tests.training.train_two."""

import sys
from pathlib import Path

from sea_ice_kedro.errors import TrainingFailed
from sea_ice_kedro.training.launch import train
from sea_ice_kedro.training.options import WorkersOptions
from tests.chips import plan

if __name__ == "__main__":
    folder, epochs, rate = Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
    workers = WorkersOptions(count=2, scale_learning_rate=False)
    try:
        train(plan(folder, workers=workers, epochs=epochs, learning_rate=rate))
    except TrainingFailed as error:
        sys.exit(f"TrainingFailed: {error}")
