import logging
import os
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
from kedro.io import DatasetError

from sea_ice_kedro.datasets import ParallelPartitionedDataset, SceneTableDataset
from sea_ice_kedro.datasets.manifest import NAME
from sea_ice_kedro.datasets.run_state import LEDGER, PartitionsFailed
from sea_ice_kedro.engines import map_partitions
from sea_ice_kedro.errors import InvalidOption, InvalidScene
from tests.fabricate import floes, scene


@dataclass(frozen=True)
class Maker:
    scene_id: str
    seed: int = 0

    def __call__(self):
        return scene(self.scene_id, rgb=floes(seed=self.seed))


@dataclass(frozen=True)
class Broken:
    why: str = "a.png: expected 3 bands, got 1"

    def __call__(self):
        raise InvalidScene(self.why)


@dataclass(frozen=True)
class Surprise:
    def __call__(self):
        return {}["nobody thought of this"]


@dataclass(frozen=True)
class Deadly:
    def __call__(self):
        os._exit(1)


def partitions(folder, engine="sequential", remake=False, **options):
    return ParallelPartitionedDataset(
        path=str(folder),
        filename_suffix=".tif",
        dataset="sea_ice_kedro.datasets.SceneDataset",
        engine={"name": engine, "workers": 2, "remake": remake},
        **options,
    )


def names(folder):
    found = (p for p in folder.rglob("*") if p.is_file() and p.name != NAME)
    return sorted(str(p.relative_to(folder)) for p in found)


def test_what_is_saved_is_loaded_by_its_id(tmp_path):
    partitions(tmp_path).save({"b": Maker("b", 1), "a": Maker("a", 2)})
    loaders = partitions(tmp_path).load()
    assert sorted(loaders) == ["a", "b"]
    assert np.array_equal(loaders["a"]().rgb, floes(seed=2))


def test_ids_with_spaces_dots_and_letters_of_all_languages_survive(tmp_path):
    ids = ["001", "NA", "S2 (north), v1.0=x@y+z", "море_льда", "a.tif"]
    partitions(tmp_path).save({i: Maker(i) for i in ids})
    assert {i: load().scene_id for i, load in partitions(tmp_path).load().items()} == {
        i: i for i in ids
    }


def test_an_id_may_name_a_sub_folder(tmp_path):
    partitions(tmp_path).save({"2019/a": Maker("a")})
    assert names(tmp_path) == ["2019/a.tif"]
    assert list(partitions(tmp_path).load()) == ["2019/a"]


@pytest.mark.parametrize("scene_id", ["../outside", "x/../../outside", "/../outside"])
def test_an_id_that_leads_out_of_the_folder_is_refused(tmp_path, scene_id):
    folder = tmp_path / "scenes"
    with pytest.raises(DatasetError):
        partitions(folder).save({"a": Maker("a"), scene_id: Maker("b")})
    assert not [p for p in tmp_path.rglob("*.tif") if folder not in p.parents]


def test_an_absolute_id_stays_inside_the_folder(tmp_path):
    partitions(tmp_path).save({f"{tmp_path.parent}/b": Maker("b")})
    assert not (tmp_path.parent / "b.tif").exists()


def test_what_is_there_from_the_same_input_is_left_alone(tmp_path, caplog):
    partitions(tmp_path).save({"a": Maker("a", 1), "b": Maker("b", 1)})
    os.utime(tmp_path / "a.tif", ns=(1, 1))
    os.utime(tmp_path / "b.tif", ns=(1, 1))
    with caplog.at_level(logging.INFO):
        partitions(tmp_path).save({"a": Maker("a", 1), "b": Maker("b", 2)})
    assert "1 made, 1 unchanged, 0 failed" in caplog.text
    assert (tmp_path / "a.tif").stat().st_mtime_ns == 1
    assert (tmp_path / "b.tif").stat().st_mtime_ns != 1


@dataclass(frozen=True)
class Rows:
    pixels: int

    def __call__(self):
        return pd.DataFrame({"scene_id": ["a"], "pixels": [self.pixels]})


def test_a_table_which_cannot_say_what_made_it_is_left_alone_as_well(tmp_path, caplog):
    tables = ParallelPartitionedDataset(
        path=str(tmp_path), filename_suffix=".csv", dataset={"type": SceneTableDataset}
    )
    tables.save({"a": Rows(1), "b": Rows(1)})
    with caplog.at_level(logging.INFO):
        tables.save({"a": Rows(1), "b": Rows(2)})
    assert "1 made, 1 unchanged, 0 failed" in caplog.text
    assert tables.load()["b"]()["pixels"].tolist() == [2]


def test_what_is_up_to_date_is_made_again_on_request(tmp_path, caplog):
    partitions(tmp_path).save({"a": Maker("a")})
    with caplog.at_level(logging.INFO):
        partitions(tmp_path, remake=True).save({"a": Maker("a")})
    assert "1 made, 0 unchanged" in caplog.text


def test_a_request_that_is_neither_yes_nor_no_is_refused(tmp_path):
    with pytest.raises(
        InvalidOption, match=r"engine\.remake to be true or false, got 1"
    ):
        partitions(tmp_path, remake=1)


