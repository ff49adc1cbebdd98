import logging
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from rio_cogeo.cogeo import cog_validate

from sea_ice_kedro.datasets import ConcentrationDataset, FileDataset
from sea_ice_kedro.engines import fingerprint_of
from sea_ice_kedro.errors import InvalidOption
from sea_ice_kedro.pipelines import time_series
from sea_ice_kedro.pipelines.gridding import sum_by_day
from sea_ice_kedro.pipelines.time_series import (
    create_pipeline,
    follow_predictions,
    follow_regions,
    lay_out_seasons,
    map_days,
)
from sea_ice_kedro.pipelines.time_series.daily_cells import (
    Frame,
    region_area_km2,
    whole_frame,
)
from sea_ice_kedro.rasters.polar_grid import CellGrid
from sea_ice_kedro.sources.regions import TimeSeriesOptions, region_of
from tests.fabricate import folder_of_scenes
from tests.pipelines.test_gridding import RUN, counts
from tests.runs import digests, files, from_folder, run_here

KM2 = 1_000_000
INDEX = pd.DataFrame({"source": ["folder"]})
GRID = CellGrid("EPSG:6932", 25e3)
WEST = {"name": "west", "area": [-180, -79.2, -169.5, -70]}


def daily(*rows, grid=GRID):
    """A daily grid of rows (scene, day, column, row, thick, thin and water in km²)."""
    table = counts(*((*row[:4], *(int(km2 * KM2) for km2 in row[4:])) for row in rows))
    cells = table["cell_column"].to_numpy(), table["cell_row"].to_numpy()
    longitude, latitude = grid.degrees(*grid.centres(*cells))
    table = table.assign(longitude=longitude, latitude=latitude, grid=grid.crs)
    return sum_by_day(table, table["scene_id"].unique())


@pytest.fixture
def season():
    """Three days of a week's end with two days between them, in three cells."""
    return daily(
        ("a", "2019-11-01", -10, -50, 500, 100, 25),
        ("b", "2019-11-04", -9, -50, 30, 0, 10),
        ("c", "2019-11-04", -12, -45, 0, 0, 60),
        ("d", "2019-11-05", -9, -50, 625, 0, 0),
        ("e", "2019-11-05", -9, -50, 0, 0, 625),
    )


def options(*regions):
    return TimeSeriesOptions(list(regions))


def test_a_day_adds_up_the_cells_of_a_region(season):
    series = follow_regions(season, options()).set_index("day")
    day = series.loc["2019-11-04"]
    assert (day["region"], day["grid"], day["cell_km"]) == ("whole_run", GRID.crs, 25)
    assert day["observed_cells"] == 2
    assert day["observed_km2"] == 100
    assert day["thick_ice_km2"] == 30
    assert day["thin_ice_km2"] == 0
    assert day["open_water_km2"] == 70
    assert day["sea_ice_concentration"] == 0.3


def test_coverage_is_of_all_cells_that_the_run_saw_on_any_day(season):
    series = follow_regions(season, options())
    assert series["region_km2"].tolist() == [1875] * 5
    assert series["coverage"].round(4).tolist() == [0.3333, 0, 0, 0.0533, 0.3333]


def test_a_day_without_observation_is_a_row_without_areas(season):
    series = follow_regions(season, options()).set_index("day")
    assert list(series.index) == [f"2019-11-0{n}" for n in range(1, 6)]
    gap = series.loc["2019-11-02"]
    assert (gap["observed_cells"], gap["observed_km2"], gap["coverage"]) == (0, 0, 0)
    assert np.isnan(gap["sea_ice_concentration"])
    assert np.isnan(gap["open_water_km2"])


def test_a_cell_that_two_scenes_saw_whole_was_seen_once(season):
    day = follow_regions(season, options()).set_index("day").loc["2019-11-05"]
    assert day["observed_km2"] == 625
    assert (day["thick_ice_km2"], day["open_water_km2"]) == (312.5, 312.5)


