"""Clear scenes for a network to learn from: a folder of pictures, without truth.

    python -m benchmarks.labels.training_scenes FOLDER [--seeds 6] [--size 1024]

Each kind of ice, of seeds that are neither development nor test. Every other scene has
another light and another stretch than the usual: a network learns them from nothing
else. `conf/learnt` trains on such a folder (docs/labels.md).
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from benchmarks.labels.conditions import GEOMETRIES, options_of
from sea_ice_kedro.imagery.arrays import RGB
from sea_ice_kedro.imagery.simulate import simulate_scene

FIRST_SEED = 501
"""Far from those of `conditions.SEEDS`."""

LIGHTS, STRETCHES = (0.6, 1.0), (0.6, 1.4)
"""Of the scenes that are seen otherwise than usual."""


def main() -> None:
    """Write the scenes as PNG files."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.labels.training_scenes")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seeds", type=int, default=6, help="scenes of each geometry")
    parser.add_argument("--size", type=int, default=1024)
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    for name, rgb in training_scenes(arguments.seeds, arguments.size):
        cv2.imwrite(str(arguments.folder / f"{name}.png"), rgb[..., ::-1])


def training_scenes(count: int, size: int) -> Iterator[tuple[str, RGB]]:
    """Simulate clear scenes, `count` of each geometry.

    Yields:
        Name ("pack_501") and uint8 (size, size, 3).
    """
    for number, geometry in enumerate(GEOMETRIES):
        for seed in range(FIRST_SEED, FIRST_SEED + count):
            own = 1000 * number + seed
            options = options_of(geometry, _seen_with(own), size)
            yield f"{geometry}_{seed}", simulate_scene(options, own).scene.rgb


def _seen_with(seed: int) -> dict[str, float]:
    """Draw light and stretch of a scene: the usual ones if its seed is odd."""
    if seed % 2:
        return {}
    rng = np.random.default_rng(seed)
    name, (low, high) = (("light", LIGHTS), ("stretch", STRETCHES))[seed // 2 % 2]
    return {name: float(rng.uniform(low, high))}


if __name__ == "__main__":
    main()
