"""Whole runs on a cluster: what is made, what is lost with a worker, what is said."""

import logging
import os
import re
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from sea_ice_kedro.datasets import SceneTableDataset
from sea_ice_kedro.datasets.failures import PartitionsFailed
from sea_ice_kedro.engines import spark_session
from tests.fabricate import cut, floes, folder_of_scenes, write
from tests.networks import untrained_network
from tests.runs import SCENE_PIPELINES, digests, from_folder, run_here, run_in
from tests.spark_runs import (
    CLUSTER,
    ended,
    executors_of,
    kill,
    run_on,
    start_on,
    wait_until,
)
from tests.test_end_to_end import wait_for_workers_to_end

pytestmark = [pytest.mark.spark, pytest.mark.slow]

SCENES = ["--pipelines", "ingestion,filtering,autolabel"]
MAPPED = [*SCENE_PIPELINES, "gridding", "reporting"]
RASTERS = ("02_intermediate", "03_primary/filtered", "04_feature/class", ".png")
TABLES = ["03_primary/scene_index", "08_reporting/cloud_statistics"]
TABLES += ["08_reporting/label_statistics", "08_reporting/daily_grid"]


@pytest.fixture(scope="module")
def scenes(tmp_path_factory):
    """A folder with four small scenes a, b, c, d; two have no place on Earth."""
    return four_scenes(tmp_path_factory.mktemp("scenes") / "in")


@pytest.fixture(scope="module")
def here(project, scenes, tmp_path_factory):
    """What one machine makes of them."""
    root = tmp_path_factory.mktemp("here")
    return run_in(root, *MAPPED, **from_folder(scenes))


@pytest.fixture
def folder(tmp_path):
    """The four scenes for one test, which may spoil them."""
    return four_scenes(tmp_path / "in")


def four_scenes(folder):
    folder_of_scenes(folder, 4)
    for name in "cd":
        (folder / f"{name}.tif").unlink()
        write(folder / f"{name}.png", floes(seed=9))
    rows = "id,acquired,region,thin_ice_min,thick_ice_min,sky (seen)"
    (folder / "scenes.csv").write_text(f"{rows}\na,2019-11-03,Ross Sea,40,180,hazy\n")
    return folder


def source(folder):
    return ["--params", f"ingestion.source=folder,ingestion.folder={folder}"]


def rasters(data_root):
    """Digests of scenes, filtered scenes, class maps and pictures."""
    return {
        name: digest
        for name, digest in digests(data_root).items()
        if any(part in name for part in RASTERS)
    }


def bundles(data_root):
    """What the report shows of each scene, byte by byte."""
    folder = data_root / "08_reporting" / "report_pictures"
    return {path.name: path.read_bytes() for path in folder.glob("*.zip")}


def table(data_root, name):
    """Read a table as Spark has stored it."""
    return pd.read_parquet(data_root / name)


def counts(said, product):
    """How many of a product were made, unchanged and failed."""
    found = re.search(rf"{product}: (\d+) made, (\d+) unchanged, (\d+) failed", said)
    return tuple(int(n) for n in found.groups())


def test_a_cluster_makes_the_bytes_and_the_tables_of_one_machine(
    tmp_path, scenes, here
):
    there = tmp_path / "there"
    wanted = ["--pipelines", ",".join(MAPPED)]
    code, said = run_on(CLUSTER, there, *wanted, *source(scenes))
    assert code == 0, said
    assert rasters(there) == rasters(here)
    assert len(rasters(there)) == 4 * 6  # names and colours beside each class map
    shown, expected = (bundles(root) for root in (there, here))
    assert shown == expected
    report = (there / "08_reporting/report.html").read_text()
    assert report.count('data-name="classes"') == len(shown) == 4
    for name in TABLES:
        stored = SceneTableDataset(filepath=str(here / f"{name}.csv")).load()
        found = table(there, name).replace("", np.nan)
        pd.testing.assert_frame_equal(
            found.fillna(np.nan), stored, check_dtype=False, check_exact=True
        )
    # The same command again, a pipeline alone as well, has nothing to do.
    code, said = run_on(CLUSTER, there, "--pipeline", "autolabel")
    assert code == 0, said
    assert counts(said, "class_maps") == (0, 4, 0)


def test_a_poisoned_scene_is_a_failure_in_the_result_and_no_dead_job(tmp_path, folder):
    cut(folder / "b.tif", 0.5)
    code, said = run_on(CLUSTER, tmp_path / "data", *SCENES, *source(folder))
    assert code == 1
    assert "scenes / b: b.tif: expected a whole, readable raster" in said
    assert counts(said, "class_maps") == (3, 0, 0)
    index = table(tmp_path / "data", "03_primary/scene_index")
    assert index["scene_id"].tolist() == ["a", "c", "d"]


SAMPLE = "ingestion.sample.count=24,ingestion.sample.size_px=128"


@pytest.fixture(scope="module")
def sample(project, tmp_path_factory):
    """What one machine makes of 24 simulated scenes."""
    root = tmp_path_factory.mktemp("sample")
    given = {"ingestion": {"sample": {"count": 24, "size_px": 128}}}
    return rasters(run_in(root, **given))