def test_a_region_has_the_cells_whose_centres_it_holds_and_its_own_area(season):
    series = follow_regions(season, options(WEST))
    west = series[series["region"] == "west"].set_index("day")
    assert west["observed_cells"].tolist() == [0, 0, 0, 1, 1]  # of column -9 only
    assert west.loc["2019-11-04", "sea_ice_concentration"] == 0.75
    area_km2 = region_area_km2(region_of(WEST["area"], "x"), GRID)
    assert west["region_km2"].unique().tolist() == [area_km2]
    assert west.loc["2019-11-05", "coverage"] == 625 / area_km2


def test_the_area_of_a_region_is_that_of_its_cells_on_the_ground():
    box = region_of([160, -78, -150, -70], "x")  # 50° across the antimeridian
    expected = pytest.approx(1_372_886, rel=0.003)  # on the ellipsoid, by Karney (2013)
    assert region_area_km2(box, GRID) == expected
    assert region_area_km2(box, CellGrid("EPSG:3976", 12.5e3)) == expected


def test_a_large_region_is_sampled_to_the_same_area(monkeypatch):
    box = region_of([-180, -79, -150, -60], "x")
    whole = region_area_km2(box, GRID)
    module = "sea_ice_kedro.pipelines.time_series.daily_cells"
    monkeypatch.setattr(f"{module}._MAX_SAMPLES", 2_000)
    assert region_area_km2(box, GRID) == pytest.approx(whole, rel=0.02)


def test_a_region_that_was_never_seen_is_warned_of_and_has_no_rows(season, caplog):
    arctic = {"name": "arctic", "area": [-180, 70, -140, 80]}
    with caplog.at_level(logging.WARNING):
        series = follow_regions(season, options(arctic))
    assert series["region"].unique().tolist() == ["whole_run"]
    assert "has its centre in arctic: no time series" in caplog.text


def test_hemispheres_have_series_of_their_own(season):
    north = daily(
        ("n", "2019-11-02", -9, -50, 1, 0, 1), grid=CellGrid("EPSG:6931", 25e3)
    )
    series = follow_regions(pd.concat([season, north]), options())
    assert series.groupby("grid").size().to_dict() == {"EPSG:6931": 1, "EPSG:6932": 5}


@pytest.mark.parametrize("unknown", ["", np.nan])
def test_rows_without_a_day_are_said_and_left_out(season, unknown, caplog):
    nowhen = season.assign(
        day=season["day"].mask(season["day"] > "2019-11-04", unknown)
    )
    with caplog.at_level(logging.WARNING):
        series = follow_regions(nowhen, options())
    assert series["day"].max() == "2019-11-04"
    assert "1 of 4 rows of the daily grid have no day" in caplog.text


def test_a_run_without_a_place_or_a_time_has_empty_series_and_no_map(season):
    nothing = season.head(0)
    series = follow_regions(nothing, options())
    assert len(series) == 0
    assert list(series) == list(follow_regions(season, options()))
    assert lay_out_seasons(nothing, series, INDEX, options()) == {}
    assert map_days(nothing, INDEX) == {}


@pytest.fixture
def laid_out(season):
    series = follow_regions(season, options(WEST))
    return lay_out_seasons(season, series, INDEX, options())


@pytest.mark.parametrize(
    ("masks", "words"),
    [
        (["coast.gpkg sha256:00"], "shelf of coast.gpkg sha256:00 are not observed"),
        ([None], "count as thick ice: no mask of them was named"),
        ([""], "count as thick ice: no mask of them was named"),
    ],
)
def test_the_cube_names_the_mask_of_land(season, masks, words):
    index = INDEX.assign(land_source=masks)
    series = follow_regions(season, options())
    cube = lay_out_seasons(season, series, index, options())["epsg6932_25km"]()
    assert words in cube.attrs["comment"]


@pytest.fixture
def stored(laid_out, tmp_path):
    """The season's file."""
    path = tmp_path / "epsg6932_25km.nc"
    FileDataset(filepath=str(path), file_format="netcdf").save(
        laid_out["epsg6932_25km"]()
    )
    return path


