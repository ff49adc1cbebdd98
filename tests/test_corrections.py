"""The loop of docs/corrections.md: maps, corrected, make a network that makes maps."""

import numpy as np
import pytest
import rasterio
import rasterio.shutil

from sea_ice_kedro.datasets import SceneTableDataset
from sea_ice_kedro.errors import TooFewScenes
from tests.fabricate import floes, quiet, write
from tests.runs import SCENE_PIPELINES, from_folder, run_here

pytestmark = [
    *(pytest.mark.train, pytest.mark.slow),
    pytest.mark.usefixtures("variants"),
]

CORRECTED = {"variants": "corrected_original"}
UNSCORED = {
    "training": {"start": "polar", "epochs": 1, "learning_rate": 0.0005},
    "split": {"test": 0, "validation": 0},
}


@pytest.fixture
def mapped(data_root, tmp_path):
    """A folder of four scenes, and their maps."""
    for number, name in enumerate("abcd"):
        write(tmp_path / f"scenes/{name}.png", floes(128, 128, seed=number))
    run_here(**from_folder(tmp_path / "scenes"))
    return tmp_path / "scenes"


def correct(folder, root, *names):
    """Copy class maps beside their scenes, and paint some open water in them."""
    for name in names:
        edited = folder / f"{name}_label.tif"
        # As `rio convert` does: a Cloud-Optimised GeoTIFF is not edited in place.
        with quiet():
            made = root / f"04_feature/class_maps/{name}.tif"
            rasterio.shutil.copy(made, edited, driver="GTiff")
        with quiet(), rasterio.open(edited, "r+") as file:
            codes = file.read(1)
            codes[:20, :20] = 2
            file.write(codes, 1)


def table(root, name):
    return SceneTableDataset(filepath=str(root / f"{name}.csv")).load()


def test_three_corrected_maps_make_a_network_that_is_scored_and_maps(
    mapped, data_root, tmp_path, monkeypatch
):
    correct(mapped, data_root, "a", "b", "c")
    run_here(*SCENE_PIPELINES, "modeling", "evaluation", modeling=CORRECTED)
    index = table(data_root, "03_primary/scene_index")
    assert index["manual_label"].tolist() == [True, True, True, False]
    split = table(data_root, "05_model_input/chip_split")
    assert set(split.loc[split["scene_id"] == "d", "split"]) == {"train"}
    scores = table(data_root, "08_reporting/evaluation/evaluation_scores")
    assert set(scores["reference"]) == {"manual"}
    assert "corrected" in set(scores["labels"])
    network = data_root / "06_models/corrected_original/unet.onnx"
    monkeypatch.setenv("SEA_ICE_DATA", str(tmp_path / "next"))
    run_here("inference", **from_folder(mapped, inference={"model": str(network)}))
    ice = table(tmp_path / "next", "08_reporting/network_statistics")
    assert ice["model"].tolist() == ["corrected_original"] * 4


def test_one_corrected_map_trains_polar_on_unscored_and_maps_say_so(
    mapped, data_root, tmp_path, monkeypatch
):
    from sea_ice_kedro.training.model_file import ModelFile

    correct(mapped, data_root, "a")
    run_here(*SCENE_PIPELINES)
    with pytest.raises(TooFewScenes, match=r"got a; label 2 more .*start=polar"):
        run_here("modeling", modeling=CORRECTED)
    assert not list(data_root.rglob("*.tfrecord"))
    run_here("modeling", modeling={**CORRECTED, **UNSCORED})
    network = data_root / "06_models/corrected_original/unet.onnx"
    card = ModelFile(str(network.with_suffix(".keras"))).card()
    assert card.unet == ModelFile("polar").card().unet
    assert card.unet.sees_scene
    monkeypatch.setenv("SEA_ICE_DATA", str(tmp_path / "next"))
    run_here("inference", **from_folder(mapped, inference={"model": str(network)}))
    ice = table(tmp_path / "next", "08_reporting/network_statistics")
    assert set(ice["model"]) == {"corrected_original (unscored)"}
    assert np.isfinite(ice["mean_confidence"]).all()
