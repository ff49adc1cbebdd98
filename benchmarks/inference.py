"""A whole scene by ONNX Runtime against its chips one by one, or Keras: seconds.

    python -m benchmarks.inference [--size 2048] [--repeats 3] [--network paper]
        [--keras] [--cpu]

Whole: the scene's GeoTIFF read by windows, overlapped, blended, class map and
confidence written as COG. One by one: `model.predict` of each 256-chip, as the
published scripts do, without overlap, reading and writing. With --keras, and for polar:
the same work as whole, but the network served by Keras on TensorFlow. With --cpu: the
processor time of all threads, for a machine that others use, too.
"""

import argparse
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.chips import PAPER
from benchmarks.timing import paired
from sea_ice_kedro.datasets import ClassMapDataset, SceneDataset
from sea_ice_kedro.imagery.chips import chip_windows, cut_chip
from sea_ice_kedro.imagery.simulate import SimulationOptions, simulate_scene
from sea_ice_kedro.rasters.stored_scene import StoredScene
from sea_ice_kedro.training.model_archive import ModelCard
from sea_ice_kedro.training.model_file import (
    ModelFile,
    TrainedUNet,
    load_model,
    save_model,
)
from sea_ice_kedro.training.options import UNetOptions
from sea_ice_kedro.training.predict import InferenceOptions, predict_scene
from sea_ice_kedro.training.unet import build_network

NETWORKS = {
    "default": UNetOptions(),
    "paper": PAPER,
    "polar": UNetOptions(6, 8, (0.0,) * 7, network="context"),
}


def main() -> None:
    """Print seconds and ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=2048)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--network", choices=NETWORKS, default="default")
    parser.add_argument("--keras", action="store_true")
    parser.add_argument("--cpu", action="store_true")
    arguments = parser.parse_args()
    unet = NETWORKS[arguments.network]
    by_keras = arguments.keras or unet.sees_scene
    options = SimulationOptions(height=arguments.size, width=arguments.size)
    scene = simulate_scene(options, seed=1, scene_id="scene").scene
    with tempfile.TemporaryDirectory() as folder:
        path, keras, onnx = (
            f"{folder}/{name}" for name in ("scene.tif", "unet.keras", "unet.onnx")
        )
        SceneDataset(filepath=path).save(scene)
        card = ModelCard(images="original", chip_px=256, unet=unet)
        weights = [np.array(v) for v in build_network(unet).variables]
        for network in (keras, onnx):
            save_model(network, TrainedUNet(card, weights))
        whole = partial(predict_whole, path, onnx, Path(folder))
        other = partial(predict_whole, path, keras, Path(folder))
        if not by_keras:
            other = partial(predict_chips, scene.rgb, load_model(keras))
        clock = time.process_time if arguments.cpu else time.perf_counter
        ours, theirs, ratio = paired(whole, other, arguments.repeats, clock)
    name = "Keras" if by_keras else "one by one"
    print(f"whole {ours:.2f} s, {name} {theirs:.2f} s, median ratio {ratio:.2f}x")


def predict_whole(path: str, network: str, folder: Path) -> None:
    """Map the scene as the `inference` pipeline does."""
    made = predict_scene(StoredScene(path), ModelFile(network), InferenceOptions())
    ClassMapDataset(filepath=str(folder / "map.tif")).save(made)


def predict_chips(rgb: Any, model: Any) -> None:  # noqa: ANN401
    """Predict chip after chip."""
    for window in chip_windows(rgb.shape[:2], 256):
        model.predict(cut_chip(rgb, window, 0)[None], verbose=0).argmax(-1)


if __name__ == "__main__":
    main()
