"""Tables are read as they were made."""

import json
import os
from concurrent.futures import ThreadPoolExecutor

import pytest
from kedro.io import DataCatalog

from sea_ice_kedro.datasets import SceneTableDataset
from sea_ice_kedro.datasets.single_files import SINGLE_FILES, keep_file
from sea_ice_kedro.errors import InvalidRecord
from sea_ice_kedro.hooks import SingleFileHooks
from tests.datasets.test_scene_table import table
from tests.fabricate import folder_of_scenes
from tests.runs import from_folder, run_here


def saved(hooks, catalog, name="t"):
    """Save a table as a step does."""
    hooks.before_dataset_saved(name)
    catalog.save(name, table())
    hooks.after_dataset_saved(name)


@pytest.fixture
def step(tmp_path):
    """Hooks of a run that has saved a table, its catalog and the table's path."""
    place = tmp_path / "t.csv"
    catalog = DataCatalog({"t": SceneTableDataset(filepath=str(place))})
    hooks = SingleFileHooks()
    hooks.before_pipeline_run(catalog)
    saved(hooks, catalog)
    return hooks, catalog, place


def test_a_table_that_was_cut_at_the_end_of_a_row_is_no_input(step):
    hooks, catalog, path = step
    lines = path.read_bytes().splitlines(keepends=True)
    hooks.before_dataset_loaded("t")
    path.write_bytes(b"".join(lines[:-1]))
    assert len(catalog.load("t")) == len(table()) - 1
    with pytest.raises(InvalidRecord, match=r"t\.csv: expected it as it was made"):
        hooks.before_dataset_loaded("t")
    saved(hooks, catalog)
    hooks.before_dataset_loaded("t")


def test_a_table_that_was_copied_is_one_that_nobody_has_changed(step):
    hooks, _, path = step
    os.utime(path, (1, 1))
    hooks.before_dataset_loaded("t")


def test_a_table_that_is_new_when_a_run_is_killed_is_taken(step):
    hooks, catalog, _ = step
    hooks.before_dataset_saved("t")
    catalog.save("t", table().head(2))  # and killed here
    hooks.before_dataset_loaded("t")


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
