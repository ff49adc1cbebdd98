import zipfile
from functools import partial

import pytest

from sea_ice_kedro.datasets import FileDataset

bundle = partial(FileDataset, file_format="pictures")

PICTURES = {"original": b"RIFF one", "classes": b"RIFF two"}


def saved(path, **provenance):
    bundle(filepath=str(path), provenance=provenance).save(PICTURES)
    return bundle(filepath=str(path))


@pytest.mark.parametrize("place", ["disk", "bucket"])
def test_pictures_survive_with_what_they_were_made_from(tmp_path, place):
    path = tmp_path / "p.zip" if place == "disk" else "memory://pictures-of-tests/p.zip"
    dataset = saved(path, fingerprint="f")
    assert dataset.load() == PICTURES


def test_any_tool_opens_them(tmp_path):
    saved(tmp_path / "p.zip")
    with zipfile.ZipFile(tmp_path / "p.zip") as opened:
        assert opened.namelist() == ["original.webp", "classes.webp"]


def test_the_same_pictures_give_the_same_bytes(tmp_path):
    saved(tmp_path / "a.zip", fingerprint="f")
    saved(tmp_path / "b.zip", fingerprint="f")
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()
