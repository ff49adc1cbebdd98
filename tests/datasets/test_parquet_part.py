from functools import partial

import pandas as pd
import pyarrow.parquet as pq
import pytest
from kedro.io import DatasetError

from sea_ice_kedro.datasets import FileDataset

part = partial(FileDataset, file_format="parquet")

KINDS = {"scene_id": "string", "pixels": "int64", "area_km2": "float64"}


def rows(scene_id="001", count=2):
    table = {
        "scene_id": [scene_id] * count,
        "pixels": [2**53 + 1] * count,
        "area_km2": [0.1] * count,
    }
    return pd.DataFrame(table).astype(KINDS)


def saved(path, table=None, **provenance):
    dataset = part(filepath=str(path), provenance=provenance)
    dataset.save(rows() if table is None else table)
    return dataset


@pytest.mark.parametrize("place", ["disk", "bucket"])
def test_rows_survive_to_the_last_digit(tmp_path, place):
    path = tmp_path / "p.parquet"
    loaded = saved(path if place == "disk" else "memory://parts-of-tests/p").load()
    assert loaded["scene_id"].tolist() == ["001", "001"]
    assert loaded["pixels"].tolist() == [2**53 + 1] * 2
    assert loaded["area_km2"].tolist() == [0.1, 0.1]


def test_a_part_without_rows_has_the_columns_and_kinds_of_the_others(tmp_path):
    saved(tmp_path / "a.parquet")
    saved(tmp_path / "b.parquet", rows(count=0))
    assert pq.read_schema(tmp_path / "a.parquet") == pq.read_schema(
        tmp_path / "b.parquet"
    )


def test_the_parts_of_a_folder_are_one_table(tmp_path):
    saved(tmp_path / "a.parquet", rows("a"), fingerprint="1")
    saved(tmp_path / "b.parquet", rows("b", count=0), fingerprint="2")
    saved(tmp_path / "c.parquet", rows("c", count=1), fingerprint="3")
    (tmp_path / ".d.parquet.host-1.part").write_text("half a file")
    assert pd.read_parquet(tmp_path)["scene_id"].tolist() == ["a", "a", "c"]


def test_a_part_knows_what_it_was_made_from(tmp_path):
    path = tmp_path / "p.parquet"
    saved(path, fingerprint="abc", software="sea_ice_kedro 1", recipe="[]")
    assert pq.read_schema(path).metadata == {
        b"sea_ice_fingerprint": b"abc",
        b"sea_ice_software": b"sea_ice_kedro 1",
        b"sea_ice_recipe": b"[]",
    }


def test_the_same_rows_give_the_same_bytes_whatever_their_index(tmp_path):
    saved(tmp_path / "a", rows(), fingerprint="f")
    saved(tmp_path / "b", rows().set_axis([7, 3]), fingerprint="f")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_a_part_that_cannot_be_written_says_where_and_leaves_nothing(tmp_path):
    (tmp_path / "parts").write_text("a file where a folder should be")
    with pytest.raises(DatasetError, match=r"p\.parquet: expected to write it to"):
        saved(tmp_path / "parts" / "p.parquet")
    assert [path.name for path in tmp_path.iterdir()] == ["parts"]


def test_a_part_describes_itself_by_its_file():
    dataset = part(filepath="p.parquet", metadata={"kedro-viz": {}})
    assert "filepath='p.parquet'" in str(dataset).replace('"', "'")
    assert dataset.metadata == {"kedro-viz": {}}
