"""Tables are read as they were made."""

import json
import os
from concurrent.futures import ThreadPoolExecutor

import pytest
from kedro.io import DataCatalog

from sea_ice_kedro.datasets import SceneTableDataset
from sea_ice_kedro.datasets.manifest import SINGLE_FILES, held_alone, keep_file
from sea_ice_kedro.errors import FolderInUse, InvalidRecord
from sea_ice_kedro.hooks.record import SingleFiles
from tests.datasets.test_scene_table import table
from tests.fabricate import folder_of_scenes
from tests.runs import from_folder, run_here


def saved(files, catalog, name="t"):
    """Save a table as a step does."""
    files.forget(name)
    catalog.save(name, table())
    files.keep(name)


@pytest.fixture
def step(tmp_path):
    """Files of a run that has saved a table, its catalog and the table's path."""
    place = tmp_path / "t.csv"
    catalog = DataCatalog({"t": SceneTableDataset(filepath=str(place))})
    files = SingleFiles(catalog)
    saved(files, catalog)
    return files, catalog, place


def test_a_table_that_was_cut_at_the_end_of_a_row_is_no_input(step):
    files, catalog, path = step
    lines = path.read_bytes().splitlines(keepends=True)
    files.expect_as_made("t")
    path.write_bytes(b"".join(lines[:-1]))
    assert len(catalog.load("t")) == len(table()) - 1
    with pytest.raises(InvalidRecord, match=r"t\.csv: expected it as it was made"):
        files.expect_as_made("t")
    saved(files, catalog)
    files.expect_as_made("t")


def test_a_table_that_was_copied_is_one_that_nobody_has_changed(step):
    files, _, path = step
    os.utime(path, (1, 1))
    files.expect_as_made("t")


def test_a_table_that_is_new_when_a_run_is_killed_is_taken(step):
    files, catalog, _ = step
    files.forget("t")
    catalog.save("t", table().head(2))  # and killed here
    files.expect_as_made("t")


def test_steps_that_save_at_once_lose_no_line(tmp_path):
    paths = [tmp_path / f"{number}.csv" for number in range(20)]
    for path in paths:
        path.write_text("a\n1\n")
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(keep_file, map(str, paths)))
    lines = (tmp_path / SINGLE_FILES).read_text().splitlines()
    assert sorted(json.loads(line)["id"] for line in lines) == sorted(
        path.name for path in paths
    )
    assert {path.name for path in tmp_path.iterdir() if path.name[0] == "."} == {
        SINGLE_FILES
    }


def test_a_process_that_holds_the_table_for_ever_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr("sea_ice_kedro.datasets.manifest._PATIENCE_S", 0.1)
    (tmp_path / "t.csv").write_text("a\n1\n")
    holder = rf"got process {os.getpid()} on .*, since .*, holding it still; let that"
    with held_alone(str(tmp_path)), pytest.raises(FolderInUse, match=holder):
        keep_file(str(tmp_path / "t.csv"))
    keep_file(str(tmp_path / "t.csv"))


def test_a_run_refuses_an_index_that_has_lost_its_last_scenes(data_root, tmp_path):
    given = from_folder(folder_of_scenes(tmp_path / "scenes"))
    run_here("ingestion", **given)
    index = data_root / "03_primary/scene_index.csv"
    whole = index.read_bytes()
    index.write_bytes(b"".join(whole.splitlines(keepends=True)[:-1]))
    with pytest.raises(InvalidRecord, match=r"scene_index\.csv: expected it as it was"):
        run_here("filtering", **given)
    run_here("ingestion", **given)
    assert index.read_bytes() == whole
    run_here("filtering", **given)
