"""The ways to label a scene that are compared: a scene in, class codes out."""

from collections.abc import Callable

from sea_ice_kedro.imagery.arrays import Codes, Scene
from sea_ice_kedro.imagery.cloud_filter import FilterOptions, filter_scene
from sea_ice_kedro.imagery.labelling import BrightnessThresholds, label_scene

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


METHODS: dict[str, Method] = {
    "no filter": by_filter("none", "published"),
    "published": by_filter("published", "published"),
    "no filter, scene limits": by_filter("none", "scene"),
    "illumination, published limits": by_filter("illumination", "published"),
    "illumination, scene limits": by_filter("illumination", "scene"),
}
"""Name in the tables -> method."""

OURS = "illumination, scene limits"
BASELINES = ("no filter", "published")
