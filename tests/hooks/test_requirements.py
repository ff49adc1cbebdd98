import importlib.util

import pytest
from kedro.framework.session import KedroSession
from kedro.runner import ParallelRunner

from sea_ice_kedro.errors import InvalidOption, MissingPackage
from sea_ice_kedro.hooks import requirements
from sea_ice_kedro.training.options import WorkersOptions
from tests.runs import ROOT, run_here


@pytest.fixture
def without(monkeypatch):
    """Have packages look as if they were not installed."""

    def hide(*names):
        find = importlib.util.find_spec

        def found(name, *rest):
            return None if name in names else find(name, *rest)

        monkeypatch.setattr(importlib.util, "find_spec", found)

    return hide


def test_the_parallel_runner_is_refused_by_name_with_the_alternative(data_root):
    with (
        KedroSession.create(ROOT, env="test") as session,
        pytest.raises(InvalidOption, match=r"got ParallelRunner.*engine\.name=proc"),
    ):
        session.run(pipeline_names=["ingestion"], runner=ParallelRunner())
    assert not list(data_root.rglob("*.tif"))


def test_spark_is_missed_before_the_first_step(data_root, without):
    without("pyspark")
    with pytest.raises(MissingPackage, match=r"extra spark\) for engine\.name=spark"):
        run_here("ingestion", engine={"name": "spark"})
    assert not list(data_root.rglob("*.tif"))


def test_tables_of_spark_are_missed_before_kedro_imports_them(
    data_root, without, monkeypatch
):
    without("pyspark")
    monkeypatch.setenv("SEA_ICE_DATA", str(data_root))
    with (
        KedroSession.create(ROOT, env="dataproc") as session,
        pytest.raises(MissingPackage, match=r"pyspark.*scene_index.*--extra spark"),
    ):
        session.run(pipeline_names=["autolabel"])


@pytest.mark.parametrize(
    ("package", "extra", "parameters"),
    [
        ("tensorflow", "train", {}),
        ("horovod", "horovod", {"modeling": {"workers": {"count": 2}}}),
    ],
)
def test_what_training_needs_is_missed_before_the_first_step(
    data_root, without, package, extra, parameters
):
    without(package)
    with pytest.raises(MissingPackage, match=rf"{package} .*--extra {extra}"):
        run_here("ingestion", "filtering", "autolabel", "modeling", **parameters)
    assert not list(data_root.rglob("*.tif"))


@pytest.mark.parametrize("pipeline", ["floes", "network_floes"])
def test_what_polygons_need_is_missed_before_the_first_step(
    data_root, without, pipeline
):
    without("geopandas")
    with pytest.raises(MissingPackage, match=r"geopandas .*--extra vector"):
        run_here("ingestion", pipeline)
    assert not list(data_root.rglob("*.tif"))


def test_collectives_of_gpus_are_refused_without_gpus(monkeypatch):
    monkeypatch.setattr(requirements, "gpu_count", lambda: 0)
    workers = WorkersOptions(count="auto", collectives="nccl")
    with pytest.raises(InvalidOption, match=r"GPU.*got none.*without --env dgx"):
        requirements.expect_workers(workers)


def test_as_many_workers_as_gpus_need_horovod(monkeypatch, without):
    without("horovod")
    monkeypatch.setattr(requirements, "gpu_count", lambda: 8)
    workers = WorkersOptions(count="auto", collectives="nccl")
    with pytest.raises(MissingPackage, match="horovod for 8 workers"):
        requirements.expect_workers(workers)
