import base64
import inspect
import io
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from sea_ice_kedro.datasets import (
    FileDataset,
    ParallelPartitionedDataset,
    SceneDataset,
    SceneTableDataset,
)

PNG = {"type": FileDataset, "file_format": "png"}
TABLE = {"type": SceneTableDataset}

COLOURS = {"c": (0, 0, 255), "a": (255, 0, 0), "b": (0, 255, 0)}


@dataclass(frozen=True)
class Table:
    scene_id: str

    def __call__(self):
        return pd.DataFrame({"scene_id": [self.scene_id] * 3, "row": [0, 64, 128]})


@pytest.fixture
def pictures(tmp_path):
    """Three pictures of one colour each, 100 x 40."""
    for name, colour in COLOURS.items():
        picture = np.full((40, 100, 3), colour, np.uint8)
        path = str(tmp_path / f"{name}.png")
        FileDataset(filepath=path, file_format="png").save(picture)
    return ParallelPartitionedDataset(
        path=str(tmp_path), filename_suffix=".png", dataset=PNG, optional=True
    )


@pytest.fixture
def tables(tmp_path):
    folder = ParallelPartitionedDataset(
        path=str(tmp_path / "tables"), filename_suffix=".csv", dataset=TABLE
    )
    folder.save({"002": Table("002"), "001": Table("001")})
    return folder


def shown(preview):
    with Image.open(io.BytesIO(base64.b64decode(preview))) as picture:
        return np.asarray(picture.convert("RGB"))


def test_the_first_pictures_are_shown_below_each_other(pictures):
    sheet = shown(pictures.preview(count=2))
    assert sheet.shape == (88, 100, 3)
    assert tuple(sheet[20, 50]) == (255, 0, 0)
    assert tuple(sheet[44, 50]) == (255, 255, 255)
    assert tuple(sheet[68, 50]) == (0, 255, 0)


def test_wide_pictures_are_shown_scaled_down(pictures):
    assert shown(pictures.preview(count=1, max_px=50)).shape == (20, 50, 3)


def test_the_first_rows_of_the_first_scene_are_shown(tables):
    assert tables.preview(nrows=2) == {
        "index": [0, 1],
        "columns": ["scene_id", "row"],
        "data": [["001", 0], ["001", 64]],
    }


@pytest.mark.parametrize("optional", [True, False])
@pytest.mark.parametrize("kind", [PNG, TABLE])
def test_a_folder_that_was_not_made_has_no_preview(kind, optional, tmp_path):
    folder = ParallelPartitionedDataset(
        path=str(tmp_path / "none"), dataset=kind, optional=optional
    )
    with pytest.raises(FileNotFoundError, match="expected none, got none yet"):
        folder.preview()


@pytest.mark.parametrize(
    ("kind", "name"), [(PNG, "ImagePreview"), (TABLE, "TablePreview")]
)
def test_kedro_viz_is_told_what_kind_of_preview_it_is(kind, name, tmp_path):
    folder = ParallelPartitionedDataset(path=str(tmp_path), dataset=kind)
    returned = inspect.signature(folder.preview).return_annotation
    assert returned.__name__ == name


@pytest.mark.parametrize(
    "kind", [{"type": SceneDataset}, {"type": FileDataset, "file_format": "netcdf"}]
)
def test_kedro_viz_is_asked_for_no_preview_of_what_has_none(kind, tmp_path):
    folder = ParallelPartitionedDataset(path=str(tmp_path), dataset=kind)
    assert not hasattr(folder, "preview")
