"""What stands where the documentation writes /path/to/scenes, and who answers there."""

import json
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sea_ice_kedro.imagery.classes import colourise
from sea_ice_kedro.imagery.labelling import BrightnessThresholds, label_by_brightness
from tests.fabricate import floes, folder_of_scenes, write
from tests.products import Fabricated


@dataclass(frozen=True)
class Places:
    """What a reader would have, made here and small."""

    data: Path
    """Where all that a run makes is: `data/` of the project."""

    names: dict[str, str]
    """As written -> as it is here, the longest first."""

    def put_into(self, text):
        """Put real places into a word of a command."""
        for name, place in self.names.items():
            text = text.replace(name, place)
        return text


def make_places(folder, data):
    """Make scenes, a product of ESA and a catalogue in a folder.

    Args:
        folder: Empty.
        data: What a run of all pipelines has made.
    """
    from tests.web import item_of, write_catalogue

    numbers = np.random.default_rng(1).integers(1100, 9000, (3, 128, 128), np.uint16)
    scenes = folder_of_scenes(folder / "scenes")
    Fabricated(numbers).write(folder / "products")
    items = [item_of(folder / "stac", numbers)]
    catalogue = write_catalogue(folder / "stac", items)
    for path in (folder / "stac").rglob("*.json"):  # as Earth Search calls it
        path.write_text(path.read_text().replace("sentinel-2-l1c", "sentinel-2-l2a"))
    network = data / "06_models/manual_original/unet.onnx"
    names = {
        "/path/to/scenes": str(scenes),
        "/tmp/dim": str(scenes),
        "/path/to/archive": str(archive(folder / "archive")),
        "/path/to/products": str(folder / "products"),
        "/path/to/unet.onnx": str(network),
        "/path/to/chips": str(scenes),
        "/path/to/regions.geojson": str(regions(folder / "regions.geojson")),
        "/raid/sea_ice": str(data),
        "https://earth-search.aws.element84.com/v1": str(catalogue),
        "=data/clear_scenes": f"={scenes}",
        "=data/": f"={data}/",
    }
    return Places(data, names)


def archive(folder):
    """Make scenes and manual labels, named as in the archive of the paper's authors."""
    for number in range(4):
        scene = floes(128, 128, seed=number)
        codes = label_by_brightness(
            scene, np.ones((128, 128), bool), BrightnessThresholds(source="published")
        )
        write(folder / f"s2_vis_{number:02}.png", scene)
        write(folder / f"s2_seg_{number:02}.png", colourise(codes))
    return folder


def regions(path):
    """Make a GeoJSON file of one region, the sea where the sample lies."""
    ring = [[160, -80], [179, -80], [179, -60], [160, -60], [160, -80]]
    geometry = {"type": "Polygon", "coordinates": [ring]}
    feature = {"type": "Feature", "properties": {"name": "bay"}, "geometry": geometry}
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    return path


def serve_earth_engine(folder, stack: ExitStack, monkeypatch):
    """Have Earth Engine answer on this machine until the stack is closed."""
    from tests.earth_engine import PROJECT, GranuleThere, serving

    granule = GranuleThere("20191103T190919_20191103T190917_T03CWT", shape=(128, 128))
    server = stack.enter_context(serving([granule]))
    key = server.key(folder / "key.json")
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(key))
    monkeypatch.setenv("EARTHENGINE_PROJECT", PROJECT)
    return server.url
