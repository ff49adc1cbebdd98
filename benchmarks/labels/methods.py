"""The ways to map a scene that are compared: a scene in, class codes out."""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sea_ice_kedro import __version__
from sea_ice_kedro.imagery.arrays import Codes, Grey, Scene
from sea_ice_kedro.imagery.cloud_filter import FilterOptions, filter_scene
from sea_ice_kedro.imagery.labelling import BrightnessThresholds, label_scene
from sea_ice_kedro.networks import POLAR as POLAR_FILE
from sea_ice_kedro.rasters.stored_scene import StoredScene


@dataclass(frozen=True, eq=False)
class Labelled:
    """What a method makes of a scene."""

    codes: Codes
    """uint8 (H, W) of class codes, 255 where it gives none."""

    confidence: Grey | None = None
    """uint8 (H, W), percent; 255 = none. None: the method does not tell."""


@dataclass(frozen=True)
class Method:
    """A way to map a scene."""

    name: str
    made_by: str
    """Version of the software, or checksum of the network: outcomes of another are
    made again."""

    label: Callable[[Scene], Labelled]


def by_brightness(
    name: str, options: FilterOptions, thresholds: BrightnessThresholds
) -> Method:
    """Map as the pipelines `filtering` and `autolabel` do."""

    def label(scene: Scene) -> Labelled:
        filtered = filter_scene(scene, options, thresholds)
        return Labelled(label_scene(filtered, thresholds).codes)

    return Method(name, f"sea_ice_kedro {__version__}", label)


def by_network(name: str, path: str) -> Method:
    """Map as the pipeline `inference` does.

    Raises:
        FileNotFoundError: if there is no such network.
    """
    # Late: only who asks for a network needs TensorFlow.
    from sea_ice_kedro.datasets import SceneDataset  # noqa: PLC0415
    from sea_ice_kedro.training.model_file import ModelFile  # noqa: PLC0415
    from sea_ice_kedro.training.predict import (  # noqa: PLC0415
        InferenceOptions,
        predict_scene,
    )

    model = ModelFile(path)

    def label(scene: Scene) -> Labelled:
        with tempfile.TemporaryDirectory() as folder:
            file = str(Path(folder) / "scene.tif")
            SceneDataset(filepath=file).save(scene)
            made = predict_scene(StoredScene(file), model, InferenceOptions())
            strips = list(made.strips)
        return Labelled(
            np.concatenate([strip.codes for strip in strips]),
            np.concatenate([strip.confidence for strip in strips]),
        )

    return Method(name, model.fingerprint(), label)


BRIGHTNESS, TRAINED, POLAR = "brightness", "trained", "polar"

_BY_BRIGHTNESS = (
    (
        "no filter",
        FilterOptions(method="none"),
        BrightnessThresholds(source="published"),
    ),
    (
        "published",
        FilterOptions(method="published"),
        BrightnessThresholds(source="published"),
    ),
    (BRIGHTNESS, FilterOptions(), BrightnessThresholds()),
)

METHODS = (*(name for name, _, _ in _BY_BRIGHTNESS), TRAINED, POLAR)
"""Names, in the order of the tables."""


def methods_named(names: list[str], network: str | None) -> list[Method]:
    """Make methods by their names; say which of the networks are not there.

    Args:
        names: Of `METHODS`.
        network: The file of the method "trained".
    """
    methods = [by_brightness(*one) for one in _BY_BRIGHTNESS if one[0] in names]
    networks = {TRAINED: network, POLAR: _shipped()}
    why = {TRAINED: "name one with --network", POLAR: "the package ships no network"}
    for name, path in networks.items():
        if name in names and path:
            methods.append(by_network(name, path))
        elif name in names:
            print(f"{name}: skipped; {why[name]}")
    return methods


def _shipped() -> str | None:
    return POLAR_FILE if Path(POLAR_FILE).exists() else None
