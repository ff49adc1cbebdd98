import subprocess
import sys

import numpy as np
import pytest

from sea_ice_kedro.errors import InvalidShard
from sea_ice_kedro.training.batches import ChipBatches, read_header
from sea_ice_kedro.training.plan import chip_count, select
from tests.chips import CHIP_PX, everything, shard
from tests.fabricate import cut, floes

pytestmark = pytest.mark.train


@pytest.fixture
def shards(tmp_path):
    return shard(tmp_path, "a", seed=1), shard(tmp_path, "b", seed=2)


def images_of(batches, epoch=0):
    return [
        image.tobytes()
        for batch in batches.epoch(epoch)
        for image in np.array(batch[0])
    ]


def test_a_shard_gives_back_the_pixels_and_labels_that_were_cut(tmp_path):
    batches = ChipBatches(everything(shard(tmp_path, seed=5)), CHIP_PX, 12)
    images, labels = next(iter(batches.epoch()))
    assert (images.dtype.name, labels.dtype.name) == ("uint8", "uint8")
    assert images.shape == (12, CHIP_PX, CHIP_PX, 3)
    scene = floes(96, 128, seed=5)
    np.testing.assert_array_equal(images[5], scene[32:64, 32:64])
    brightness = scene[32:64, 32:64].max(-1)
    expected = np.where(brightness <= 30, 2, np.where(brightness >= 205, 0, 1))
    np.testing.assert_array_equal(labels[5], expected)


@pytest.mark.parametrize("cache_mb", [0, 100])
@pytest.mark.parametrize("size", [1, 2, 5])
def test_every_chip_belongs_to_one_worker(shards, size, cache_mb):
    seen = []
    for rank in range(size):
        settings = {"rank": rank, "size": size, "cache_mb": cache_mb}
        seen += images_of(ChipBatches(everything(*shards), CHIP_PX, 4, **settings))
    assert len(seen) == 24
    assert len(set(seen)) == 24


@pytest.mark.parametrize("cache_mb", [0, 100])
def test_an_epoch_has_an_order_of_its_own_and_keeps_it(shards, cache_mb):
    def batches():
        return ChipBatches(everything(*shards), CHIP_PX, 4, seed=1, cache_mb=cache_mb)

    first, second = images_of(batches(), 0), images_of(batches(), 1)
    assert first != second
    assert sorted(first) == sorted(second)
    assert images_of(batches(), 1) == second  # as after a run that was stopped


def test_all_workers_do_as_many_steps(shards):
    steps = [
        ChipBatches(everything(*shards), CHIP_PX, 4, rank=r, size=5, seed=1).steps
        for r in range(5)
    ]
    assert steps == [1] * 5
    counts = [
        len(
            images_of(
                ChipBatches(everything(*shards), CHIP_PX, 4, rank=r, size=5, seed=1)
            )
        )
        for r in range(5)
    ]
    assert counts == [4] * 5


def test_only_the_chips_of_a_split_are_read(shards):
    wanted = {("a", 32, 64), ("b", 0, 0), ("b", 64, 96)}
    selections = select(shards, wanted)
    assert chip_count(selections) == 3
    images = images_of(ChipBatches(selections, CHIP_PX, 4))
    assert images == [
        floes(96, 128, seed=1)[32:64, 64:96].tobytes(),
        floes(96, 128, seed=2)[:32, :32].tobytes(),
        floes(96, 128, seed=2)[64:96, 96:128].tobytes(),
    ]


def test_chips_with_too_little_label_are_in_the_header_and_not_in_the_file(tmp_path):
    stored = shard(tmp_path, nodata=64)
    assert len(stored.chips) == 12
    assert stored.count == 6
    assert [chip.kept for chip in stored.chips[:4]] == [False, False, True, True]
    assert len(images_of(ChipBatches(everything(stored), CHIP_PX, 4))) == 6


@pytest.mark.parametrize("cache_mb", [0, 100])
@pytest.mark.parametrize("share", [0.5, 0.99])
def test_a_shard_that_was_cut_short_is_named(tmp_path, shards, share, cache_mb):
    cut(tmp_path / "b.tfrecord", share)
    batches = ChipBatches(everything(*shards), CHIP_PX, 4, seed=1, cache_mb=cache_mb)
    with pytest.raises(InvalidShard, match=r"b\.tfrecord: expected a whole file"):
        images_of(batches)


def test_a_shard_that_has_gone_is_named(tmp_path, shards):
    (tmp_path / "a.tfrecord").unlink()
    with pytest.raises(InvalidShard, match=r"a\.tfrecord: .* got no such file"):
        images_of(ChipBatches(everything(*shards), CHIP_PX, 4))


def test_a_file_that_is_no_shard_is_refused(tmp_path):
    path = tmp_path / "x.tfrecord"
    path.write_bytes(b"something else")
    with pytest.raises(
        InvalidShard, match=r"x\.tfrecord: expected a whole file of chips"
    ):
        read_header(str(path))


def test_a_shard_that_was_cut_after_its_header_is_named(tmp_path):
    stored = shard(tmp_path)
    path = tmp_path / "a.tfrecord"
    content = path.read_bytes()
    header = 16 + int.from_bytes(content[:8], "little")  # length, checksums, text
    path.write_bytes(content[:header])
    with pytest.raises(InvalidShard, match=r"a\.tfrecord: .* got 0 of 12 chips"):
        images_of(ChipBatches(everything(stored), CHIP_PX, 4))


READ_A_HEADER = """
import sys
from tensorflow.python.eager import context
from sea_ice_kedro.training.batches import expect_whole, read_header
shard = read_header(sys.argv[1])
expect_whole(shard.filepath, shard.count)
print("runtime started:", context.context()._context_handle is not None)
"""


@pytest.mark.slow
def test_knowing_what_is_in_a_shard_takes_no_gpu(tmp_path):
    shard(tmp_path)
    done = subprocess.run(
        [sys.executable, "-c", READ_A_HEADER, str(tmp_path / "a.tfrecord")],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    assert done.stdout.splitlines()[-1] == "runtime started: False"
