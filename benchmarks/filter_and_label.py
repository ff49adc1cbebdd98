"""Filter + label one scene against the published steps, and labelling alone.

    python -m benchmarks.filter_and_label [--size 2048] [--repeats 15]

One thread; simulated scenes of every kind that the sample holds; labels of the
published filter are checked to be identical before anything is timed. The last columns
are the illumination filter with scene limits, against the same published steps.
"""

import argparse
import statistics

import cv2
import numpy as np

from benchmarks.published_steps import filter_plainly, label_plainly
from benchmarks.timing import paired
from sea_ice_kedro.imagery.arrays import ClassMap, Mask, Scene
from sea_ice_kedro.imagery.cloud_filter import (
    FilterOptions,
    PublishedFilter,
    filter_as_published,
    filter_scene,
)
from sea_ice_kedro.imagery.labelling import (
    BrightnessThresholds,
    label_by_brightness,
    label_scene,
)
from sea_ice_kedro.imagery.simulate import sample_scenes, simulate_scene

SETTINGS, THRESHOLDS = PublishedFilter(), BrightnessThresholds()


def main() -> None:
    """Print a row a scene: milliseconds and ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=2048)
    parser.add_argument("--repeats", type=int, default=15)
    parser.add_argument("--scenes", type=int, default=8)
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    print(
        "                      published filter + label, ms |  label alone, ms"
        "             | illumination + label"
    )
    print(
        "scene                 ours  published   ratio      |  ours  published   ratio"
        " |  ours, ms  of published"
    )
    ratios: list[tuple[float, float, float]] = []
    for scene_id, options, seed in sample_scenes(
        arguments.scenes, arguments.size, seed=5
    ):
        rgb = simulate_scene(options, seed).scene.rgb
        both, alone, default = compare(rgb, arguments.repeats)
        ratios.append((both[2], alone[2], 1 / default[2]))
        print(
            f"{scene_id:18s} {1e3 * both[0]:7.1f} {1e3 * both[1]:10.1f} "
            f"{both[2]:6.1f}x | {1e3 * alone[0]:5.2f} {1e3 * alone[1]:10.1f} "
            f"{alone[2]:6.1f}x | {1e3 * default[0]:9.1f} {1 / default[2]:13.2f}"
        )
    medians = [statistics.median(column) for column in zip(*ratios, strict=True)]
    print(
        f"median ratio: filter + label {medians[0]:.1f}x, label {medians[1]:.1f}x; "
        f"illumination takes {medians[2]:.2f} of the published time"
    )


Times = tuple[float, float, float]


def compare(rgb: np.ndarray, repeats: int) -> tuple[Times, Times, Times]:  # type: ignore[type-arg]
    """Check that the labels are identical, then time the ways in turns."""
    everywhere = np.ones(rgb.shape[:2], bool)
    if not np.array_equal(ours(rgb, everywhere), published(rgb)):
        raise SystemExit("expected identical labels, got different ones")
    both = paired(lambda: ours(rgb, everywhere), lambda: published(rgb), repeats)
    alone = paired(
        lambda: label_by_brightness(rgb, everywhere, THRESHOLDS),
        lambda: label_plainly(rgb),
        repeats,
    )
    scene = Scene("timed", rgb, everywhere)
    default = paired(lambda: as_default(scene), lambda: published(rgb), repeats)
    return both, alone, default


def as_default(scene: Scene) -> ClassMap:
    """Filter and label as a run does without any settings."""
    thresholds = BrightnessThresholds()
    return label_scene(filter_scene(scene, FilterOptions(), thresholds), thresholds)


def ours(rgb: np.ndarray, valid_mask: Mask) -> np.ndarray:  # type: ignore[type-arg]
    """Filter and label as the product does."""
    filtered, _ = filter_as_published(rgb, valid_mask, SETTINGS, THRESHOLDS)
    return label_by_brightness(filtered, valid_mask, THRESHOLDS)


def published(rgb: np.ndarray) -> np.ndarray:  # type: ignore[type-arg]
    """Filter and label by the published steps."""
    return label_plainly(filter_plainly(rgb))


if __name__ == "__main__":
    main()
