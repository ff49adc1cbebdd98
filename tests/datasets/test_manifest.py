"""What a folder of products remembers, and what is noticed by it."""

import json
import multiprocessing
import os
import signal
import time
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
from kedro.io import DatasetError

from sea_ice_kedro.datasets import ParallelPartitionedDataset
from sea_ice_kedro.datasets.manifest import NAME, held_alone
from sea_ice_kedro.datasets.run_state import PartitionsFailed
from sea_ice_kedro.engines.local import SequentialEngine
from sea_ice_kedro.errors import FolderInUse, InvalidRecord, InvalidScene
from sea_ice_kedro.imagery.arrays import ClassMap
from sea_ice_kedro.rasters import files


@dataclass(frozen=True)
class Maker:
    scene_id: str
    value: int = 0

    def __call__(self):
        return ClassMap(self.scene_id, np.full((16, 16), self.value, np.uint8))


@dataclass(frozen=True)
class Broken:
    def __call__(self):
        raise InvalidScene("expected 3 bands, got https://bob:SECRET@host/x?sig=SECRET")


def maps(folder):
    return ParallelPartitionedDataset(
        path=str(folder),
        filename_suffix=".tif",
        dataset="sea_ice_kedro.datasets.ClassMapDataset",
    )


def made(folder, *makers):
    """Save, and tell how many were made."""
    dataset = maps(folder)
    dataset.save({maker.scene_id: maker for maker in makers})
    return dataset.last_saved.made


AB = Maker("a", 1), Maker("b", 2)


def flip(path):
    """Change a byte, and put the time back that people see."""
    before, content = path.stat(), bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


@pytest.mark.parametrize("name", ["a.tif", "a.tif.aux.xml", "a.qml"])
@pytest.mark.parametrize(
    "harm",
    [
        lambda path: path.unlink(),
        lambda path: path.write_bytes(path.read_bytes()[:-1]),
        flip,
        lambda path: path.write_bytes((path.parent / f"b{path.name[1:]}").read_bytes()),
    ],
    ids=["deleted", "cut", "a bit flipped", "swapped"],
)
def test_what_is_not_as_it_was_made_is_made_again(tmp_path, name, harm):
    made(tmp_path, *AB)
    whole = (tmp_path / name).read_bytes()
    harm(tmp_path / name)
    same = (tmp_path / name).exists() and (tmp_path / name).read_bytes() == whole
    assert made(tmp_path, *AB) == int(not same)
    assert (tmp_path / name).read_bytes() == whole
    assert made(tmp_path, *AB) == 0


def test_a_folder_that_was_copied_is_read_once_and_made_of_nothing_again(tmp_path):
    made(tmp_path / "old", *AB)
    (tmp_path / "new").mkdir()
    for path in (tmp_path / "old").iterdir():
        (tmp_path / "new" / path.name).write_bytes(path.read_bytes())
    assert made(tmp_path / "new", *AB) == 0


def test_with_nothing_to_do_no_product_is_opened_and_no_engine_started(
    tmp_path, monkeypatch
):
    made(tmp_path, *AB)
    monkeypatch.setattr(SequentialEngine, "map", None)
    monkeypatch.setattr(files, "checksum", None)
    before = (tmp_path / NAME).stat()
    assert made(tmp_path, *AB) == 0
    assert (tmp_path / NAME).stat() == before


def test_products_of_before_there_was_a_manifest_are_taken_over(tmp_path):
    made(tmp_path, *AB)
    (tmp_path / NAME).unlink()
    assert made(tmp_path, *AB) == 0
    (tmp_path / "a.tif").write_text("damaged")
    assert made(tmp_path, *AB) == 1


def test_a_manifest_is_a_table_for_pandas_and_keeps_no_key(tmp_path):
    with pytest.raises(PartitionsFailed):
        maps(tmp_path).save({"a": Maker("a"), "b": Broken()})
    table = pd.read_json(tmp_path / NAME, lines=True).set_index("id")
    assert table["status"].to_dict() == {"a": "made", "b": "failed"}
    assert table["reason"]["b"].startswith("expected 3 bands")
    assert table["files"]["a"]["a.tif"]["size"] == (tmp_path / "a.tif").stat().st_size
    assert json.loads(table["recipe"]["a"])[0] == "Maker"
    assert "SECRET" not in (tmp_path / NAME).read_text()


def test_what_a_cut_manifest_still_says_counts(tmp_path):
    made(tmp_path, *AB)
    path = tmp_path / NAME
    path.write_bytes(path.read_bytes()[:-20])
    assert made(tmp_path, *AB) == 0
    assert len(pd.read_json(path, lines=True)) == 2


@dataclass(frozen=True)
class Waiting(Maker):
    def __call__(self):
        if self.scene_id == "b":
            time.sleep(600)
        return super().__call__()


def _save_and_wait(folder):
    maps(folder).save({i: Waiting(i) for i in "ab"})


@pytest.fixture
def other_run(tmp_path):
    """Another process that has made `a` and is about to make `b`."""
    run = multiprocessing.get_context("spawn").Process(
        target=_save_and_wait, args=[tmp_path]
    )
    run.start()
    deadline = time.monotonic() + 300
    table = tmp_path / NAME
    while not (table.exists() and "a.tif" in table.read_text()):
        assert run.is_alive()
        assert time.monotonic() < deadline
        time.sleep(0.05)
    yield run
    run.kill()
    run.join()


def test_a_second_run_on_a_folder_is_refused_and_told_by_whom(tmp_path, other_run):
    with pytest.raises(DatasetError, match=rf"got process {other_run.pid} on .* since"):
        maps(tmp_path).save({"a": Maker("a", 2)})


def test_a_killed_run_keeps_nobody_out_and_loses_nothing(tmp_path, other_run):
    os.kill(other_run.pid, signal.SIGKILL)
    other_run.join()
    maps(tmp_path).save({"a": Waiting("a")})
    entry = maps(tmp_path)
    entry.save({"a": Waiting("a"), "c": Maker("c")})
    assert (entry.last_saved.made, entry.last_saved.unchanged) == (1, 1)


def test_a_folder_is_left_without_a_lock(tmp_path):
    with held_alone(str(tmp_path)), pytest.raises(FolderInUse):
        held_alone(str(tmp_path)).__enter__()
    made(tmp_path, *AB)
    assert not list(tmp_path.glob("*lock*"))


def test_what_is_not_as_it_was_made_is_no_input(tmp_path):
    made(tmp_path, *AB)
    before = maps(tmp_path).load()["a"].fingerprint()
    assert before == files.checksum(str(tmp_path / "a.tif"))
    flip(tmp_path / "a.tif")
    with pytest.raises(InvalidRecord, match=r"a\.tif: expected it as it was made"):
        maps(tmp_path).load()["a"].fingerprint()
    assert maps(tmp_path).load()["b"].fingerprint()
    (tmp_path / NAME).unlink()  # somebody means it so
    assert maps(tmp_path).load()["a"].fingerprint() != before


def test_in_a_bucket_products_are_known_again_and_remade_when_replaced():
    url = "memory://manifests-of-tests/maps"
    assert made(url, *AB) == 2
    assert made(url, *AB) == 0
    filesystem, path = files.locate(f"{url}/a.tif")
    filesystem.pipe_file(path, b"damaged")
    assert made(url, *AB) == 1
