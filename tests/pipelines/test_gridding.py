import logging
from datetime import UTC, datetime, timedelta
from io import StringIO

import numpy as np
import pandas as pd
import pytest

from sea_ice_kedro.datasets import ClassMapDataset, ParallelPartitionedDataset
from sea_ice_kedro.engines import fingerprint_of
from sea_ice_kedro.errors import MissingInput
from sea_ice_kedro.imagery.arrays import ClassMap
from sea_ice_kedro.pipelines.gridding import (
    count_class_maps,
    count_predictions,
    create_pipeline,
    grid_predictions,
    latest_days,
    map_concentration,
    reduce_by_day_and_cell,
    tabulate_cells,
)
from sea_ice_kedro.rasters.footprint import pixel_area_m2
from sea_ice_kedro.rasters.polar_grid import GridOptions
from tests.fabricate import ROSS_SEA, WHEN, folder_of_scenes
from tests.runs import digests, files, from_folder, run_here

INDEX = pd.DataFrame({"scene_id": ["a", "b"], "crs": "EPSG:3031"})
OPTIONS = GridOptions()
SMALL = GridOptions(cell_km=1)
AREAS = ["thick_ice_m2", "thin_ice_m2", "open_water_m2"]


def class_map(scene_id="a", place=ROSS_SEA, when=WHEN, seed=0, side=300):
    codes = np.random.default_rng(seed).choice(
        np.array([0, 1, 2, 255], np.uint8), (side, side), p=[0.4, 0.1, 0.3, 0.2]
    )
    return ClassMap(scene_id, codes, place, when)


def counts(*rows):
    """Rows of (scene, day, column, row, thick, thin and water in m²)."""
    names = ["scene_id", "day", "cell_column", "cell_row", *AREAS]
    table = pd.DataFrame(list(rows), columns=names)
    column, row = table["cell_column"], table["cell_row"]
    return table.assign(
        grid="EPSG:6932",
        cell_km=25.0,
        x_m=(column + 0.5) * 25e3,
        y_m=(row + 0.5) * 25e3,
        longitude=column / 7,
        latitude=row / -3,
    )


def test_pixels_and_areas_of_all_cells_are_those_of_the_class_map():
    a = class_map()
    table = tabulate_cells(a, SMALL)
    expected = np.bincount(a.codes.ravel(), minlength=256)
    pixels = table[["thick_ice_pixels", "thin_ice_pixels", "open_water_pixels"]]
    assert len(table) == 16
    assert pixels.sum().tolist() == expected[:3].tolist()
    assert table["nodata_pixels"].sum() == expected[255]
    assert table["valid_pixels"].tolist() == pixels.sum(axis=1).tolist()
    area_m2 = pixel_area_m2(ROSS_SEA, a.shape)  # 103.7, not 100
    rounding = table[AREAS].to_numpy() - pixels.to_numpy() * area_m2
    assert np.abs(rounding).max() <= 0.5
    assert table[AREAS].dtypes.tolist() == [np.int64] * 3


def test_a_row_says_which_scene_day_and_cell_it_is_of():
    (row,) = tabulate_cells(class_map(side=9), OPTIONS).to_dict("records")
    assert (row["scene_id"], row["day"]) == ("a", "2019-11-03")
    assert (row["grid"], row["cell_km"]) == ("EPSG:6932", 25.0)
    assert (row["cell_column"], row["cell_row"]) == (-13, -50)
    assert (row["x_m"], row["y_m"]) == (-312_500.0, -1_237_500.0)
    assert (row["longitude"], row["latitude"]) == (-165.827662, -78.552265)


def test_a_row_says_how_large_its_cell_is_where_scenes_decide():
    options = GridOptions(cell_km="auto")
    table = tabulate_cells(class_map(side=200), options)
    assert set(table["cell_km"]) == {0.1}
    assert len(table) > 100


def test_the_day_is_that_of_universal_time_or_empty():
    late = datetime(2019, 11, 3, 23, 59, 59, tzinfo=UTC)
    days = [
        tabulate_cells(class_map(when=when, side=9), OPTIONS)["day"].tolist()
        for when in (late, late + timedelta(seconds=1), None)
    ]
    assert days == [["2019-11-03"], ["2019-11-04"], [""]]


