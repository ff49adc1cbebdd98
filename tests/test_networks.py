"""Whole runs with a network: trained, scored, served."""

import logging
import re

import numpy as np
import pandas as pd
import pytest
import rasterio

from sea_ice_kedro.datasets import SceneTableDataset, UNetDataset
from sea_ice_kedro.datasets.run_state import PartitionsFailed
from sea_ice_kedro.errors import InvalidModel, MissingInput, TooFewScenes
from sea_ice_kedro.hooks.run_end import meant_for_people
from tests.fabricate import ROSS_SEA, floes, folder_of_scenes, quiet, write
from tests.runs import (
    digests,
    expect_whole,
    files,
    from_folder,
    kedro_run,
    run_here,
)

pytestmark = [
    *(pytest.mark.train, pytest.mark.slow),
    pytest.mark.usefixtures("variants"),
]

LEARN = ["ingestion", "filtering", "autolabel", "modeling", "evaluation"]


@pytest.fixture(scope="module")
def default_run(tmp_path_factory):
    """`kedro run` on a screen 100 columns wide: its data root, and how it ended."""
    root = tmp_path_factory.mktemp("learnt") / "data"
    return root, kedro_run(root, COLUMNS="100")


@pytest.fixture(scope="module")
def learnt(project, default_run):
    """A data root in which a default run has gone through."""
    root, run = default_run
    assert run.returncode == 0, run.stdout + run.stderr
    return root


@pytest.fixture
def model(learnt):
    return str(learnt / "06_models/manual_original/unet.onnx")


def table(root, name):
    return SceneTableDataset(filepath=str(root / f"{name}.csv")).load()


def serve(model, folder, **more):
    run_here("inference", **from_folder(folder, inference={"model": model}, **more))


def prediction(root, scene_id):
    with rasterio.open(root / f"07_model_output/predictions/{scene_id}.tif") as file:
        return file.read(), file.crs, file.transform, file.tags()


def test_the_default_run_fits_a_screen(default_run):
    _, run = default_run
    assert run.returncode == 0, run.stdout + run.stderr
    lines = [*run.stdout.splitlines(), *run.stderr.splitlines()]
    assert 10 <= len(lines) <= 40
    unwrapped = "".join("".join(lines).split())
    assert re.search("lookfirstat:.*/08_reporting/report.html", unwrapped)
    assert max(map(len, lines)) <= 100
    assert [line for line in lines if re.search("WARN|deprecated|factory", line)] == []


def test_the_default_run_trains_scores_and_maps(learnt):
    for name, path in files(learnt).items():
        if ".part" not in name and path.suffix in {".tif", ".png", ".csv", ".json"}:
            expect_whole(path)
    scores = table(learnt, "08_reporting/evaluation/evaluation_scores")
    methods = set(zip(scores["method"], scores["images"], strict=True))
    assert methods == {
        ("unet", "original"),
        ("thresholds", "original"),
        ("thresholds", "filtered"),
    }
    assert set(scores["measure"]) == {"accuracy"}  # the sample's truth is known
    assert len(files(learnt / "04_feature/class_maps")) == 3 * 3
    assert len(files(learnt / "07_model_output/predictions")) == 3 * 3
    assert len(table(learnt, "08_reporting/network_statistics")) == 3
    assert len(files(learnt / "07_model_output/polar_predictions")) == 3 * 3
    polar = table(learnt, "08_reporting/polar_statistics")
    assert set(polar["model"]) == {"polar"}


def test_the_default_run_ends_with_a_report_of_everything(learnt):
    html = (learnt / "08_reporting/report.html").read_text()
    for name in ("original", "filtered", "quality", "classes", "prediction", "polar"):
        assert html.count(f'data-name="{name}"') == 3
    assert "What is missing here" not in html
    assert "the truth of simulated scenes" in html
    assert "modeling.manual_original.train_unet" in html
    assert "<strong>manual_original</strong>: loss over 2 epochs" in html
    assert len(html) < 1_000_000


