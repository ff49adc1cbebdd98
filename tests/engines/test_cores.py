"""Workers share the cores; few items leave each of them more than one."""

import os

import pytest

from sea_ice_kedro.engines import local, make_engine
from sea_ice_kedro.engines.local import cores_to_use, kept_to
from sea_ice_kedro.engines.spark_worker import pack, run_task, unpack


def threads(_):
    return cores_to_use()


@pytest.fixture
def eight(monkeypatch):
    """A machine of eight cores."""
    monkeypatch.setattr(local, "worker_count", lambda _: 8)
    monkeypatch.setattr(local._Share, "cores", None)  # tasks ran in this process before


def test_one_scene_after_the_other_has_all_cores(eight):
    assert list(make_engine("sequential").map(threads, [0, 1])) == [8, 8]


@pytest.mark.parametrize(
    ("workers", "items", "each"), [(4, 20, 2), (8, 20, 1), (8, 2, 4), (16, 20, 1)]
)
def test_threads_share_the_cores(eight, workers, items, each):
    assert set(make_engine("threads", workers).map(threads, range(items))) == {each}
    assert cores_to_use() == 8


@pytest.mark.slow
def test_processes_share_the_cores(eight):
    engine = make_engine("processes", 2)
    assert list(engine.map(threads, range(5))) == [4] * 5
    assert list(engine.map(threads, [0])) == [8]


def test_a_task_of_spark_keeps_to_its_cores(monkeypatch):
    monkeypatch.setattr(os, "environ", dict(os.environ))
    monkeypatch.setattr(local._Share, "cores", None)
    from sea_ice_kedro.engines import spark_worker

    spark_worker._start_worker.cache_clear()
    outcomes = dict(run_task(pack(threads, [(0, "a")]), 0, 3))
    spark_worker._start_worker.cache_clear()
    assert unpack(outcomes[0]) == 3
    with kept_to(1):
        assert cores_to_use() == 1
