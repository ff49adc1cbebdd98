"""Networks that the package ships; `docs/polar.md` is their model card."""

import os
from pathlib import Path

_WEIGHTS = Path(__file__).with_name("weights")

POLAR = str(_WEIGHTS / "polar.onnx")
"""Path of the network that maps any scene without training: `kedro run --env polar
--pipeline polar` makes it again."""

POLAR_KERAS = str(_WEIGHTS / "polar.keras")
"""The same network for Keras, to train on from."""

NAME, URL = "polar", "package://polar"
"""What settings and catalog entries call it: Kedro would take a bare name in a catalog
for a path, and each worker must find its own copy."""

ONNX = ".onnx"
"""Ending of files that are served without Keras."""


def network_url(name_or_path: str) -> str:
    """Return what a catalog entry says for a network that settings name."""
    return URL if name_or_path == NAME else os.path.expanduser(name_or_path)


def network_path(name_or_path: str) -> str:
    """Return where a network lies on this machine: "polar", or a path or URL."""
    return POLAR if name_or_path in (NAME, URL) else name_or_path


def trainable_path(name_or_path: str) -> str:
    """Return where a network lies that training goes on from."""
    return POLAR_KERAS if name_or_path in (NAME, URL) else name_or_path
