"""Whole runs with scenes from Earth Engine, which is on this machine."""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pytest

pytest.importorskip("ee")

from sea_ice_kedro.datasets import SceneDataset
from sea_ice_kedro.datasets.run_state import PartitionsFailed
from sea_ice_kedro.errors import NoAccess
from tests.earth_engine import (
    SECRET,
    GranuleThere,
    after,
    every,
    with_access,
)
from tests.runs import ROOT, environment, files, run_here

INDEX = "20191103T190919_20191103T190917_T03CWT"


@pytest.fixture
def server(tmp_path, monkeypatch):
    """Earth Engine with a granule of 16 scenes, and credentials in the environment."""
    with with_access([GranuleThere(INDEX)], tmp_path, monkeypatch) as state:
        yield state


def settings(server, **more):
    ingestion = {
        "source": "earth_engine",
        "search": {
            "region": "-180/-78/-140/-70",
            "start": "2019-11-01",
            "end": "2019-11-30",
        },
        "cutting": {"size_px": 64},
        "earth_engine": {
            "url": server.url,
            "first_wait_s": 0.001,
            "requests_per_s": 100.0,
            "extra_bands": ["cloud_probability"],
        },
    }
    return {"ingestion": {**ingestion, **more}}


def test_scenes_come_in_with_faults_and_none_is_fetched_twice(data_root, server):
    server.faults.append(every(0.2, ["429", "500", "reset"]))
    server.compute_s = 0.05
    run_here("ingestion", **settings(server))
    assert (len(server.answered), set(server.answered.values())) == (16, {1})
    assert server.most_at_a_time > 1
    index = pd.read_csv(data_root / "03_primary/scene_index.csv")
    assert len(index) == 16
    assert set(index["granule"]) == {"T03CWT"}
    assert set(index["asset_id"]) == {f"COPERNICUS/S2_HARMONIZED/{INDEX}"}
    for name in index["scene_id"]:
        path = data_root / f"02_intermediate/scenes/{name}.tif"
        row, column = int(name[-11:-6]), int(name[-5:])
        bands = server.granules[0].pixels(
            np.arange(row, row + 64), np.arange(column, column + 64)
        )
        scene = SceneDataset(filepath=str(path)).load()
        assert np.array_equal(
            scene.rgb[..., 0], np.rint(np.minimum(bands["B4"][0] / 1e4, 1) * 255)
        )
        assert np.array_equal(scene.valid_mask, bands["B4"][1])
        assert "cloud_probability" in scene.extra_bands


def test_a_run_goes_on_where_the_quota_ended_and_fetches_nothing_twice(
    data_root, server
):
    server.faults.append(after(6, "quota"))
    with pytest.raises(PartitionsFailed, match="quota is used up") as failed:
        run_here("ingestion", **settings(server))
    assert "10 products could not be made" in str(failed.value)
    assert "run the same command again" in str(failed.value)
    assert len(pd.read_csv(data_root / "03_primary/scene_index.csv")) == 6
    server.faults.clear()
    run_here("ingestion", **settings(server))
    assert (len(server.answered), set(server.answered.values())) == (16, {1})
    assert len(pd.read_csv(data_root / "03_primary/scene_index.csv")) == 16


def test_another_white_fetches_nothing(data_root, server):
    run_here("ingestion", **settings(server))
    asked = server.asked("computePixels")
    run_here("ingestion", **settings(server, brightness={"white_reflectance": 0.8}))
    assert server.asked("computePixels") == asked == 16
    path = data_root / f"02_intermediate/scenes/{INDEX}_y00000x00000.tif"
    white = SceneDataset(filepath=str(path)).load().rendering.brightness
    assert white.white_reflectance == 0.8


def test_downloads_may_be_kept_in_a_bucket(project, server, bucket, monkeypatch):
    monkeypatch.setenv("SEA_ICE_DATA", bucket.url)
    run_here("ingestion", **settings(server, cutting={"size_px": 128}))
    run_here("ingestion", **settings(server, cutting={"size_px": 128}))
    kept = [name for name in bucket.names() if name.startswith("01_raw/downloads/2")]
    assert len(kept) == 4
    assert server.asked("computePixels") == 4


def test_a_run_without_access_makes_nothing(data_root, server):
    wrong = settings(server)
    wrong["ingestion"]["earth_engine"]["project"] = "another-project"
    with pytest.raises(NoAccess, match="not registered"):
        run_here("ingestion", **wrong)
    assert list(files(data_root)) == []  # but for the record of the run


def kedro(server, data_root, **more):
    """The command of a run of its own, with credentials in a file of the project."""
    parameters = {
        "ingestion.source": "earth_engine",
        "ingestion.search.region": "-180/-78/-140/-70",
        "ingestion.search.start": "2019-11-01",
        "ingestion.search.end": "2019-11-30",
        "ingestion.cutting.size_px": 64,
        "ingestion.earth_engine.url": server.url,
        "ingestion.earth_engine.first_wait_s": 0.01,
        **more,
    }
    text = ",".join(f"{key}={value}" for key, value in parameters.items())
    return subprocess.Popen(
        [
            *(sys.executable, "-m", "kedro", "run", "--env", "test"),
            *("--pipelines", "ingestion,filtering,autolabel", "--params", text),
        ],
        cwd=ROOT,
        env=environment(data_root),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@pytest.mark.slow
def test_a_killed_run_goes_on_and_a_credential_is_nowhere(tmp_path, server):
    data_root = tmp_path / "data"
    server.faults.append(lambda path, n: "slow" if "Pixels" in path else None)
    server.slow_s = 0.3
    slowly = {"ingestion.earth_engine.requests_per_s": 4}
    run = kedro(server, data_root, **slowly)
    downloads = data_root / "01_raw/downloads"
    deadline = time.monotonic() + 60
    while len(list(downloads.glob("*.tif"))) < 4 and time.monotonic() < deadline:
        time.sleep(0.05)
    run.send_signal(signal.SIGKILL)
    told = run.communicate()[0]
    before = {p.name for p in downloads.glob("*.tif")}
    assert 4 <= len(before) < 16
    for path in sorted(downloads.glob("*.tif")):
        SceneDataset(filepath=str(path), content="digital_numbers").load()
    server.faults.clear()
    asked = server.asked("computePixels")
    run = kedro(server, data_root)
    told += run.communicate(timeout=120)[0]
    assert run.returncode == 0, told
    assert server.asked("computePixels") - asked == 16 - len(before)
    assert len(list((data_root / "04_feature/class_maps").glob("*.tif"))) == 16
    key = (tmp_path / "key.json").read_text()
    secrets = [SECRET, key[300:340], "BEGIN PRIVATE KEY", "Bearer ya29"]
    products = [path.read_bytes() for path in files(data_root).values()]
    assert [s for s in secrets if s in told] == []
    assert [s for s in secrets if any(s.encode() in p for p in products)] == []


@pytest.mark.slow
def test_no_credential_is_told_when_everything_goes_wrong(tmp_path, server):
    server.token_error = {"error": "invalid_grant", "error_description": "Invalid JWT"}
    run = kedro(server, tmp_path / "data")
    told = run.communicate(timeout=60)[0]
    assert run.returncode != 0
    assert "machine's clock is wrong" in told
    key = (tmp_path / "key.json").read_text()
    assert [s for s in (SECRET, key[300:340], "BEGIN PRIVATE") if s in told] == []
    assert os.environ["GOOGLE_APPLICATION_CREDENTIALS"] not in told
