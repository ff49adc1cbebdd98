import os
import threading
import time
from dataclasses import dataclass

import pytest
from kedro.io import DatasetError

from sea_ice_kedro.datasets import ParallelPartitionedDataset, SceneDataset
from sea_ice_kedro.datasets.parallel_partitions import StoredPartitions, load_many
from sea_ice_kedro.engines import make_engine
from sea_ice_kedro.errors import InvalidScene, WorkerLost
from tests.fabricate import scene


@dataclass(frozen=True)
class Loader:
    value: int

    def __call__(self):
        return self.value


@dataclass(frozen=True)
class Waiting:
    """As a bucket: an answer takes a while."""

    def __call__(self):
        time.sleep(0.1)
        return threading.get_ident()


@dataclass(frozen=True)
class Damaged:
    def __call__(self):
        raise DatasetError("Kedro's words") from InvalidScene("a.tif: damaged")


@dataclass(frozen=True)
class Gone:
    def __call__(self):
        raise DatasetError("Kedro's words") from FileNotFoundError("a.tif")


@dataclass(frozen=True)
class Deadly:
    def __call__(self):
        os._exit(1)


def stored(loaders, name="threads", workers=2):
    return StoredPartitions(loaders, make_engine(name, workers))


def test_they_are_loaders_by_id():
    assert stored({"a": Loader(1)})["a"]() == 1


def test_values_come_by_id_in_the_order_asked_for():
    loaders = {i: Loader(n) for n, i in enumerate("abcd")}
    for partitions in (loaders, stored(loaders)):
        values = load_many(partitions, iter("dab"))
        assert list(values.items()) == [("d", 3), ("a", 0), ("b", 1)]
        assert load_many(partitions, []) == {}


@dataclass(frozen=True)
class Place:
    def __call__(self):
        return os.getpid()


def test_a_few_are_loaded_side_by_side_whatever_the_engine():
    started = time.monotonic()
    waiting = stored({str(n): Waiting() for n in range(16)}, "sequential")
    assert len(set(load_many(waiting, "012").values())) == 3
    assert time.monotonic() - started < 0.25


@pytest.mark.slow
def test_worker_processes_start_for_many_but_not_for_a_few():
    loaders = {str(n): Place() for n in range(200)}
    values = load_many(stored(loaders, "processes"), loaders).values()
    assert os.getpid() not in set(values)
    few = load_many(stored(loaders, "processes"), ["0", "1"]).values()
    assert set(few) == {os.getpid()}


def test_a_folder_of_partitions_knows_its_engine(tmp_path):
    for scene_id in "ab":
        path = str(tmp_path / f"{scene_id}.tif")
        SceneDataset(filepath=path).save(scene(scene_id))
    partitions = ParallelPartitionedDataset(
        path=str(tmp_path),
        filename_suffix=".tif",
        dataset="sea_ice_kedro.datasets.SceneDataset",
        engine={"name": "threads", "workers": 2},
    ).load()
    assert partitions.engine == make_engine("threads", 2)
    scenes = load_many(partitions, ["b", "a"])
    assert [s.scene_id for s in scenes.values()] == ["b", "a"]


@pytest.mark.parametrize(
    "name",
    ["sequential", "threads", pytest.param("processes", marks=pytest.mark.slow)],
)
def test_what_is_wrong_with_one_is_raised_in_our_words(name):
    whole = {str(n): Loader(n) for n in range(200)}
    for more in ({}, whole):
        with pytest.raises(InvalidScene, match=r"^a\.tif: damaged$"):
            load_many(stored({"a": Damaged(), **more}, name), ["a", *more])
        with pytest.raises(DatasetError, match="Kedro's words"):
            load_many(stored({"a": Gone(), **more}, name), ["a", *more])


@pytest.mark.slow
def test_a_worker_that_dies_is_an_error_that_names_the_partition():
    whole = {str(n): Loader(n) for n in range(200)}
    with pytest.raises(WorkerLost, match=r"^b: its worker process died twice"):
        load_many(stored({**whole, "b": Deadly()}, "processes"), [*whole, "b"])
