import base64
import inspect
import io
from functools import partial

import numpy as np
import pytest
from kedro.io import DatasetError
from PIL import Image

from sea_ice_kedro.datasets import FileDataset
from tests.fabricate import floes

quicklook = partial(FileDataset, file_format="png")


def saved(path, **provenance):
    quicklook(filepath=str(path), provenance=provenance).save(floes())
    return quicklook(filepath=str(path))


def test_a_picture_survives_with_its_provenance(tmp_path):
    dataset = saved(tmp_path / "q.png", fingerprint="f", recipe="r")
    assert np.array_equal(dataset.load(), floes())
    with Image.open(tmp_path / "q.png") as picture:
        assert picture.info["recipe"] == "r"
        assert picture.info["fingerprint"] == "f"


def test_a_picture_that_is_not_there_does_not_exist(tmp_path):
    dataset = quicklook(filepath=str(tmp_path / "none.png"))
    assert not dataset.exists()


def test_a_picture_survives_in_a_bucket(bucket):
    noise = np.random.default_rng(0).integers(0, 256, (600, 600, 3), np.uint8)
    url = f"{bucket.url}/q.png"
    quicklook(filepath=url, provenance={"fingerprint": "f"}).save(noise)
    assert np.array_equal(quicklook(filepath=url).load(), noise)


def test_a_picture_that_cannot_be_written_leaves_nothing(tmp_path):
    (tmp_path / "quicklooks").write_text("a file where a folder should be")
    with pytest.raises(DatasetError, match=r"q\.png: expected to write it to"):
        saved(tmp_path / "quicklooks" / "q.png")
    assert [path.name for path in tmp_path.iterdir()] == ["quicklooks"]


def previewed(dataset, **preview_args):
    with Image.open(io.BytesIO(base64.b64decode(dataset.preview(**preview_args)))) as p:
        return np.asarray(p.convert("RGB"))


def test_kedro_viz_is_shown_the_picture(tmp_path):
    dataset = saved(tmp_path / "q.png")
    assert np.array_equal(previewed(dataset), floes())
    returned = inspect.signature(dataset.preview).return_annotation
    assert returned.__name__ == "ImagePreview"


def test_kedro_viz_is_shown_a_large_picture_scaled_down(tmp_path):
    assert previewed(saved(tmp_path / "q.png"), max_px=32).shape == (24, 32, 3)


def test_a_picture_that_was_not_made_yet_is_no_news(tmp_path):
    with pytest.raises(FileNotFoundError):
        quicklook(filepath=str(tmp_path / "none.png")).preview()
