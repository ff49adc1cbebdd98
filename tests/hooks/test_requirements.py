import importlib.util
import logging

import pandas as pd
import pytest
from kedro.framework.session import KedroSession
from kedro.io import DataCatalog, MemoryDataset
from kedro.pipeline import Node, Pipeline
from kedro.runner import ParallelRunner

from sea_ice_kedro.datasets import (
    ClassMapDataset,
    ParallelPartitionedDataset,
    SceneTableDataset,
)
from sea_ice_kedro.errors import InvalidOption, MissingInput, MissingPackage
from sea_ice_kedro.hooks import checks
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


def test_only_missing_outputs_is_refused_and_is_what_a_run_does_without_it(data_root):
    run_here()
    maps = sorted(data_root.glob("04_feature/class_maps/*.tif"))
    assert len(maps) > 1
    maps[0].unlink()
    label = min(data_root.glob("03_primary/manual_labels/*.tif"))
    label.unlink()
    with (
        KedroSession.create(ROOT, env="test") as session,
        pytest.raises(InvalidOption, match=r"got that option.*without it: each step"),
    ):
        session.run(pipeline_names=["autolabel"], only_missing_outputs=True)
    assert not maps[0].exists()
    run_here()
    assert maps[0].exists()
    assert label.exists()


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
    monkeypatch.setattr(checks, "gpu_count", lambda: 0)
    workers = WorkersOptions(count="auto", collectives="nccl")
    with pytest.raises(InvalidOption, match=r"GPU.*got none.*without --env dgx"):
        checks.expect_workers(workers)


def test_as_many_workers_as_gpus_need_horovod(monkeypatch, without):
    without("horovod")
    monkeypatch.setattr(checks, "gpu_count", lambda: 8)
    workers = WorkersOptions(count="auto", collectives="nccl")
    with pytest.raises(MissingPackage, match="horovod for 8 workers"):
        checks.expect_workers(workers)


@pytest.mark.parametrize(
    ("pipeline", "lines"),
    [
        (
            "autolabel",
            [
                "filtered_scenes: made by: kedro run --pipelines filtering",
                "scene_index: made by: kedro run --pipelines ingestion",
            ],
        ),
        ("filtering", ["scenes@raster: made by: kedro run --pipelines ingestion"]),
    ],
)
def test_a_pipeline_without_its_input_says_which_pipeline_makes_it(
    data_root, pipeline, lines
):
    with pytest.raises(MissingInput) as error:
        run_here(pipeline)
    assert [line for line in lines if line not in str(error.value)] == []


def take(*inputs, **more):
    return "made"


def table(path):
    return SceneTableDataset(filepath=str(path))


def steps(inputs, namespace="reporting", output="report"):
    """A pipeline of one step, in the namespace of a pipeline of the project."""
    node = Node(take, inputs, output, name="take")
    return Pipeline([node], namespace=namespace, prefix_datasets_with_namespace=False)


def test_a_summary_gets_none_for_what_is_not_there_and_what_is_there_is_left(
    tmp_path, caplog
):
    table(tmp_path / "there.csv").save(pd.DataFrame({"scene_id": ["a"]}))
    absent = table(tmp_path / "absent.csv")
    catalog = DataCatalog(
        {
            "run_record": MemoryDataset(1),
            "x.a": table(tmp_path / "there.csv"),
            "x.b": absent,
            "unused": absent,
        }
    )
    with caplog.at_level(logging.WARNING):
        checks.expect_inputs(steps(["run_record", "x.a", "x.b"]), catalog)
    assert catalog.load("x.b") is None
    assert catalog.load("x.a")["scene_id"].tolist() == ["a"]
    assert not catalog.exists("unused")
    assert caplog.text == ""


@pytest.mark.parametrize(
    "pipeline",
    [
        steps(["scene_index", "scores"], "evaluation"),
        steps(["scores", "scene_index"], "stac_export"),
        steps("scene_index") + steps("scene_index", "evaluation", "other"),
        steps("nowhere"),
    ],
    ids=["other step", "need of a summary", "another step as well", "no entry"],
)
def test_what_any_step_needs_is_missed(tmp_path, project, pipeline):
    catalog = DataCatalog({n: table(tmp_path / n) for n in ("scene_index", "scores")})
    with pytest.raises(MissingInput, match=r"scene_index: made by|nowhere: no pipel"):
        checks.expect_inputs(pipeline, catalog)


def test_what_the_run_makes_is_no_input_of_it(tmp_path):
    catalog = DataCatalog({"scores": table(tmp_path / "scores")})
    made = steps("scores") + Pipeline([Node(take, None, "scores", name="score")])
    checks.expect_inputs(made, catalog)
    assert not catalog.exists("scores")


@pytest.mark.parametrize("optional", [True, False])
def test_a_folder_may_be_missing_where_its_entry_says_so(tmp_path, project, optional):
    folder = ParallelPartitionedDataset(
        path=str(tmp_path / "manual_labels"),
        dataset={"type": ClassMapDataset},
        filename_suffix=".tif",
        optional=optional,
    )
    pipeline = steps("manual_labels", "evaluation")
    catalog = DataCatalog({"manual_labels": folder})
    if optional:
        checks.expect_inputs(pipeline, catalog)
        assert catalog.load("manual_labels") == {}
    else:
        with pytest.raises(MissingInput, match=r"manual_labels: made by: .*ingestion"):
            checks.expect_inputs(pipeline, catalog)


def test_a_cluster_without_a_place_for_data_is_refused():
    with pytest.raises(InvalidOption, match=r"--env dataproc .*SEA_ICE_DATA=gs://"):
        checks.expect_shared_root("gs://", "dataproc")
    checks.expect_shared_root("gs://bucket/season", "dataproc")
