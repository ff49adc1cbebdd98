"""Scenes on Spark: how work is cut, what a worker does, what is lost and what is not."""

import os
import sys
import zipfile
from zipimport import zipimporter

import numpy as np
import pytest

from sea_ice_kedro import __version__
from sea_ice_kedro.engines import make_engine, spark_session
from sea_ice_kedro.engines.spark import jobs, scenes_a_task
from sea_ice_kedro.engines.spark_worker import (
    expect_same_software,
    pack,
    run_task,
    unpack,
)
from sea_ice_kedro.errors import WorkerLost
from tests.engines.test_engines import (
    be_killed_on_two,
    refuse_two,
    square_slowest_first,
)
from tests.runs import ROOT


@pytest.mark.parametrize(("count", "slots"), [(1, 2), (66, 2), (20_000, 2), (500, 64)])
def test_every_scene_is_in_one_job(count, slots):
    assert [n for job in jobs(count, slots) for n in job] == list(range(count))


def test_few_scenes_are_a_task_each_and_many_share_one():
    assert scenes_a_task(30, 2) == 1
    assert scenes_a_task(66, 2) == 4
    assert scenes_a_task(20_000, 2) == 64


def test_a_task_gives_values_and_exceptions_by_number():
    outcomes = dict(run_task(pack(refuse_two, [(7, 1), (8, 2)]), 0, 1))
    assert unpack(outcomes[7]) == 1
    with pytest.raises(ValueError, match="two is refused"):
        unpack(outcomes[8])


def test_a_task_leaves_no_archive_that_the_next_one_would_have_read_again(tmp_path):
    archive = tmp_path / "pyspark.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("nothing.py", "")
    sys.path_importer_cache[str(archive)] = zipimporter(str(archive))
    list(run_task(pack(abs, [(0, 1)]), 0, 1))
    assert str(archive) not in sys.path_importer_cache


@pytest.mark.slow
def test_what_killed_a_worker_costs_only_itself_on_the_next_attempt():
    outcomes = dict(run_task(pack(be_killed_on_two, [(0, 1), (1, 2), (2, 3)]), 1, 1))
    first, lost, last = (unpack(outcomes[n]) for n in range(3))
    assert (first, last) == (1, 3)
    assert isinstance(lost, WorkerLost)


def test_a_worker_of_another_version_refuses():
    expect_same_software(__version__)
    with pytest.raises(RuntimeError, match="expected sea_ice_kedro"):
        expect_same_software("0.0.1")


@pytest.fixture(scope="module")
def spark_engine():
    """Two cores of this machine, tasks tried four times."""
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = str(ROOT)  # workers import the tests' functions
    os.environ["PYSPARK_PYTHON"] = sys.executable
    spark_session.configure(
        {
            "spark.master": "local[2,4]",
            "spark.ui.enabled": False,
            "spark.ui.showConsoleProgress": False,
        }
    )
    yield make_engine("spark")
    spark_session.stop()
    spark_session.configure({})
    if before is None:
        del os.environ["PYTHONPATH"]
    else:
        os.environ["PYTHONPATH"] = before


@pytest.mark.spark
def test_spark_gives_results_in_the_order_of_the_items(spark_engine):
    assert list(spark_engine.map(square_slowest_first, [0, 1, 2, 3])) == [0, 1, 4, 9]
    assert list(spark_engine.map(abs, range(-500, 0))) == list(range(500, 0, -1))


@pytest.mark.spark
def test_an_exception_ends_the_mapping_as_it_was_raised(spark_engine):
    with pytest.raises(ValueError, match="two is refused"):
        list(spark_engine.map(refuse_two, [0, 1, 2, 3]))


@pytest.mark.spark
def test_an_item_that_kills_its_worker_costs_no_other(spark_engine):
    first, second, lost, last = spark_engine.map(be_killed_on_two, [0, 1, 2, 3])
    assert (first, second, last) == (0, 1, 3)
    assert isinstance(lost, WorkerLost)


def serve(network):
    """Serve a network; tell in which process, how often it was loaded, and by what."""
    from sea_ice_kedro.imagery.scene_context import CONTEXT_SIZE
    from sea_ice_kedro.training import model_file

    context = np.zeros(CONTEXT_SIZE, np.float32)
    predict = model_file.ModelFile(network).predict_in(context)
    predict(np.zeros((1, 128, 128, 3), np.uint8))
    frameworks = {"tensorflow", "keras", "onnxruntime"} & set(sys.modules)
    return os.getpid(), model_file._serving.cache_info().misses, frameworks


@pytest.mark.spark
def test_a_network_is_loaded_once_a_worker_without_tensorflow(spark_engine):
    served = list(spark_engine.map(serve, ["polar"] * 12))
    assert len({pid for pid, _, _ in served}) <= 2
    assert {loaded for _, loaded, _ in served} == {1}
    assert all(frameworks == {"onnxruntime"} for _, _, frameworks in served)
