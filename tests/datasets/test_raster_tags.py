import numpy as np
import pytest
from kedro.io import DatasetError

from sea_ice_kedro.datasets import ClassMapDataset, RasterTagsDataset
from sea_ice_kedro.imagery.arrays import ClassMap
from tests.fabricate import ROSS_SEA, floes, write


def test_tags_come_with_size_and_crs(tmp_path):
    path = str(tmp_path / "s.tif")
    codes = np.zeros((3, 5), np.uint8)
    ClassMapDataset(filepath=path).save(ClassMap("s", codes, ROSS_SEA))
    tags = RasterTagsDataset(filepath=path).load()
    assert (tags["scene_id"], tags["pixels"]) == ("s", "15")
    assert (tags["height"], tags["width"], tags["crs"]) == (3, 5, "EPSG:3031")


def test_a_raster_without_a_place_has_an_empty_crs(tmp_path):
    path = write(tmp_path / "s.tif", floes())
    assert RasterTagsDataset(filepath=str(path)).load()["crs"] == ""


def test_tags_are_not_saved_alone(tmp_path):
    with pytest.raises(DatasetError, match="save to the `@raster` entry"):
        RasterTagsDataset(filepath=str(tmp_path / "s.tif")).save({})
