from functools import partial

import pytest
from kedro.io import DatasetError

from sea_ice_kedro.datasets import SceneDataset
from tests.fabricate import scene

windows = partial(SceneDataset, content="windows")


def test_a_saved_scene_is_read_window_by_window(tmp_path):
    path = str(tmp_path / "s.tif")
    SceneDataset(filepath=path).save(scene())
    dataset = windows(filepath=path)
    assert dataset.exists()
    with dataset.load().reader() as read:
        rgb, _ = read(8, 16, 32)
    assert rgb.tolist() == scene().rgb[8:40, 16:48].tolist()


def test_a_handle_is_given_before_anything_is_read(tmp_path):
    path = str(tmp_path / "none.tif")
    assert windows(filepath=path).load().filepath == path
    assert not windows(filepath=path).exists()


def test_a_handle_is_not_saved(tmp_path):
    dataset = windows(filepath=str(tmp_path / "s.tif"))
    with pytest.raises(DatasetError, match="save to the `@raster` entry"):
        dataset.save(dataset.load())
