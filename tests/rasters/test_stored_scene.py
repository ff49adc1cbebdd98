import pickle
from pathlib import Path

import fsspec
import numpy as np
import pytest

from sea_ice_kedro.datasets import SceneDataset
from sea_ice_kedro.errors import InvalidScene
from sea_ice_kedro.imagery.predictions import reader_of
from sea_ice_kedro.rasters.stored_scene import SceneFacts, SceneInMemory, StoredScene
from tests.fabricate import ROSS_SEA, WHEN, cut, floes, scene, write


def stored(folder, value):
    path = str(folder / "s.tif")
    SceneDataset(filepath=path).save(value)
    return StoredScene(path)


def partly_valid(**facts):
    valid_mask = np.ones((300, 270), bool)
    valid_mask[:40, 100:] = False
    return scene(rgb=floes(300, 270), valid_mask=valid_mask, **facts)


def test_a_stored_scene_says_what_it_is(tmp_path):
    value = partly_valid(georeference=ROSS_SEA, acquired=WHEN)
    assert stored(tmp_path, value).facts() == SceneFacts(
        "s", (300, 270), ROSS_SEA, WHEN
    )
    assert stored(tmp_path, scene()).facts() == SceneFacts("s", (48, 64), None, None)


@pytest.mark.parametrize(
    ("row", "column", "size"),
    [
        (0, 0, 256),
        (17, 5, 100),
        (-30, -20, 64),
        (290, 250, 32),
        (-100, -100, 512),
        (-64, 0, 64),
        (300, 270, 64),
    ],
)
@pytest.mark.parametrize("value", [partly_valid(), scene(rgb=floes(300, 270))])
def test_a_window_from_disk_is_that_of_the_scene_in_memory(
    tmp_path, value, row, column, size
):
    with stored(tmp_path, value).reader() as read:
        rgb, valid_mask = read(row, column, size)
    expected_rgb, expected_mask = reader_of(value)(row, column, size)
    assert (rgb.dtype, valid_mask.dtype) == (np.uint8, bool)
    assert np.array_equal(rgb, expected_rgb)
    assert np.array_equal(valid_mask, expected_mask)


@pytest.mark.parametrize("shape", [(1, 1), (3, 40)])
def test_a_window_may_be_larger_than_the_scene(tmp_path, shape):
    value = scene(rgb=floes(*shape))
    with stored(tmp_path, value).reader() as read:
        rgb, valid_mask = read(-8, -8, 64)
    assert rgb.shape == (64, 64, 3)
    assert valid_mask.all()
    assert np.array_equal(rgb[8, 8], value.rgb[0, 0])


def test_the_whole_scene_can_be_read_at_once(tmp_path):
    value = partly_valid(georeference=ROSS_SEA, acquired=WHEN)
    after = stored(tmp_path, value).load()
    assert np.array_equal(after.rgb, value.rgb)
    assert np.array_equal(after.valid_mask, value.valid_mask)
    assert (after.scene_id, after.georeference, after.acquired) == ("s", ROSS_SEA, WHEN)


def test_a_scene_in_a_bucket_is_read_like_one_on_a_disk(tmp_path):
    local = stored(tmp_path, partly_valid(georeference=ROSS_SEA))
    bucket = fsspec.filesystem("memory")
    bucket.pipe_file("/scenes/s.tif", Path(local.filepath).read_bytes())
    remote = StoredScene("memory://scenes/s.tif")
    assert remote.facts() == local.facts()
    with remote.reader() as there, local.reader() as here:
        assert np.array_equal(there(250, 200, 64)[0], here(250, 200, 64)[0])


def test_the_handle_travels_to_workers_and_knows_its_content(tmp_path):
    before = stored(tmp_path, scene())
    handle = pickle.loads(pickle.dumps(before))
    assert handle == before
    first = handle.fingerprint()
    assert first.startswith("md5:")
    stored(tmp_path, scene(rgb=floes(seed=1)))
    assert handle.fingerprint() != first


def test_a_foreign_raster_is_no_scene(tmp_path):
    handle = StoredScene(str(write(tmp_path / "s.tif", floes())))
    with pytest.raises(InvalidScene, match=r"s\.tif: expected a scene written by this"):
        handle.facts()


def test_a_truncated_scene_is_never_read_as_a_whole_one(tmp_path):
    handle = stored(tmp_path, scene(rgb=floes(600, 600)))
    cut(Path(handle.filepath), 0.6)
    with (
        pytest.raises(InvalidScene, match="expected a whole, readable raster"),
        handle.reader() as read,
    ):
        read(400, 400, 200)


@pytest.mark.parametrize("shape", [(1024, 1030), (1100, 2611), (1854, 2000), (600, 40)])
def test_a_scene_has_the_same_context_on_disk_and_in_memory(tmp_path, shape):
    value = scene(rgb=floes(*shape))
    value.valid_mask[: shape[0] // 3, : shape[1] // 5] = False
    context = stored(tmp_path, value).context()
    assert np.array_equal(context, SceneInMemory(value).context())
