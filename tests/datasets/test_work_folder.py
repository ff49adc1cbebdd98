from pathlib import Path

import pytest
from kedro.io import DatasetError

from sea_ice_kedro.datasets import WorkFolderDataset


def test_a_folder_is_made_when_a_node_wants_to_work_in_it(tmp_path):
    dataset = WorkFolderDataset(path=str(tmp_path / "a" / "b"), name="auto_original")
    assert dataset.exists()
    folder = dataset.load()
    assert (folder.path, folder.name) == (str(tmp_path / "a" / "b"), "auto_original")
    assert Path(folder.path).is_dir()


def test_a_bucket_is_no_folder_to_work_in():
    with pytest.raises(DatasetError, match=r"that all workers see, got gs://b/x"):
        WorkFolderDataset(path="gs://b/x")


def test_nothing_is_saved_to_it_by_the_catalog(tmp_path):
    dataset = WorkFolderDataset(path=str(tmp_path))
    with pytest.raises(DatasetError, match="take it as an input"):
        dataset.save(dataset.load())
