import sys
import zipfile

import numpy as np
import pytest

from sea_ice_kedro.datasets import ClassMapDataset, SceneDataset
from sea_ice_kedro.errors import CannotRead, InvalidScene
from sea_ice_kedro.imagery.arrays import ClassMap
from sea_ice_kedro.rasters.remote import in_ranges, locate
from sea_ice_kedro.rasters.stored_scene import StoredScene
from tests.fabricate import ROSS_SEA, WHEN, cut, scene

HEADER = 300_000
"""Bytes that reading a header may take at most."""


def noise(size_px):
    return np.random.default_rng(0).integers(0, 256, (size_px, size_px, 3), np.uint8)


@pytest.fixture
def rasters(tmp_path):
    """A folder with the raster of a scene, 13 MB, and a class map, 1.4 MB."""
    rgb = noise(2048)
    valid_mask = np.indices(rgb.shape[:2])[0] > 50
    value = scene("s", rgb, valid_mask, georeference=ROSS_SEA, acquired=WHEN)
    SceneDataset(filepath=str(tmp_path / "scene.tif")).save(value)
    class_map = ClassMap("s", rgb[..., 0] % 3, ROSS_SEA)
    ClassMapDataset(filepath=str(tmp_path / "map.tif")).save(class_map)
    return tmp_path


@pytest.fixture
def small(tmp_path):
    """A scene's raster of some blocks."""
    path = tmp_path / "s.tif"
    SceneDataset(filepath=str(path)).save(scene("s", noise(600)))
    return path


@pytest.mark.parametrize("name", ["scene.tif", "map.tif"])
def test_the_facts_of_a_raster_in_a_bucket_cost_a_fraction_of_it(bucket, rasters, name):
    url = bucket.put(rasters)
    bucket.forget()
    facts = SceneDataset(filepath=f"{url}/{name}").facts()
    assert facts == SceneDataset(filepath=str(rasters / name)).facts()
    assert (rasters / name).stat().st_size > 4 * HEADER
    assert bucket.sent < HEADER


def test_what_a_scene_in_a_bucket_is_costs_a_fraction_of_it(bucket, rasters):
    url = bucket.put(rasters)
    bucket.forget()
    facts = StoredScene(f"{url}/scene.tif").facts()
    assert facts == StoredScene(str(rasters / "scene.tif")).facts()
    assert bucket.sent < HEADER


def test_what_a_raster_in_a_bucket_was_made_from_is_known_from_its_header(
    bucket, tmp_path
):
    url = f"{bucket.url}/s.tif"
    assert SceneDataset(filepath=url).stored_fingerprint() is None
    made = SceneDataset(filepath=url, provenance={"fingerprint": "f"})
    made.save(scene("s", noise(600)))
    bucket.forget()
    assert SceneDataset(filepath=url).stored_fingerprint() == "f"
    assert bucket.sent < HEADER
    with bucket.files.open(url, "wb") as file:
        file.write(b"damaged")
    assert SceneDataset(filepath=url).stored_fingerprint() is None


@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.97])
def test_a_truncated_raster_in_a_bucket_has_no_tags(bucket, small, share):
    cut(small, share)
    url = bucket.put(small.parent)
    with pytest.raises(InvalidScene, match=r"^s\.tif: expected a whole, readable"):
        StoredScene(f"{url}/s.tif").facts()


def test_a_raster_that_is_not_in_the_bucket_is_said_to_be_missing(bucket):
    with pytest.raises(FileNotFoundError, match=f"no such file: {bucket.url}/none.tif"):
        StoredScene(f"{bucket.url}/none.tif").facts()


@pytest.mark.parametrize("answered", [0, 1])
@pytest.mark.parametrize("how", ["503", "403", "reset"])
def test_a_bucket_that_does_not_answer_is_no_damaged_raster(
    bucket, impatient, rasters, how, answered
):
    url = f"{bucket.put(rasters)}/scene.tif"
    bucket.fails("GET", "/download/", how=how, after=answered)
    with pytest.raises(CannotRead, match=rf"expected to read {url}, got .*account"):
        StoredScene(url).facts()


def test_a_bucket_that_hesitates_is_asked_again(bucket, impatient, small):
    url = f"{bucket.put(small.parent)}/s.tif"
    bucket.fails("GET", "", times=4)
    assert StoredScene(url).facts().shape == (600, 600)


def test_a_file_read_here_and_there_is_the_file(bucket, tmp_path):
    rng = np.random.default_rng(0)
    content = rng.bytes(300_000)
    (tmp_path / "x").write_bytes(content)
    with in_ranges(f"{bucket.put(tmp_path)}/x") as ranges:
        file = ranges.file()
        for start in [299_990, 0, 65_535, 131_072, *rng.integers(0, 300_000, 20)]:
            file.seek(start)
            assert file.read(70_000) == content[start : start + 70_000]
            assert file.tell() == min(start + 70_000, 300_000)
        assert file.seek(-5, 2) == 299_995
        assert file.read() == content[-5:]
        assert file.read(1) == b""


def test_an_archive_is_read_without_fetching_it(bucket, tmp_path):
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as file:
        file.writestr("weights", np.random.default_rng(0).bytes(2_000_000))
        file.writestr("card", "text")
    url = f"{bucket.put(tmp_path)}/x.zip"
    bucket.forget()
    with in_ranges(url) as ranges, zipfile.ZipFile(ranges.file()) as file:
        assert file.read("card") == b"text"
    assert bucket.sent < HEADER


@pytest.mark.parametrize("scheme", ["sftp", "what"])
def test_an_address_that_nothing_here_opens_is_named_without_its_password(
    scheme, monkeypatch
):
    monkeypatch.setitem(sys.modules, "paramiko", None)
    with pytest.raises(CannotRead, match=rf"expected to reach {scheme}://") as refusal:
        locate(f"{scheme}://bob:secret@127.0.0.1:9/x")
    assert "secret" not in str(refusal.value)


def test_a_server_that_refuses_is_named_without_its_password():
    with pytest.raises(
        CannotRead, match=r"expected to reach ftp://\S*127.0.0.1:9/x"
    ) as refusal:
        locate("ftp://bob:secret@127.0.0.1:9/x")
    assert "secret" not in str(refusal.value)