def test_a_scene_without_a_place_has_a_table_without_rows_of_the_same_kinds():
    nowhere = tabulate_cells(class_map(place=None), OPTIONS)
    assert len(nowhere) == 0
    somewhere = tabulate_cells(class_map(), OPTIONS)
    assert nowhere.dtypes.to_dict() == somewhere.dtypes.to_dict()
    assert list(nowhere) == list(somewhere)


@pytest.mark.parametrize(
    ("declare", "what"),
    [(count_class_maps, "class map"), (count_predictions, "prediction")],
)
def test_tables_are_declared_for_indexed_scenes_and_made_when_called(declare, what):
    stored = {"a": class_map, "other": class_map}
    tasks = declare(INDEX, stored, SMALL)
    assert list(tasks) == ["a", "b"]
    assert len(tasks["a"]()) == 16
    with pytest.raises(MissingInput, match=f"expected the {what} of scene b, got none"):
        tasks["b"]()


def test_another_grid_makes_tables_again():
    made = {
        fingerprint_of(count_class_maps(INDEX.head(1), {"a": class_map}, options)["a"])
        for options in (OPTIONS, SMALL, GridOptions(crs="EPSG:3976"))
    }
    assert len(made) == 3


DAILY = counts(
    ("a", "2019-11-04", 1, 2, 600_000, 300_000, 100_000),
    ("b", "2019-11-04", 1, 2, 0, 0, 1_000_000),
    ("b", "2019-11-03", 2, 1, 5, 0, 0),
    ("a", "2019-11-03", 1, 2, 0, 0, 7),
    ("a", "2019-11-03", 1, 1, 1, 1, 2),
    ("a", "2019-11-03", 3, 1, 0, 0, 0),
    ("gone", "2019-11-03", 1, 1, 10**9, 0, 0),
)


def test_areas_of_a_day_add_up_cell_by_cell():
    last = reduce_by_day_and_cell(INDEX, DAILY).to_dict("records")[-1]
    assert (last["day"], last["cell_column"], last["cell_row"]) == ("2019-11-04", 1, 2)
    assert (last["scenes"], last["observed_km2"]) == (2, 2.0)
    assert last["thick_ice_km2"] == 0.6
    assert last["thin_ice_km2"] == 0.3
    assert last["open_water_km2"] == 1.1
    assert last["sea_ice_concentration"] == 0.45  # of area seen twice, not of scenes
    assert (last["x_m"], last["longitude"]) == (37_500.0, 1 / 7)


def test_rows_are_observed_cells_of_indexed_scenes_by_day_row_and_column():
    table = reduce_by_day_and_cell(INDEX, DAILY)
    assert table.index.tolist() == [0, 1, 2, 3]
    keys = table[["day", "cell_row", "cell_column", "sea_ice_concentration"]]
    assert keys.to_numpy().tolist() == [
        ["2019-11-03", 1, 1, 0.5],
        ["2019-11-03", 1, 2, 1.0],
        ["2019-11-03", 2, 1, 0.0],
        ["2019-11-04", 2, 1, 0.45],
    ]


def test_grids_of_both_hemispheres_stay_apart():
    both = pd.concat([DAILY.head(1), DAILY.head(1).assign(grid="EPSG:6931")])
    table = reduce_by_day_and_cell(INDEX, both)
    assert table["grid"].tolist() == ["EPSG:6931", "EPSG:6932"]
    assert table["observed_km2"].tolist() == [1.0, 1.0]


def test_scenes_of_a_day_that_is_not_known_stay_in_the_table():
    table = reduce_by_day_and_cell(INDEX, DAILY.assign(day=""))
    assert table["day"].unique().tolist() == [""]
    assert len(table) == 3


def test_no_cell_makes_a_table_without_rows_and_all_columns():
    table = reduce_by_day_and_cell(INDEX, DAILY.head(0))
    assert len(table) == 0
    assert list(table) == list(reduce_by_day_and_cell(INDEX, DAILY))


