import numpy as np
import pandas as pd
import pytest
from kedro.io import DatasetError

from sea_ice_kedro.datasets import SceneTableDataset
from tests.runs import expect_whole

IDS = ["001", "NA", "null", "1e3", "nan", "a,b"]


def table():
    """Ids that look like numbers or like nothing, and a value that is missing."""
    fractions = [0.5, np.nan, 0.25, 1.0, 0.0, 0.125]
    sources = ["NA", "folder", "None", "sample", "sample", "ä"]
    return pd.DataFrame({"scene_id": IDS, "cloud_fraction": fractions, "of": sources})


def saved(path):
    dataset = SceneTableDataset(filepath=str(path))
    dataset.save(table())
    return dataset


@pytest.mark.parametrize("place", ["disk", "bucket"])
def test_ids_stay_text_and_only_an_empty_field_means_no_value(tmp_path, place):
    path = tmp_path / "t.csv" if place == "disk" else "memory://tables-of-tests/t.csv"
    loaded = saved(path).load()
    assert loaded["scene_id"].tolist() == IDS
    pd.testing.assert_frame_equal(loaded, table())


def test_ids_that_are_all_digits_stay_text(tmp_path):
    dataset = SceneTableDataset(filepath=str(tmp_path / "t.csv"))
    dataset.save(pd.DataFrame({"scene_id": ["001", "1"], "pixels": [7, 8]}))
    assert dataset.load()["scene_id"].tolist() == ["001", "1"]
    assert dataset.load()["pixels"].tolist() == [7, 8]


def test_numbers_survive_to_the_last_bit(tmp_path):
    dataset = SceneTableDataset(filepath=str(tmp_path / "t.csv"))
    fractions = [1 / 6, 1 / 3, 2 / 7, 0.1 + 0.2]
    dataset.save(pd.DataFrame({"scene_id": list("abcd"), "of": fractions}))
    assert dataset.load()["of"].tolist() == fractions


def test_the_file_holds_the_columns_and_no_index(tmp_path):
    saved(tmp_path / "t.csv")
    lines = (tmp_path / "t.csv").read_bytes().split(b"\n")
    assert lines[:3] == [b"scene_id,cloud_fraction,of", b"001,0.5,NA", b"NA,,folder"]
    expect_whole(tmp_path / "t.csv")
    assert [path.name for path in tmp_path.iterdir()] == ["t.csv"]


def test_a_table_without_rows_keeps_its_columns(tmp_path):
    dataset = SceneTableDataset(filepath=str(tmp_path / "t.csv"))
    dataset.save(table().head(0))
    assert list(dataset.load().columns) == ["scene_id", "cloud_fraction", "of"]


class Unspeakable:
    """A value that cannot be written."""

    def __str__(self):
        raise RuntimeError("no text for this")


def test_an_error_in_the_middle_of_a_table_keeps_the_old_one(tmp_path):
    dataset = saved(tmp_path / "t.csv")
    before = (tmp_path / "t.csv").read_bytes()
    rows = pd.DataFrame({"scene_id": ["a"] * 100_000 + [Unspeakable()]})
    with pytest.raises(DatasetError, match="no text for this"):
        dataset.save(rows)
    assert (tmp_path / "t.csv").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["t.csv"]


def test_a_table_that_cannot_be_written_says_where(tmp_path):
    (tmp_path / "tables").write_text("a file where a folder should be")
    with pytest.raises(DatasetError, match=r"t\.csv: expected to write it to"):
        saved(tmp_path / "tables" / "t.csv")


def test_a_table_that_is_not_there_does_not_exist_and_is_not_loaded(tmp_path):
    dataset = SceneTableDataset(filepath=str(tmp_path / "none.csv"))
    assert not dataset.exists()
    with pytest.raises(DatasetError, match="No such file"):
        dataset.load()
    assert saved(tmp_path / "none.csv").exists()


def test_kedro_viz_gets_the_first_rows_and_finds_their_type(tmp_path):
    preview = saved(tmp_path / "t.csv").preview(nrows=1)
    assert preview == {
        "index": [0],
        "columns": ["scene_id", "cloud_fraction", "of"],
        "data": [["001", 0.5, "NA"]],
    }
    shown = SceneTableDataset.preview.__annotations__["return"]
    assert shown.__name__ == "TablePreview"


def test_kedro_viz_gets_twenty_rows_unless_told(tmp_path):
    dataset = SceneTableDataset(filepath=str(tmp_path / "t.csv"))
    dataset.save(pd.DataFrame({"scene_id": [f"{i:03}" for i in range(21)]}))
    assert len(dataset.preview()["data"]) == 20


def test_a_table_describes_itself_by_its_file():
    dataset = SceneTableDataset(filepath="t.csv", metadata={"kedro-viz": {}})
    assert "filepath='t.csv'" in str(dataset).replace('"', "'")
    assert dataset.metadata == {"kedro-viz": {}}


def test_a_formula_in_a_name_does_nothing_in_a_spreadsheet_and_stays_a_name(tmp_path):
    names = ["=cmd|' /C calc'!A0", "@SUM(1)", "-rf", "+1", "'=1", "plain"]
    table = pd.DataFrame(
        {"scene_id": names, "change": [-1.5, 2.0, -3.0, 0.0, 1.0, 2.0]}
    )
    dataset = SceneTableDataset(filepath=str(tmp_path / "t.csv"))
    dataset.save(table)
    rows = (tmp_path / "t.csv").read_text().splitlines()[1:]
    assert not any(row.startswith(("=", "@", "-")) for row in rows)
    assert rows[0].endswith(",-1.5")
    pd.testing.assert_frame_equal(dataset.load(), table)


def test_a_table_that_was_cut_is_refused_wherever_it_was(tmp_path):
    path = tmp_path / "t.csv"
    dataset = saved(path)
    whole = path.read_bytes()
    ends = [i + 1 for i, byte in enumerate(whole) if byte == ord("\n")]
    for length in set(range(len(whole))) - set(ends):
        path.write_bytes(whole[:length])
        with pytest.raises(DatasetError, match=r"t\.csv: expected a whole table"):
            dataset.load()


@pytest.mark.parametrize("content", [b"", b"\x80\xff\n", b"a,b\n1\n", b"a\n\x00\n"])
def test_what_is_no_table_is_refused_with_the_way_out(tmp_path, content):
    (tmp_path / "t.csv").write_bytes(content)
    with pytest.raises(DatasetError, match="remove it, and run the pipeline again"):
        SceneTableDataset(filepath=str(tmp_path / "t.csv")).load()
