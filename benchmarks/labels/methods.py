"""The ways to label a scene that are compared: a scene in, class codes out."""

from collections.abc import Callable

import numpy as np

from sea_ice_kedro.imagery.arrays import Codes, Scene
from sea_ice_kedro.imagery.blending import blended_strips
from sea_ice_kedro.imagery.cloud_filter import FilterOptions, filter_scene
from sea_ice_kedro.imagery.labelling import BrightnessThresholds, label_scene
from sea_ice_kedro.imagery.mirrored import reader_of

Method = Callable[[Scene], Codes]
"""Scene -> uint8 (H, W) of class codes, 255 where it gives none."""


def by_filter(method: str, source: str) -> Method:
    """Label as the pipelines do.

    Args:
        method: `filtering.method`.
        source: `autolabel.thresholds.source`.
    """
    options = FilterOptions(method=method)
    thresholds = BrightnessThresholds(source=source)

    def label(scene: Scene) -> Codes:
        filtered = filter_scene(scene, options, thresholds)
        return label_scene(filtered, thresholds).codes

    return label


def by_network(path: str) -> Method:
    """Label by a trained network, of unfiltered scenes."""
    # Late: only who asks for a network needs TensorFlow.
    from sea_ice_kedro.training.model_file import ModelFile  # noqa: PLC0415
    from sea_ice_kedro.training.predict import (  # noqa: PLC0415
        InferenceOptions,
        windows_for,
    )

    model = ModelFile(path)
    if model.card().images != "original":
        raise SystemExit(f"expected a network of original images, got {path}")

    def label(scene: Scene) -> Codes:
        windows = windows_for(scene.shape, model.card(), InferenceOptions())
        strips = blended_strips(reader_of(scene), model.predict, scene.shape, windows)
        return np.concatenate([strip.codes for strip in strips])

    return label


METHODS: dict[str, Method] = {
    "no filter": by_filter("none", "published"),
    "published": by_filter("published", "published"),
    "no filter, scene limits": by_filter("none", "scene"),
    "illumination, published limits": by_filter("illumination", "published"),
    "illumination, scene limits": by_filter("illumination", "scene"),
}
"""Name in the tables -> method."""

NETWORK = "U-Net"
"""Name of `by_network`."""

OURS = "illumination, scene limits"
BASELINES = ("no filter", "published")
