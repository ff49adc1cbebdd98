"""Whole runs on a cluster: what is made, what is lost with a worker, what is said."""

import logging
import os
import re
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from kedro.framework.session import KedroSession

from sea_ice_kedro.datasets import SceneTableDataset
from sea_ice_kedro.datasets.run_state import PartitionsFailed
from sea_ice_kedro.engines import spark_session
from tests.fabricate import cut, floes, folder_of_scenes, write
from tests.networks import untrained_network
from tests.runs import (
    ROOT,
    SCENE_PIPELINES,
    digests,
    from_folder,
    run_here,
    run_in,
)
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


@pytest.fixture
def on_spark(data_root, monkeypatch, caplog):
    """Run pipelines in this process, env "dataproc", on workers of this machine.

    What is said is in caplog.
    """
    monkeypatch.setenv("SEA_ICE_SPARK_MASTER", "local[2,4]")
    caplog.set_level(logging.INFO)

    def run(*pipelines, **parameters):
        with KedroSession.create(
            ROOT, env="dataproc", runtime_params=parameters
        ) as session:
            session.run(pipeline_names=[*pipelines])

    return run


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
    tmp_path, scenes, here, on_spark, monkeypatch, caplog
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
    monkeypatch.setenv("SEA_ICE_DATA", str(there))
    on_spark("autolabel")
    assert counts(caplog.text, "class_maps") == (0, 4, 0)


def test_a_poisoned_scene_is_a_failure_in_the_result_and_no_dead_job(
    data_root, folder, on_spark, caplog
):
    from pyspark import SparkContext

    cut(folder / "b.tif", 0.5)
    words = r"scenes / b: b\.tif: expected a whole, readable raster"
    with pytest.raises(PartitionsFailed, match=words):
        on_spark(*SCENE_PIPELINES, **from_folder(folder))
    assert counts(caplog.text, "class_maps") == (3, 0, 0)
    index = table(data_root, "03_primary/scene_index")
    assert index["scene_id"].tolist() == ["a", "c", "d"]
    assert SparkContext._active_spark_context is None  # stopped after a failure, too


SAMPLE = "ingestion.sample.count=24,ingestion.sample.size_px=128"


@pytest.fixture(scope="module")
def sample(project, tmp_path_factory):
    """What one machine makes of 24 simulated scenes."""
    root = tmp_path_factory.mktemp("sample")
    given = {"ingestion": {"sample": {"count": 24, "size_px": 128}}}
    return rasters(run_in(root, **given))


def test_a_killed_driver_and_then_a_killed_executor_cost_no_scene(tmp_path, sample):
    data_root = tmp_path / "data"
    maps = data_root / "04_feature" / "class_maps"

    def mapped():
        return len(list(maps.glob("*.tif")))

    first = start_on(CLUSTER, data_root, *SCENES, "--params", SAMPLE)
    wait_until(lambda: mapped() >= 3, first)
    kill(first.pid)
    first.communicate()
    wait_for_workers_to_end(data_root)
    before = mapped()

    # The same command goes on, and loses an executor while it maps.
    again = start_on(CLUSTER, data_root, *SCENES, "--params", SAMPLE)
    wait_until(lambda: mapped() > before and len(executors_of(data_root)) == 2, again)
    kill(executors_of(data_root)[0])
    code, said = ended(again)
    assert code == 0, said
    assert counts(said, "scenes") == (0, 24, 0)
    assert counts(said, "class_maps")[1] >= 3
    for product in ("filtered_scenes", "class_maps", "quicklooks"):
        made, unchanged, failed = counts(said, product)
        assert (made + unchanged, failed) == (24, 0)
    assert rasters(data_root) == sample
    index = table(data_root, "03_primary/scene_index")
    assert index["scene_id"].is_unique
    assert len(index) == 24


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


def test_a_full_disk_costs_the_scenes_that_found_no_room(
    tmp_path, data_root, small_disk, on_spark, caplog
):
    folder = tmp_path / "in"
    noise = np.random.default_rng(0).integers(1, 256, (4, 400, 400), np.uint8)
    for name, grey in zip("abcd", noise, strict=True):
        write(folder / f"{name}.png", np.repeat(grey[..., None], 3, axis=-1))
    words = r"class_maps / \w: \w\.tif: expected to write it to .*free"
    with pytest.raises(PartitionsFailed, match=words):
        on_spark(*SCENE_PIPELINES, **from_folder(folder, filtering={"method": "none"}))
    made, _, failed = counts(caplog.text, "class_maps")
    assert made >= 1
    assert failed >= 1
    assert made + failed == 4
    assert len(list(small_disk.glob("*.tif"))) == made
    assert len(table(data_root, TABLES[2])) == made


@pytest.mark.train
def test_scenes_in_a_bucket_are_read_written_and_mapped_by_a_network_on_executors(
    bucket, tmp_path, scenes, here
):
    model = untrained_network(tmp_path / "model" / "unet.onnx")
    served = from_folder(scenes, inference={"model": str(model)})
    by_network = run_in(tmp_path / "one", "inference", **served)
    params = source(bucket.put(scenes, "scenes"))[1]
    code, said = run_on(
        CLUSTER,
        f"{bucket.url}/season",
        *("--pipelines", ",".join([*SCENE_PIPELINES, "inference"])),
        *("--params", f"{params},inference.model={model}"),
        SEA_ICE_TABLES=tmp_path / "tables",  # Spark itself does not know the emulator
    )
    assert code == 0, said
    there = bucket.get(tmp_path / "there", "season")
    assert rasters(there).items() >= rasters(here).items()
    predictions = [f"07_model_output/predictions/{name}.tif" for name in "abcd"]
    assert [digests(there)[n] for n in predictions] == [
        digests(by_network)[n] for n in predictions
    ]
    for name in (TABLES[2], "08_reporting/network_statistics"):
        assert len(table(tmp_path / "tables", name)) == 4


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