def test_scenes_without_a_place_are_named(caplog):
    index = INDEX.assign(crs=["EPSG:3031", np.nan])
    with caplog.at_level(logging.WARNING):
        reduce_by_day_and_cell(INDEX, DAILY)
        assert not caplog.text
        reduce_by_day_and_cell(index, DAILY)
    assert "1 of 2 scenes have no georeference and are in no cell" in caplog.text
    assert caplog.text.rstrip().endswith("grid: b")


@pytest.mark.parametrize("unknown", ["", np.nan, None])
def test_the_map_shows_the_last_days_also_of_a_table_read_from_a_file(unknown):
    daily = reduce_by_day_and_cell(INDEX, DAILY)
    assert set(latest_days(daily, 1)["day"]) == {"2019-11-04"}
    nowhen = latest_days(daily.assign(day=unknown), 2)
    assert nowhen["day"].tolist() == [""] * 4
    figure = map_concentration(daily)
    assert "2019-11-04" in figure.layout.title.text
    assert (
        "day not known"
        in map_concentration(daily.assign(day=unknown)).layout.title.text
    )


def test_predictions_go_the_same_way_to_products_of_their_own():
    brightness, predicted = create_pipeline(), grid_predictions()
    assert brightness.all_outputs() == {
        "cell_counts@parts",
        "daily_grid#table",
        "concentration_map#figure",
    }
    assert predicted.all_outputs() == {
        "network_cell_counts@parts",
        "network_daily_grid#table",
        "network_concentration_map#figure",
    }
    assert predicted.inputs() == {
        "scene_index",
        "predictions",
        "params:gridding.grid",
    }
    assert len((brightness + predicted).nodes) == 6


@pytest.fixture
def stored(tmp_path):
    """A folder with the tables of three scenes, of which one has no place."""
    for scene_id, place in [("a", ROSS_SEA), ("b", None), ("c", ROSS_SEA)]:
        path = str(tmp_path / "maps" / f"{scene_id}.tif")
        ClassMapDataset(filepath=path).save(class_map(scene_id, place))
    maps = ParallelPartitionedDataset(
        path=str(tmp_path / "maps"),
        filename_suffix=".tif",
        dataset={"type": "sea_ice_kedro.datasets.ClassMapDataset"},
    )
    tables = ParallelPartitionedDataset(
        path=str(tmp_path / "cells"),
        filename_suffix=".parquet",
        dataset={
            "type": "sea_ice_kedro.datasets.FileDataset",
            "file_format": "parquet",
        },
    )
    index = pd.DataFrame({"scene_id": ["a", "b", "c"], "crs": "EPSG:3031"})
    tables.save(count_class_maps(index, maps.load(), SMALL))
    return index, tmp_path / "cells"


def test_the_folder_of_all_scenes_is_one_table(stored):
    index, folder = stored
    table = pd.read_parquet(folder)
    assert table["scene_id"].unique().tolist() == ["a", "c"]
    daily = reduce_by_day_and_cell(index, table)
    assert daily["scenes"].tolist() == [2] * 16
    assert daily["observed_km2"].sum() == pytest.approx(
        table[AREAS].to_numpy().sum() / 1e6
    )


@pytest.mark.spark
def test_spark_reads_the_folder_as_the_same_table(stored, spark):
    index, folder = stored
    by_spark = reduce_by_day_and_cell(index, spark.read.parquet(str(folder)))
    by_pandas = reduce_by_day_and_cell(index, pd.read_parquet(folder))
    pd.testing.assert_frame_equal(by_spark.toPandas(), by_pandas, check_exact=True)


RUN = ["ingestion", "filtering", "autolabel", "gridding"]
CELLS = [f"04_feature/cell_counts/{scene_id}.parquet" for scene_id in "abc"]
REPORTS = ["08_reporting/daily_grid.csv", "08_reporting/concentration_map.json"]


def test_a_run_grids_all_scenes_and_another_grid_is_followed(data_root, tmp_path):
    folder = folder_of_scenes(tmp_path / "in", 3)
    run_here(*RUN, **from_folder(folder))
    assert {*CELLS, *REPORTS} <= set(files(data_root))
    before = digests(data_root)
    run_here(*RUN, **from_folder(folder), engine={"name": "threads", "workers": 2})
    assert digests(data_root) == before
    run_here("gridding", gridding={"grid": {"cell_km": 1}})
    changed = {n for n, digest in digests(data_root).items() if digest != before[n]}
    assert changed == {*CELLS, *REPORTS}