def test_the_cube_has_every_day_and_cell_where_it_was(stored):
    with xr.open_dataset(stored) as season:
        assert season.sizes == {"time": 5, "y": 6, "x": 4, "bound": 2, "region": 2}
        ice = season["sea_ice_concentration"]
        first = ice.sel(time="2019-11-01T12").sel(x=-237_500, y=-1_237_500)
        assert float(first) == pytest.approx(0.96)
        assert ice.count("time").to_numpy().sum() == 4
        assert np.isnan(ice.sel(time="2019-11-02")).all()
        observed = season["observed_fraction"].sel(x=-212_500, y=-1_237_500)
        assert observed.to_numpy().ravel().tolist() == pytest.approx(
            [0, 0, 0, 0.064, 1.0]
        )
        water = season["open_water_fraction"].sel(x=-212_500, y=-1_237_500)
        assert float(water[3, ...].squeeze()) == 0.25


def test_the_cube_says_where_its_cells_are(stored):
    with xr.open_dataset(stored) as season:
        cell = season.sel(x=-237_500, y=-1_237_500)
        assert float(cell["longitude"]) == pytest.approx(-169.135940)
        assert float(cell["latitude"]) == pytest.approx(-78.698646)
        assert float(cell["cell_area"]) == 625e6
        mapping = season["crs"].attrs
        assert mapping["grid_mapping_name"] == "lambert_azimuthal_equal_area"
        assert mapping["latitude_of_projection_origin"] == -90
        assert season["x_bounds"].to_numpy()[0].tolist() == [-300_000, -275_000]
        day = season["time_bounds"].to_numpy()[0].astype("datetime64[h]").astype(str)
        assert day.tolist() == ["2019-11-01T00", "2019-11-02T00"]


def test_the_cube_has_the_series_of_the_regions(stored):
    with xr.open_dataset(stored) as season:
        assert season["region_name"].to_numpy().tolist() == ["whole_run", "west"]
        west = season["region_sea_ice_concentration"][1].to_numpy()
        assert west[3] == 0.75
        assert np.isnan(west[:3]).all()


def test_no_path_and_no_time_of_making_is_in_the_cube(stored):
    with xr.open_dataset(stored) as season:
        said = str(season.attrs)
    assert str(stored.parent) not in said
    assert "gridding (cells of EPSG:6932), time_series" in season.attrs["history"]


def test_the_same_season_gives_the_same_bytes(laid_out, stored, tmp_path):
    again = FileDataset(filepath=str(tmp_path / "again.nc"), file_format="netcdf")
    again.save(laid_out["epsg6932_25km"]())
    assert (tmp_path / "again.nc").read_bytes() == stored.read_bytes()


OWN = {
    "id": "ross-sea-2019",
    "naming_authority": "org.example",
    "date_created": "2026-11-30",
    "license": "CC-BY-4.0",
    "project": "An example",
    "acknowledgement": "Contains modified Copernicus Sentinel data 2019",
    "institution": "An institute",
    **{f"creator_{n}": v for n, v in (("name", "A"), ("url", "https://example.org"))},
    **{f"publisher_{n}": v for n, v in (("name", "A"), ("url", "https://example.org"))},
    "creator_email": "a@example.org",
    "publisher_email": "a@example.org",
}
"""What ACDD asks for and only the user of the software knows."""