def test_a_pipeline_alone_finds_that_it_has_nothing_to_do(learnt):
    again = kedro_run(learnt, "--pipeline", "autolabel")
    assert again.returncode == 0, again.stdout + again.stderr
    assert "class_maps: 0 made, 3 unchanged, 0 failed" in again.stdout


def test_no_scene_is_learnt_from_and_scored_on(learnt):
    index = table(learnt, "05_model_input/manual_original/chip_index")
    sides = index[index["split"] != "dropped"].groupby("scene_id")["split"].nunique()
    assert (sides == 1).all()
    scored = {
        p.stem
        for p in (learnt / "08_reporting/manual_original/chip_scores").glob("[!.]*")
    }
    assert scored == set(index[index["split"] == "test"]["scene_id"])


def test_every_pixel_of_the_held_out_scenes_is_scored_once(learnt):
    split = table(learnt, "05_model_input/chip_split")
    held_out = set(split[split["split"] == "test"]["scene_id"])
    labelled = 0
    for scene_id in held_out:
        with rasterio.open(learnt / f"03_primary/manual_labels/{scene_id}.tif") as file:
            labelled += int((file.read(1) != 255).sum())
    scores = table(learnt, "08_reporting/evaluation/evaluation_scores")
    whole = scores[(scores["method"] == "unet") & (scores["stratum"] == "all")]
    assert whole["pixels"].tolist() == [labelled]


def test_a_second_run_has_nothing_to_learn_or_to_map(learnt, monkeypatch, caplog):
    monkeypatch.setenv("SEA_ICE_DATA", str(learnt))
    before = digests(learnt / "07_model_output")
    with caplog.at_level(logging.INFO, logger="sea_ice_kedro"):
        run_here("__default__")
    assert "predictions: 0 made, 3 unchanged" in caplog.text
    assert "chips: 0 made, 3 unchanged" in caplog.text
    assert "epoch" not in caplog.text
    assert digests(learnt / "07_model_output") == before


def test_a_network_maps_other_peoples_scenes(data_root, model, tmp_path):
    folder = folder_of_scenes(tmp_path / "scenes", 2)  # 40 x 64: smaller than a chip
    write(folder / "dark.tif", np.zeros((70, 90, 3), np.uint8), nodata=0)
    serve(model, folder)
    bands, crs, transform, tags = prediction(data_root, "a")
    assert bands.shape == (2, 40, 64)
    assert set(np.unique(bands[0])) <= {0, 1, 2}
    assert bands[1].max() <= 100
    assert (crs.to_string(), tuple(transform)[:6]) == (ROSS_SEA.crs, ROSS_SEA.transform)
    assert tags["SEA_ICE_MODEL"] == "manual_original"
    nothing, *_ = prediction(data_root, "dark")
    assert (nothing == 255).all()
    ice = table(data_root, "08_reporting/network_statistics").set_index("scene_id")
    assert ice.loc["dark", "valid_fraction"] == 0
    assert np.isnan(ice.loc["dark", "sea_ice_concentration"])
    assert ice.loc["a", "open_water_km2"] >= 0
    # what networks learn from is not touched
    assert not (data_root / "03_primary").exists()


def test_a_bad_scene_costs_no_other_scene_its_prediction(data_root, model, tmp_path):
    folder = folder_of_scenes(tmp_path / "scenes", 2)
    (folder / "bad.tif").write_bytes(b"II*\0")
    with pytest.raises(PartitionsFailed, match=r"bad\.tif: expected a whole"):
        serve(model, folder)
    assert sorted(files(data_root / "07_model_output/predictions")) == [
        *("a.qml", "a.tif", "a.tif.aux.xml"),
        *("b.qml", "b.tif", "b.tif.aux.xml"),
    ]