def test_a_scene_that_left_the_index_does_not_count_though_its_cells_are_stored(
    data_root, tmp_path
):
    folder = folder_of_scenes(tmp_path / "in", 3)
    run_here(*RUN, **from_folder(folder))
    daily = data_root / "08_reporting/daily_grid.csv"
    assert pd.read_csv(daily)["scenes"].tolist() == [3]
    (folder / "b.tif").unlink()
    run_here(*RUN, **from_folder(folder))
    assert set(CELLS) <= set(files(data_root))
    assert pd.read_csv(daily)["scenes"].tolist() == [2]


@pytest.mark.slow
def test_a_bucket_gets_the_tables_that_a_disk_gets(
    bucket, project, tmp_path, monkeypatch
):
    folder = folder_of_scenes(tmp_path / "in", 2)
    for root in (str(tmp_path / "disk"), f"{bucket.url}/season"):
        monkeypatch.setenv("SEA_ICE_DATA", root)
        run_here(*RUN, **from_folder(folder))
    for name in [*CELLS[:2], *REPORTS]:
        remote = bucket.files.cat_file(f"{bucket.name}/season/{name}")
        assert remote == (tmp_path / "disk" / name).read_bytes()
    # The next run of the same process sees the scene that has come in.
    run_here(*RUN, **from_folder(folder_of_scenes(folder, 3)))
    daily = bucket.files.cat_file(f"{bucket.name}/season/{REPORTS[0]}").decode()
    assert pd.read_csv(StringIO(daily))["scenes"].tolist() == [3]


def many_counts(rows=5_000):
    """Cells of 40 scenes on 12 days and a day not known, with areas of any size."""
    rng = np.random.default_rng(7)
    scene = rng.integers(0, 40, rows)
    areas_m2 = rng.integers(0, 625_000_000, (rows, 3)) * rng.integers(0, 2, (rows, 3))
    days = [*(f"2019-11-{day + 1:02d}" for day in range(12)), ""]
    table = counts(
        *zip(
            (f"scene {n}" for n in scene),
            (days[n % 13] for n in scene),
            rng.integers(-9, 9, rows).tolist(),
            rng.integers(-9, 9, rows).tolist(),
            *areas_m2.T.tolist(),
            strict=True,
        )
    )
    return table.assign(grid=np.where(scene % 2, "EPSG:6931", "EPSG:6932"))


@pytest.mark.spark
def test_pandas_and_spark_give_the_same_rows_to_the_last_bit(spark):
    table = many_counts()
    index = pd.DataFrame({"scene_id": [f"scene {n}" for n in range(38)], "crs": "x"})
    parts = spark.createDataFrame(table).repartition(7)
    by_spark = reduce_by_day_and_cell(index, parts)
    by_pandas = reduce_by_day_and_cell(index, table)
    assert len(by_pandas) > 2_000
    assert by_pandas["scenes"].max() >= 3
    assert type(by_spark).__module__.startswith("pyspark.sql")
    pd.testing.assert_frame_equal(by_spark.toPandas(), by_pandas, check_exact=True)


@pytest.mark.spark
def test_the_map_of_a_table_in_spark_is_that_of_one_in_pandas(spark):
    by_pandas = reduce_by_day_and_cell(INDEX, DAILY)
    by_spark = reduce_by_day_and_cell(INDEX, spark.createDataFrame(DAILY))
    assert (
        map_concentration(by_spark).to_json() == map_concentration(by_pandas).to_json()
    )


@pytest.fixture(scope="module")
def spark():
    """A small session on this machine."""
    pytest.importorskip("pyspark")
    from sea_ice_kedro.engines import spark_session

    spark_session.configure(
        {
            "spark.master": "local[2]",
            "spark.ui.enabled": False,
            "spark.sql.shuffle.partitions": 4,
            "spark.driver.host": "127.0.0.1",
            "spark.driver.bindAddress": "127.0.0.1",
        }
    )
    yield spark_session.session()
    spark_session.stop()
