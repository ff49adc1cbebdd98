import numpy as np
import pandas as pd
import pytest
from kedro.io import DatasetError

pytestmark = pytest.mark.spark
pytest.importorskip("pyspark")

from sea_ice_kedro.datasets.spark_table import SparkTableDataset  # noqa: E402
from sea_ice_kedro.engines import spark_session  # noqa: E402


@pytest.fixture(scope="module", autouse=True)
def spark():
    """A small session on this machine."""
    spark_session.configure({"spark.master": "local[2]", "spark.ui.enabled": False})
    yield spark_session.session()
    spark_session.stop()


def table():
    """Ids that look like numbers or like nothing, and values that are missing."""
    return pd.DataFrame(
        {
            "scene_id": ["001", "NA", "null", "ä"],
            "pixels": [1, 2, 2**40, 4],
            "cloud_fraction": [0.1, np.nan, 1 / 3, 0.0],
            "acquired": ["", np.nan, None, "2019-11-03T19:09:21+00:00"],
            "nobody knows": [None, None, None, ""],
            "clear": [True, False, True, False],
        }
    )


def saved(path, rows):
    dataset = SparkTableDataset(filepath=str(path), as_pandas=True)
    dataset.save(rows)
    return dataset


def test_rows_values_and_their_order_survive(tmp_path):
    loaded = saved(tmp_path / "t", table().iloc[::-1]).load()
    assert loaded["scene_id"].tolist() == ["ä", "null", "NA", "001"]
    assert loaded["pixels"].tolist() == [4, 2**40, 2, 1]
    assert loaded["cloud_fraction"].tolist()[::2] == [
        0.0,
        pytest.approx(np.nan, nan_ok=True),
    ]
    assert loaded["cloud_fraction"][1] == 1 / 3  # to the last bit
    assert loaded["acquired"].tolist() == [
        "2019-11-03T19:09:21+00:00",
        None,
        None,
        None,
    ]
    assert loaded["nobody knows"].tolist() == [None] * 4
    assert loaded["clear"].tolist() == [False, True, False, True]


def test_a_table_without_rows_keeps_its_columns_and_their_types(tmp_path, spark):
    loaded = saved(tmp_path / "t", table().head(0)).load()
    assert list(loaded.columns) == list(table().columns)
    assert dict(spark.read.parquet(str(tmp_path / "t")).dtypes) == {
        "scene_id": "string",
        "pixels": "bigint",
        "cloud_fraction": "double",
        "acquired": "string",
        "nobody knows": "string",
        "clear": "boolean",
    }


def test_others_read_it_as_parquet(tmp_path):
    saved(tmp_path / "t", table())
    assert pd.read_parquet(tmp_path / "t")["scene_id"].tolist() == [
        *["001", "NA", "null", "ä"]
    ]
    assert len(list((tmp_path / "t").glob("*.parquet"))) == 1


def test_a_new_table_replaces_the_old_one(tmp_path):
    saved(tmp_path / "t", table())
    assert saved(tmp_path / "t", table().head(1)).load()["scene_id"].tolist() == ["001"]


def test_a_spark_table_stays_in_spark(tmp_path, spark):
    dataset = SparkTableDataset(filepath=str(tmp_path / "t"))
    dataset.save(spark.range(5))
    loaded = dataset.load()
    assert type(loaded).__module__.startswith("pyspark.sql")
    assert sorted(row.id for row in loaded.collect()) == [0, 1, 2, 3, 4]


def test_whether_it_is_there_is_known_without_spark(tmp_path, monkeypatch):
    saved(tmp_path / "t", table())
    (tmp_path / "half" / "_temporary" / "0").mkdir(parents=True)
    (tmp_path / "half" / "_temporary" / "0" / "part-0.parquet").touch()
    monkeypatch.setattr(spark_session, "session", None)
    exists = [
        SparkTableDataset(filepath=str(tmp_path / name)).exists()
        for name in ("t", "half", "none")
    ]
    assert exists == [True, False, False]


def test_a_missing_table_is_an_error_that_names_it(tmp_path):
    with pytest.raises(DatasetError, match="none"):
        SparkTableDataset(filepath=str(tmp_path / "none")).load()
