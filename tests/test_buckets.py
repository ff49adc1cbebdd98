"""Whole runs whose data lie in a bucket, or behind a URL of a disk."""

import logging
import re

import pytest

from sea_ice_kedro.datasets.run_state import PartitionsFailed
from tests.fabricate import floes, folder_of_scenes, write
from tests.networks import untrained_network
from tests.runs import digests, from_folder, kedro_run, run_here, run_in

SCENES = ["--pipelines", "ingestion,filtering,autolabel"]


@pytest.fixture
def at(project, monkeypatch):
    """Have the runs of this test, here and in processes of their own, write there."""
    return lambda place: monkeypatch.setenv("SEA_ICE_DATA", str(place))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with three small scenes a, b, c; b has a world file beside it."""
    folder = folder_of_scenes(tmp_path_factory.mktemp("scenes") / "in", 3)
    (folder / "b.tif").unlink()
    write(folder / "b.png", floes(seed=7))
    (folder / "b.pgw").write_text("10\n0\n0\n-10\n-300000\n-1200000\n")
    return folder


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """The file of a network that was never trained."""
    return untrained_network(tmp_path_factory.mktemp("model") / "unet.onnx")


@pytest.fixture(scope="module")
def disk(project, folder, tmp_path_factory):
    """A data root on a disk, as runs in a bucket are to make it; nobody writes to it."""
    return run_in(tmp_path_factory.mktemp("disk"), **from_folder(folder))


@pytest.fixture(scope="module")
def mapped(project, folder, model, tmp_path_factory):
    """A data root on a disk with the maps of the network."""
    served = from_folder(folder, inference={"model": str(model)})
    return run_in(tmp_path_factory.mktemp("mapped"), "inference", **served)


def uploads(bucket):
    return [r for r in bucket.requests if r.startswith("POST /upload/")]


@pytest.mark.parametrize("name", ["sequential", "threads"])
def test_a_run_in_a_bucket_makes_the_bytes_of_a_run_on_a_disk(
    bucket, at, folder, disk, tmp_path, caplog, name
):
    engine = {"name": name, "workers": 3}
    at(f"{bucket.url}/season")
    run_here(**from_folder(bucket.put(folder, "scenes")), engine=engine)
    there = digests(bucket.get(tmp_path / "there", "season"))
    assert there == digests(disk)
    assert len(there) == 3 * 6 + 4
    bucket.forget()
    with caplog.at_level(logging.INFO):
        run_here(**from_folder(f"{bucket.url}/scenes"), engine=engine)
    for product in ("scenes", "filtered_scenes", "class_maps", "quicklooks"):
        assert f"{product}: 0 made, 3 unchanged, 0 failed" in caplog.text
    assert len(uploads(bucket)) == 7  # tables, a figure in 3 files, the run's record


def test_what_was_copied_from_a_disk_to_a_bucket_is_done(
    bucket, at, folder, disk, caplog
):
    at(bucket.put(disk))
    with caplog.at_level(logging.INFO):
        run_here(**from_folder(folder))
    assert caplog.text.count("0 made, 3 unchanged, 0 failed") == 4


@pytest.mark.slow
def test_the_commands_work_on_buckets_with_processes(
    bucket, at, folder, disk, tmp_path, caplog
):
    scenes = bucket.put(folder, "scenes")
    engine = "engine.name=processes,engine.workers=2"
    source = f"ingestion.source=folder,ingestion.folder={scenes}"
    arguments = [*SCENES, "--params", f"{source},{engine}"]
    done = kedro_run(f"{bucket.url}/season", *arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    there = bucket.get(tmp_path / "there", "season")
    assert digests(there) == digests(disk)
    at(f"{bucket.url}/season")
    with caplog.at_level(logging.INFO):
        run_here(**from_folder(scenes), engine={"name": "processes", "workers": 2})
    assert caplog.text.count("0 made, 3 unchanged, 0 failed") == 4


def test_an_upload_that_fails_costs_its_scene_only_and_a_new_run_makes_it(
    bucket, impatient, at, folder, tmp_path, caplog
):
    at(f"{bucket.url}/season")
    # The name of an object is in the body of a small upload: have the sixth fail for
    # good, which is the last class map.
    run_here("ingestion", "filtering", **from_folder(folder))
    bucket.fails("POST", "/upload/", times=6, after=6)  # three files a map
    with pytest.raises(PartitionsFailed) as error:
        run_here("autolabel", **from_folder(folder))
    made = r"season/04_feature/class_maps, got HttpError: , 503\. See that the bucket"
    assert re.search(rf"class_maps / c: c\.tif: expected .*/{made}", str(error.value))
    maps = [n for n in bucket.names() if "class_maps/" in n and n.endswith(".tif")]
    assert maps == [f"season/04_feature/class_maps/{i}.tif" for i in "ab"]
    bucket.faults.clear()
    with caplog.at_level(logging.INFO):
        run_here("autolabel", **from_folder(folder))
    assert "class_maps: 1 made, 2 unchanged, 0 failed" in caplog.text


def test_a_scene_that_the_bucket_does_not_give_costs_no_other(
    bucket, impatient, at, folder, tmp_path
):
    at(tmp_path / "disk")
    scenes = bucket.put(folder, "scenes")
    bucket.fails("GET", "/scenes%2Fc.tif", how="403")
    with pytest.raises(PartitionsFailed, match=f"expected to read {scenes}/c.tif"):
        run_here(**from_folder(scenes))
    made = (tmp_path / "disk/04_feature/class_maps").glob("*.tif")
    assert sorted(p.name for p in made) == ["a.tif", "b.tif"]


@pytest.mark.slow
@pytest.mark.train
@pytest.mark.parametrize("kind", ["file", "gs"])
def test_every_product_can_lie_behind_a_url(
    kind, request, at, folder, model, disk, mapped, tmp_path
):
    if kind == "gs":
        bucket = request.getfixturevalue("bucket")
        root, served = f"{bucket.url}/season", bucket.put(model.parent, "networks")
    else:
        root, served = f"file://{tmp_path}/there", f"file://{model.parent}"
    at(root)
    run_here(**from_folder(folder))
    served = {"model": f"{served}/{model.name}"}
    run_here("inference", **from_folder(folder, inference=served))
    if kind == "gs":
        bucket.get(tmp_path / "there", "season")
    there = digests(tmp_path / "there")
    assert there == digests(disk) | digests(mapped)
    assert len(there) == (3 * 6 + 4) + (3 * 6 + 6)
