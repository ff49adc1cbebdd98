"""Sentinel-2 scenes of polar seas in, georeferenced sea-ice class maps out."""

import warnings
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sea_ice_kedro.api import (
        ClassMap,
        FilteredScene,
        PredictedMap,
        Scene,
        SeaIceClass,
        filter_scene,
        label_scene,
        predict,
        read_scene,
        simulate,
    )

__version__ = "0.3.0"

# Google's client libraries, which TensorFlow imports, too, warn of the date when they
# will drop this Python; which ones this project supports is in pyproject.toml.
warnings.filterwarnings(
    "ignore", message="You are using a Python version", category=FutureWarning
)

__all__ = [
    "ClassMap",
    "FilteredScene",
    "PredictedMap",
    "Scene",
    "SeaIceClass",
    "filter_scene",
    "label_scene",
    "predict",
    "read_scene",
    "simulate",
]


def __getattr__(name: str) -> object:
    """Import a name of the library when it is first used: commands need none."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(f"{__name__}.api"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the library's names with those that are here already."""
    return sorted({*globals(), *__all__})
