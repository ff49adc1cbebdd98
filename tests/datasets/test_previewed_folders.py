import base64
import io
from dataclasses import dataclass
from typing import get_type_hints

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from sea_ice_kedro.datasets import (
    PictureFolderDataset,
    QuicklookDataset,
    SceneTableDataset,
    TableFolderDataset,
)

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
        QuicklookDataset(filepath=str(tmp_path / f"{name}.png")).save(picture)
    return PictureFolderDataset(
        path=str(tmp_path),
        filename_suffix=".png",
        dataset={"type": QuicklookDataset},
        optional=True,
    )


@pytest.fixture
def tables(tmp_path):
    folder = TableFolderDataset(
        path=str(tmp_path / "tables"),
        filename_suffix=".csv",
        dataset={"type": SceneTableDataset},
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
    assert shown(pictures.preview(count=1, width_px=50)).shape == (20, 50, 3)


def test_the_first_rows_of_the_first_scene_are_shown(tables):
    assert tables.preview(nrows=2) == {
        "index": [0, 1],
        "columns": ["scene_id", "row"],
        "data": [["001", 0], ["001", 64]],
    }


@pytest.mark.parametrize("optional", [True, False])
@pytest.mark.parametrize("kind", [PictureFolderDataset, TableFolderDataset])
def test_a_folder_that_was_not_made_has_no_preview(kind, optional, tmp_path):
    folder = kind(
        path=str(tmp_path / "none"),
        dataset={"type": QuicklookDataset},
        optional=optional,
    )
    with pytest.raises(FileNotFoundError, match="expected none, got none yet"):
        folder.preview()


@pytest.mark.parametrize(
    ("kind", "name"),
    [(PictureFolderDataset, "ImagePreview"), (TableFolderDataset, "TablePreview")],
)
def test_kedro_viz_is_told_what_kind_of_preview_it_is(kind, name):
    assert get_type_hints(kind.preview)["return"].__name__ == name