@pytest.mark.slow
@pytest.mark.parametrize("crs", ["EPSG:6932", "EPSG:3413"])
def test_the_cube_passes_a_checker_of_cf_and_of_acdd(season, tmp_path, crs):
    # A process of its own: the checker's netCDF4 brings another HDF5 than h5py.
    grid = CellGrid(crs, 25e3)
    rows = season.assign(grid=crs)
    cells = rows["cell_column"].to_numpy(), rows["cell_row"].to_numpy()
    longitude, latitude = grid.degrees(*grid.centres(*cells))
    rows = rows.assign(longitude=longitude, latitude=latitude)
    own = TimeSeriesOptions(attributes=OWN)
    made = lay_out_seasons(rows, follow_regions(rows, options()), INDEX, own)
    path = tmp_path / "season.nc"
    FileDataset(filepath=str(path), file_format="netcdf").save(
        made[f"epsg{crs[5:]}_25km"]()
    )
    checked = subprocess.run(
        [
            Path(sys.executable).with_name("compliance-checker"),
            *("--test=cf:1.8", "--test=acdd:1.3", "--criteria=strict", path),
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    said = checked.stdout + checked.stderr
    assert "cf:1.8" in said, said
    assert "All tests passed!" in said, said
    # Of ACDD, only suggestions remain: contributors, instruments, their vocabularies.
    assert "acdd:1.3" in said, said
    assert "Suggested" in said, said
    assert "Recommended" not in said, said


def test_a_whole_grid_has_the_cells_of_nsidc(season):
    whole = TimeSeriesOptions(whole_grid=True)
    series = follow_regions(season, options())
    cube_of = lay_out_seasons(season, series, INDEX, whole)["epsg6932_25km"]
    laid_out = cube_of()
    assert laid_out.sizes["y"] == laid_out.sizes["x"] == 720
    assert laid_out["x"].to_numpy()[[0, -1]].tolist() == [-8_987_500, 8_987_500]
    assert laid_out["y"].to_numpy()[[0, -1]].tolist() == [8_987_500, -8_987_500]
    seen = laid_out["sea_ice_concentration"].isel(time=0)
    assert float(seen.sel(x=-237_500, y=-1_237_500)) == pytest.approx(0.96)
    assert int(seen.count()) == 1


@pytest.mark.parametrize(
    ("crs", "cell_km", "sizes"),
    [
        ("EPSG:3413", 25, (448, 304)),
        ("EPSG:3413", 12.5, (896, 608)),
        ("EPSG:3976", 6.25, (1328, 1264)),
        ("EPSG:6931", 12.5, (1440, 1440)),
    ],
)
def test_whole_grids_are_as_large_as_those_that_nsidc_publishes(crs, cell_km, sizes):
    seen = Frame(["2019-11-01"], np.arange(3, 1, -1), np.arange(5, 7))
    assert whole_frame(CellGrid(crs, cell_km * 1e3), seen).shape == (1, *sizes)


@pytest.mark.parametrize(
    ("crs", "cell_km", "column", "said"),
    [
        ("EPSG:32701", 25, 0, "expected a grid in one of EPSG:3413"),
        ("EPSG:6932", 7, 0, "cell_km to divide the edges"),
        ("EPSG:3413", 25, 150, "got cells outside"),
    ],
)
def test_a_whole_grid_that_nsidc_does_not_have_is_refused(crs, cell_km, column, said):
    seen = Frame(["2019-11-01"], np.array([0]), np.array([column]))
    with pytest.raises(InvalidOption, match=said):
        whole_frame(CellGrid(crs, cell_km * 1e3), seen)


def test_attributes_of_a_file_are_texts():
    with pytest.raises(InvalidOption, match="got 'license': 4; put the value in"):
        TimeSeriesOptions(attributes={"license": 4})


def test_a_season_too_large_for_memory_is_refused_with_the_way_out(
    laid_out, monkeypatch
):
    monkeypatch.setattr(time_series, "MOST_VALUES", 119)
    with pytest.raises(InvalidOption, match=r"at most 119, got 5 × 6 × 4; make grid"):
        laid_out["epsg6932_25km"]()


def test_another_value_makes_the_cube_and_the_map_of_its_day_again(season):
    changed = season.copy()
    changed.loc[3, "open_water_km2"] += 1e-6

    def made(table):
        series = follow_regions(season, options())
        tasks = {
            **lay_out_seasons(table, series, INDEX, options()),
            **map_days(table, INDEX),
        }
        return {name: fingerprint_of(make) for name, make in tasks.items()}

    before, after = made(season), made(changed)
    assert [name for name in before if before[name] != after[name]] == [
        "epsg6932_25km",
        "2019-11-05_epsg6932_25km",
    ]


def test_a_map_of_a_day_is_a_valid_cog_on_the_grid_of_all_days(season, tmp_path):
    maps = map_days(season, INDEX)
    assert list(maps) == [f"2019-11-0{n}_epsg6932_25km" for n in (1, 4, 5)]
    path = tmp_path / "day.tif"
    ConcentrationDataset(filepath=str(path)).save(maps["2019-11-04_epsg6932_25km"]())
    assert cog_validate(path, strict=True) == (True, [], [])
    day = ConcentrationDataset(filepath=str(path)).load()
    assert (day.day, day.shape) == ("2019-11-04", (6, 4))
    assert day.georeference.crs == "EPSG:6932"
    assert day.georeference.transform == (25e3, 0, -300e3, 0, -25e3, -1100e3)
    assert (day.concentration[5, 3], day.observed[5, 3]) == (75, 7)
    assert (day.concentration[0, 0], day.observed[0, 0]) == (0, 10)
    assert (day.concentration == 255).sum() == 22


def test_a_map_of_a_day_says_what_was_land_and_where_scenes_are_from(season, tmp_path):
    rows = {"source": ["folder", "safe"], "land_source": ["coast.gpkg sha256:1", ""]}
    maps = map_days(season, pd.DataFrame(rows))
    made = maps["2019-11-04_epsg6932_25km"]
    dataset = ConcentrationDataset(filepath=str(tmp_path / "day.tif"))
    dataset.save(made())
    assert dataset.facts()["land"] == "coast.gpkg sha256:1"
    assert dataset.facts()["source"] == "folder and safe"
    assert dataset.load().lands == ("coast.gpkg sha256:1",)
    before = map_days(season, INDEX)["2019-11-04_epsg6932_25km"]
    assert fingerprint_of(made) != fingerprint_of(before)


def test_predictions_go_the_same_way_to_products_of_their_own():
    assert create_pipeline().all_outputs() == {
        *("region_series#table", "concentration_series#figure"),
        *("daily_cubes", "concentration_maps"),
    }
    assert follow_predictions().all_outputs() == {
        f"network_{name}" for name in create_pipeline().all_outputs()
    }
    assert follow_predictions().inputs() == {
        "network_daily_grid#table",
        "scene_index",
        "params:time_series",
        "params:figures",
    }


PRODUCTS = {
    "08_reporting/region_series.csv",
    "08_reporting/concentration_series.json",
    "08_reporting/daily_cubes/epsg6932_25km.nc",
    "08_reporting/concentration_maps/2019-11-03_epsg6932_25km.tif",
}


def test_a_run_makes_the_series_of_its_regions(data_root, tmp_path):
    folder = tmp_path / "in"
    folder_of_scenes(folder, 3)
    for number, name in enumerate("abc"):
        day = f"20191{103 + 2 * number}"
        (folder / f"{name}.tif").rename(folder / f"{name}_{day}T190919.tif")
    parameters = from_folder(folder, time_series={"regions": [WEST]})
    run_here(*RUN, "time_series", **parameters)
    assert set(files(data_root)) >= PRODUCTS
    before = {name: digests(data_root)[name] for name in PRODUCTS}
    run_here("time_series", time_series={"regions": [WEST]})
    assert {name: digests(data_root)[name] for name in PRODUCTS} == before


@pytest.fixture(scope="module")
def spark():
    """A small session on this machine."""
    from tests.pipelines.test_gridding import spark as session

    yield from session.__wrapped__()


@pytest.mark.spark
def test_series_of_a_table_in_spark_are_those_of_one_in_pandas(season, spark):
    in_spark = spark.createDataFrame(season)
    by_spark = follow_regions(in_spark, options(WEST))
    by_pandas = follow_regions(season, options(WEST))
    pd.testing.assert_frame_equal(by_spark, by_pandas, check_exact=True)
    fingerprints = [
        {n: fingerprint_of(m) for n, m in map_days(table, INDEX).items()}
        for table in (in_spark, season)
    ]
    assert fingerprints[0] == fingerprints[1]