def test_an_executor_that_is_killed_costs_no_scene(tmp_path, sample):
    scenes = tmp_path / "data" / "02_intermediate" / "scenes"
    run = start_on(CLUSTER, tmp_path / "data", *SCENES, "--params", SAMPLE)
    wait_until(lambda: len(list(scenes.glob("*.tif"))) >= 3, run)
    first, _second = executors_of(tmp_path / "data")
    kill(first)
    code, said = ended(run)
    assert code == 0, said
    assert rasters(tmp_path / "data") == sample
    for product in ("scenes", "filtered_scenes", "class_maps", "quicklooks"):
        made, unchanged, failed = counts(said, product)
        assert (made + unchanged, failed) == (24, 0)
    index = table(tmp_path / "data", "03_primary/scene_index")
    assert index["scene_id"].is_unique
    assert len(index) == 24


def test_after_a_killed_driver_the_next_run_goes_on(tmp_path, sample):
    maps = tmp_path / "data" / "04_feature" / "class_maps"
    run = start_on(CLUSTER, tmp_path / "data", *SCENES, "--params", SAMPLE)
    wait_until(lambda: len(list(maps.glob("*.tif"))) >= 3, run)
    kill(run.pid)
    run.communicate()
    wait_for_workers_to_end(tmp_path / "data")
    code, said = run_on(CLUSTER, tmp_path / "data", *SCENES, "--params", SAMPLE)
    assert code == 0, said
    assert counts(said, "scenes") == (0, 24, 0)
    made, unchanged, _ = counts(said, "class_maps")
    assert unchanged >= 3
    assert made + unchanged == 24
    assert rasters(tmp_path / "data") == sample


@pytest.fixture
def small_disk(tmp_path):
    """A disk with room for two class maps and the folder's manifest."""
    disk = tmp_path / "data" / "04_feature" / "class_maps"
    disk.mkdir(parents=True)
    mount = ["mount", "-t", "tmpfs", "-o", "size=80k", "tmpfs", str(disk)]
    if subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("only root may make a small disk")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def test_a_full_disk_costs_the_scenes_that_found_no_room(tmp_path, small_disk):
    folder = tmp_path / "in"
    noise = np.random.default_rng(0).integers(1, 256, (4, 400, 400), np.uint8)
    for name, grey in zip("abcd", noise, strict=True):
        write(folder / f"{name}.png", np.repeat(grey[..., None], 3, axis=-1))
    wanted = ["--pipelines", "ingestion,filtering,autolabel"]
    params = f"{source(folder)[1]},filtering.method=none"
    code, said = run_on(CLUSTER, tmp_path / "data", *wanted, "--params", params)
    assert code == 1
    made, _, failed = counts(said, "class_maps")
    assert made >= 1
    assert failed >= 1
    assert made + failed == 4
    assert re.search(r"class_maps / \w: \w\.tif: expected to write it to .*free", said)
    assert len(list(small_disk.glob("*.tif"))) == made
    assert len(table(tmp_path / "data", TABLES[2])) == made


def test_scenes_in_a_bucket_are_read_and_written_by_the_executors(
    bucket, tmp_path, scenes, here
):
    code, said = run_on(
        CLUSTER,
        f"{bucket.url}/season",
        *SCENES,
        *source(bucket.put(scenes, "scenes")),
        SEA_ICE_TABLES=tmp_path / "tables",  # Spark itself does not know the emulator
    )
    assert code == 0, said
    assert rasters(bucket.get(tmp_path / "there", "season")) == rasters(here)
    assert len(table(tmp_path / "tables", TABLES[2])) == 4


@pytest.mark.train
def test_a_network_maps_scenes_on_executors_as_it_does_here(tmp_path, scenes, project):
    model = untrained_network(tmp_path / "model" / "unet.onnx")
    served = from_folder(scenes, inference={"model": str(model)})
    one = run_in(tmp_path / "one", "inference", **served)
    there = tmp_path / "there"
    params = f"{source(scenes)[1]},inference.model={model}"
    code, said = run_on(CLUSTER, there, "--pipelines", "inference", "--params", params)
    assert code == 0, said
    predictions = [f"07_model_output/predictions/{name}.tif" for name in "abcd"]
    assert [digests(there)[n] for n in predictions] == [
        digests(one)[n] for n in predictions
    ]
    assert len(table(there, "08_reporting/network_statistics")) == 4


class NeverStarts:
    """Stands for a Spark that nobody needs."""

    def __call__(self):
        raise AssertionError("nobody asked for Spark")


def test_a_run_that_needs_no_spark_starts_none(data_root, folder, monkeypatch):
    monkeypatch.setattr(spark_session, "_start", NeverStarts())
    run_here(**from_folder(folder), engine={"name": "threads"})


def test_a_run_stops_the_session_that_it_has_started(data_root, folder, caplog):
    from pyspark import SparkContext

    with caplog.at_level(logging.INFO):
        run_here(**from_folder(folder), engine={"name": "spark"})
    assert "on local[*,4]" in caplog.text
    assert SparkContext._active_spark_context is None
    cut(folder / "a.tif", 0.5)
    with pytest.raises(PartitionsFailed):
        run_here(**from_folder(folder), engine={"name": "spark"})
    assert SparkContext._active_spark_context is None


def test_a_session_that_is_there_is_used_and_left_running(data_root, folder):
    from pyspark.sql import SparkSession

    os.environ["PYSPARK_PYTHON"] = sys.executable
    builder = SparkSession.builder.master("local[2]").config("spark.ui.enabled", False)
    spark = builder.appName("of somebody else").getOrCreate()
    try:
        run_here(**from_folder(folder), engine={"name": "spark"})
        assert len(list((data_root / "04_feature/class_maps").glob("*.tif"))) == 4
        jobs = spark.sparkContext.statusTracker().getJobIdsForGroup(None)
        assert len(jobs) >= 4  # of scenes, filtered scenes, class maps and pictures
        assert spark.range(3).count() == 3
    finally:
        spark.stop()