def test_what_an_upstream_file_changed_is_made_again(tmp_path):
    upstream, downstream = partitions(tmp_path / "up"), partitions(tmp_path / "down")
    for seed in (1, 2):
        upstream.save({"a": Maker("a", seed)})
        downstream.save(map_partitions(_unchanged, upstream.load()))
        rgb = downstream.load()["a"]().rgb
        assert np.array_equal(rgb, floes(seed=seed))


def _unchanged(value):
    return value


def test_a_damaged_product_is_made_again(tmp_path):
    partitions(tmp_path).save({"a": Maker("a")})
    (tmp_path / "a.tif").write_text("damaged")
    partitions(tmp_path).save({"a": Maker("a")})
    assert np.array_equal(partitions(tmp_path).load()["a"]().rgb, floes())


def test_outside_a_run_a_failure_is_raised_after_the_others_are_written(tmp_path):
    with pytest.raises(PartitionsFailed, match=r"a\.png: expected 3 bands") as error:
        partitions(tmp_path).save({"a": Broken(), "b": Maker("b"), "c": Maker("c")})
    assert names(tmp_path) == ["b.tif", "c.tif"]
    assert [f.partition_id for f in error.value.failures] == ["a"]


def test_in_a_run_a_failure_is_kept_for_its_end(tmp_path):
    LEDGER.open()
    partitions(tmp_path).save({"a": Broken(), "b": Maker("b")})
    assert [f.reason for f in LEDGER.close()] == ["a.png: expected 3 bands, got 1"]


class TooLarge(Maker):
    def __call__(self):
        raise MemoryError("Unable to allocate 9 GiB")


def test_too_little_memory_is_said_with_the_way_out(tmp_path):
    LEDGER.open()
    partitions(tmp_path).save({"a": TooLarge("a"), "b": Maker("b")})
    (failure,) = LEDGER.close()
    assert failure.reason.startswith(
        "expected more memory than there is, got MemoryErr"
    )
    assert "(Unable to allocate 9 GiB)" in failure.reason
    assert "--params engine.workers=1" in failure.reason


def test_in_a_run_nothing_is_left_to_go_on_with_when_all_failed(tmp_path):
    LEDGER.open()
    with pytest.raises(PartitionsFailed, match="2 products"):
        partitions(tmp_path).save({"a": Broken(), "b": Broken()})


def test_a_run_goes_on_when_all_optional_partitions_failed(tmp_path):
    LEDGER.open()
    partitions(tmp_path, optional=True).save({"a": Broken()})
    assert len(LEDGER.close()) == 1


def test_the_outdated_product_of_what_now_fails_is_removed(tmp_path):
    partitions(tmp_path).save({"a": Maker("a"), "b": Maker("b")})
    with pytest.raises(PartitionsFailed):
        partitions(tmp_path).save({"a": Broken(), "b": Maker("b")})
    assert names(tmp_path) == ["b.tif"]


def test_a_surprise_is_reported_with_the_place_where_it_happened(tmp_path, caplog):
    with pytest.raises(PartitionsFailed, match="KeyError: 'nobody thought of this'"):
        partitions(tmp_path).save({"a": Surprise()})
    assert "test_parallel_partitions.py" in caplog.text


def test_a_place_that_cannot_be_written_is_one_reason_in_words(tmp_path, caplog):
    (tmp_path / "scenes").write_text("a file where a folder should be")
    with pytest.raises(PartitionsFailed) as error:
        partitions(tmp_path / "scenes").save({"a": Maker("a")})
    assert error.value.failures[0].reason.startswith(
        f"a.tif: expected to write it to {tmp_path}/scenes"
    )
    assert "Traceback" not in caplog.text


@pytest.mark.parametrize("optional", [True, False])
def test_what_a_step_rightly_made_none_of_is_loaded_as_none_and_is_not_there(
    tmp_path, optional
):
    folder = partitions(tmp_path / "scenes", optional=optional)
    folder.save({})
    assert folder.load() == {}
    assert not folder.exists()
    folder.save({"a": Maker("a")})
    assert folder.exists()


def test_files_that_are_not_finished_are_no_partitions(tmp_path):
    partitions(tmp_path).save({"a": Maker("a")})
    (tmp_path / ".b.tif.host-4194305.part").write_text("half")
    assert list(partitions(tmp_path).load()) == ["a"]


def test_an_engine_without_workers_is_refused_before_any_work(tmp_path):
    with pytest.raises(InvalidOption, match="at least 1, got 0"):
        ParallelPartitionedDataset(
            path=str(tmp_path),
            dataset="sea_ice_kedro.datasets.SceneDataset",
            engine={"name": "threads", "workers": 0},
        )


@pytest.mark.slow
def test_a_worker_that_dies_costs_its_own_partition_only(tmp_path):
    partitions(tmp_path).save({"b": Maker("b")})
    with pytest.raises(PartitionsFailed, match="worker process died twice") as error:
        partitions(tmp_path, "processes").save(
            {"a": Maker("a"), "b": Deadly(), "c": Maker("c")}
        )
    assert names(tmp_path) == ["a.tif", "c.tif"]
    assert [f.partition_id for f in error.value.failures] == ["b"]