def test_a_network_of_filtered_images_filters_before_it_maps(
    data_root, tmp_path, monkeypatch
):
    run_here(*LEARN, modeling={"variants": "auto_filtered"})
    model = data_root / "06_models/auto_filtered/unet.keras"
    card = UNetDataset(filepath=str(model)).load().card()
    assert card.images == "filtered"
    assert card.filter.method == "illumination"
    folder = tmp_path / "scenes"
    write(folder / "x.tif", floes(64, 96, seed=8))
    another_root = tmp_path / "real"
    monkeypatch.setenv("SEA_ICE_DATA", str(another_root))
    serve(str(model), folder)
    from sea_ice_kedro.imagery.cloud_filter import filter_scene
    from sea_ice_kedro.training.model_file import ModelFile
    from tests.fabricate import scene

    filtered = filter_scene(
        scene("x", floes(64, 96, seed=8)), card.filter, card.thresholds
    )
    expected = ModelFile(str(model)).predict(filtered.rgb[None])[0].argmax(-1)
    with quiet():
        bands, *_ = prediction(another_root, "x")
    assert (bands[0] == expected).mean() > 0.9  # windows are mirrored at the edges
    raw = ModelFile(str(model)).predict(floes(64, 96, seed=8)[None])[0].argmax(-1)
    assert (bands[0] == expected).mean() >= (bands[0] == raw).mean()


def test_without_manual_labels_it_is_agreement_and_nowhere_accuracy(
    data_root, tmp_path
):
    folder = tmp_path / "scenes"
    for index, name in enumerate("abc"):
        write(folder / f"{name}.tif", floes(128, 128, seed=index))
    run_here(*LEARN, **from_folder(folder))
    scores = table(data_root, "08_reporting/evaluation/evaluation_scores")
    assert set(scores["measure"]) == {"agreement"}
    assert set(scores["reference"]) == {"auto"}
    made = data_root / "08_reporting/evaluation"
    for name in ("metrics.json", "evaluation_scores.csv", "class_scores.csv"):
        assert "accuracy" not in (made / name).read_text()


def test_two_scenes_are_too_few_and_cost_no_class_map(data_root, tmp_path):
    folder = folder_of_scenes(tmp_path / "scenes", 2)
    with pytest.raises(TooFewScenes, match="at least 3 scenes"):
        run_here(*LEARN, **from_folder(folder))
    assert len(files(data_root / "04_feature/class_maps")) == 2 * 3


def test_a_missing_model_is_named_with_the_way_to_one(data_root, tmp_path):
    folder = folder_of_scenes(tmp_path / "scenes", 1)
    with pytest.raises(
        MissingInput, match=r"served_model: a trained network: --params"
    ):
        serve(str(tmp_path / "none.keras"), folder)


def test_a_file_that_is_no_model_is_refused_in_words(data_root, tmp_path):
    folder = folder_of_scenes(tmp_path / "scenes", 1)
    (tmp_path / "no.keras").write_text("no")
    with pytest.raises(Exception, match=r"no\.keras: expected a whole") as error:
        serve(str(tmp_path / "no.keras"), folder)
    assert isinstance(meant_for_people(error.value), InvalidModel)


def test_a_damaged_shard_is_cut_again(learnt, monkeypatch):
    monkeypatch.setenv("SEA_ICE_DATA", str(learnt))
    shards = sorted(
        (learnt / "05_model_input/manual_original/chips").glob("*.tfrecord")
    )
    whole = shards[0].read_bytes()
    shards[0].write_bytes(whole[:10])
    run_here("modeling")
    assert shards[0].read_bytes() == whole


def test_the_history_is_a_row_an_epoch(learnt):
    history = table(learnt, "08_reporting/manual_original/training_history")
    assert history["epoch"].tolist() == [1, 2]
    assert isinstance(history, pd.DataFrame)


def test_the_network_that_ships_maps_a_folder_that_nothing_was_trained_on(
    tmp_path, monkeypatch, project
):
    monkeypatch.setenv("SEA_ICE_DATA", str(tmp_path / "data"))
    folder_of_scenes(tmp_path / "scenes")
    run_here("inference", **from_folder(tmp_path / "scenes"))
    made = table(tmp_path / "data", "08_reporting/network_statistics")
    assert len(made)
    assert set(made["model"]) == {"polar"}
    run_here(
        "inference", **from_folder(tmp_path / "scenes", inference={"model": "polar"})
    )
