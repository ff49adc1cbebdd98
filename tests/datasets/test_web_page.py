from functools import partial

import pytest
from kedro.io import DatasetError

from sea_ice_kedro.datasets import FileDataset

page = partial(FileDataset, file_format="text")

PAGE = "<!doctype html><p>Eis ä ± – 80 %</p>\n"


@pytest.mark.parametrize("place", ["disk", "bucket"])
def test_a_page_survives_letter_by_letter(tmp_path, place):
    path = tmp_path / "p.html" if place == "disk" else "memory://pages-of-tests/p.html"
    dataset = page(filepath=str(path))
    assert not dataset.exists()
    dataset.save(PAGE)
    assert dataset.exists()
    assert dataset.load() == PAGE


def test_a_page_that_cannot_be_written_says_where_and_keeps_the_old_one(tmp_path):
    (tmp_path / "folder").write_text("a file where a folder should be")
    with pytest.raises(DatasetError, match=r"p\.html: expected to write it to"):
        page(filepath=str(tmp_path / "folder" / "p.html")).save(PAGE)
    dataset = page(filepath=str(tmp_path / "p.html"))
    dataset.save(PAGE)
    with pytest.raises(DatasetError, match="surrogates not allowed"):
        dataset.save("\ud800")
    assert dataset.load() == PAGE
