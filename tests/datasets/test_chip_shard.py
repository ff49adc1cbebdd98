import numpy as np
import pytest
from kedro.io import DatasetError

from sea_ice_kedro.datasets import ChipShardDataset
from sea_ice_kedro.datasets.training import DescribedChips
from sea_ice_kedro.errors import InvalidShard
from sea_ice_kedro.imagery.chips import ChipOptions, cut_chips
from tests.fabricate import cut, floes, without_room

pytestmark = pytest.mark.train


@pytest.fixture
def chips():
    codes = np.ones((64, 96), np.uint8)
    codes[:32, :32] = 255
    return cut_chips("s", floes(64, 96), codes, codes * 0, ChipOptions(32, 0.5))


@pytest.fixture
def dataset(tmp_path):
    path = str(tmp_path / "chips" / "s.tfrecord")
    return ChipShardDataset(filepath=path, provenance={"fingerprint": "abc"})


def test_what_is_known_of_chips_comes_back_without_their_pixels(dataset, chips):
    dataset.save(DescribedChips(chips, {"images": "original"}))
    shard = dataset.load()
    assert (shard.scene_id, shard.chip_px, shard.count) == ("s", 32, 5)
    assert shard.chips == tuple(chips.facts)
    assert shard.facts == {"images": "original"}
    assert shard.fingerprint == "abc"


def test_existence_and_a_missing_file(dataset, chips):
    assert not dataset.exists()
    with pytest.raises(DatasetError):
        dataset.load()
    dataset.save(DescribedChips(chips))
    assert dataset.exists()


def test_a_full_disk_is_said_with_the_way_out(dataset, chips, tmp_path):
    dataset.save(DescribedChips(chips))
    path = tmp_path / "chips" / "s.tfrecord"
    size = path.stat().st_size
    path.unlink()
    for room in (0, size // 2, size - 1):
        with without_room(room), pytest.raises(DatasetError) as error:
            dataset.save(DescribedChips(chips))
        assert "or set SEA_ICE_DATA to a folder" in str(error.value.__cause__)
        assert not list(path.parent.iterdir())


def test_a_damaged_file_is_named(dataset, chips, tmp_path):
    dataset.save(DescribedChips(chips))
    cut(tmp_path / "chips" / "s.tfrecord", 0.001)
    with pytest.raises(DatasetError) as error:
        dataset.load()
    assert isinstance(error.value.__cause__, InvalidShard)
