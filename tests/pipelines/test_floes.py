import geopandas as gpd
import numpy as np
import pandas as pd
import pytest

from sea_ice_kedro.imagery.arrays import ClassMap, Georeference
from sea_ice_kedro.imagery.floes import FloeOptions
from sea_ice_kedro.pipelines.floes import (
    count_sizes,
    draw_floes,
    floes_of,
    leads_of,
    mean_axis,
    summarise_floes,
    tabulate,
    weighted_percentiles,
)
from tests.fabricate import write
from tests.imagery.test_floes import disc, water
from tests.imagery.test_leads import band, ice
from tests.partitions import known
from tests.runs import digests, from_folder, run_here

INDEX = pd.DataFrame({"scene_id": ["007", "b", "gone"]})
UTM = Georeference("EPSG:32603", (10.0, 0.0, 500_000.0, 0.0, -10.0, 7_800_000.0))
OPTIONS = FloeOptions()


def floe_map(place=UTM):
    codes = disc(disc(water(), (80, 100), 40), (0, 100), 20)
    return ClassMap("007", codes, place)


def lead_map(place=UTM):
    return ClassMap("b", band(band(ice(), 10, 20), 2, 20, middle=(200, 50)), place)


def facts(class_map):
    counts = np.bincount(class_map.codes.ravel(), minlength=256)
    return {
        "pixels": class_map.codes.size,
        "pixels_thick_ice": int(counts[0]),
        "pixels_thin_ice": int(counts[1]),
        "pixels_open_water": int(counts[2]),
        **({"pixel_area_m2": 100.08} if class_map.georeference else {}),
    }


def products(place=UTM):
    """The tables of two scenes: floes, leads, and their maps."""
    maps = {"007": floe_map(place), "b": lead_map(place)}
    floes, leads = (
        tabulate(
            INDEX, {i: (lambda m=m, f=f: f(m, OPTIONS).rows) for i, m in maps.items()}
        )
        for f in (floes_of, leads_of)
    )
    return floes, leads, known({i: facts(m) for i, m in maps.items()})


def test_floes_are_measured_on_the_ground():
    floes, _, _ = products()
    row = floes[(floes["scene_id"] == "007") & ~floes["touches_edge"]].iloc[0]
    assert row["area_km2"] == pytest.approx(np.pi * 0.4**2, rel=0.04)
    assert row["mean_caliper_m"] == pytest.approx(810, abs=10)
    assert row["effective_diameter_m"] == pytest.approx(810, abs=10)
    assert (row["x"], row["y"]) == (500_805, 7_798_995)
    assert (row["longitude"], row["latitude"]) == pytest.approx(
        (-164.978, 70.30), abs=0.01
    )


def test_leads_are_told_from_true_north_and_marked_where_too_narrow():
    _, leads, _ = products()
    wide, narrow = (
        leads[leads["resolvable"] == said].iloc[0] for said in (True, False)
    )
    assert wide["width_m"] == pytest.approx(100, abs=8)
    assert wide["length_m"] == pytest.approx(2930, abs=80)
    # clockwise from a row is clockwise from east
    assert wide["orientation_deg"] == pytest.approx(110, abs=0.5)
    assert narrow["width_px"] == pytest.approx(2, abs=0.5)


def test_a_scene_is_summed_up_by_its_whole_floes_and_resolvable_leads():
    floes, leads, maps = products()
    summary = summarise_floes(INDEX, floes, leads, maps).set_index("scene_id")
    assert summary.index.tolist() == ["007", "b"]
    first = summary.loc["007"]
    assert (first["floes"], first["floes_at_edge"], first["leads"]) == (2, 1, 0)
    assert (
        first["median_caliper_m"]
        == first["largest_caliper_m"]
        == pytest.approx(810, abs=10)
    )
    second = summary.loc["b"]
    assert (second["leads"], second["leads_resolvable"]) == (2, 1)
    assert second["lead_fraction"] == pytest.approx(3600 / 160_000, rel=0.1)
    assert second["width_median_m"] == pytest.approx(100, abs=8)
    assert second["orientation_deg"] == pytest.approx(110, abs=0.5)
    assert second["orientation_concentration"] == pytest.approx(1)
    assert second["observed_km2"] == pytest.approx(16, rel=0.01)


def test_sizes_are_counted_in_bins_above_what_is_resolved():
    floes, _, maps = products()
    sizes = count_sizes(INDEX, floes, maps, OPTIONS)
    here = sizes[sizes["scene_id"] == "007"]
    assert here["caliper_from_m"].iloc[0] == 113.1
    assert here["floes"].sum() == here["floes_at_edge"].sum() == 1
    assert here["as_large_per_1000_km2"].iloc[0] == pytest.approx(1000 / 6, rel=0.01)


def test_a_scene_that_lies_nowhere_is_measured_in_pixels():
    floes, leads, maps = products(place=None)
    assert floes[["area_km2", "mean_caliper_m", "latitude"]].isna().all(axis=None)
    assert leads[["width_m", "orientation_deg"]].isna().all(axis=None)
    assert leads["width_px"].max() == pytest.approx(10, abs=0.8)
    assert floes["x"].max() < 300
    assert count_sizes(INDEX, floes, maps, OPTIONS).empty
    summary = summarise_floes(INDEX, floes, leads, maps)
    assert summary["floe_km2"].isna().all()
    assert summary["lead_fraction"].max() > 0
    assert draw_floes(floes, leads, summary).data[0].x is not None


def test_tables_of_nothing_have_their_columns():
    nothing = tabulate(INDEX, {})
    assert nothing.columns.tolist() == ["scene_id"]
    assert summarise_floes(INDEX, nothing, nothing, known({})).columns[0] == "scene_id"
    assert (
        count_sizes(INDEX, nothing, known({}), OPTIONS).columns[1] == "caliper_from_m"
    )


def test_axes_are_the_same_turned_around():
    equal = np.ones(2)
    assert mean_axis(np.array([179.0, 1.0]), equal)[0] in (0.0, 180.0)
    assert mean_axis(np.array([10.0, 100.0]), equal)[1] == pytest.approx(0, abs=1e-4)
    assert mean_axis(np.array([30.0, 90.0]), np.array([1.0, 0.0])) == (30.0, 1.0)
    assert np.isnan(mean_axis(np.zeros(0), np.zeros(0))).all()


def test_percentiles_are_weighted():
    widths, lengths = np.array([30.0, 10.0, 20.0]), np.array([1.0, 1.0, 8.0])
    assert weighted_percentiles(widths, lengths) == (10, 20, 20)


def test_one_command_measures_floes_and_leads_and_a_second_changes_nothing(
    data_root, tmp_path
):
    brightness = np.array([235, 110, 12], np.uint8)
    for class_map in (floe_map(), lead_map()):
        rgb = np.stack([brightness[class_map.codes]] * 3, axis=-1)
        place = {"crs": "EPSG:32603", "transform": UTM.transform}
        write(tmp_path / f"in/{class_map.scene_id}.tif", rgb, **place)
    said = from_folder(
        tmp_path / "in",
        autolabel={"thresholds": {"source": "values"}},
        filtering={"method": "none"},
    )
    run_here("ingestion", "filtering", "autolabel", "floes", **said)
    folder = data_root / "08_reporting"
    floes = pd.read_csv(folder / "floes.csv", dtype={"scene_id": str})
    assert (floes["scene_id"] == "007").sum() == 2
    polygons = gpd.read_parquet(folder / "floe_polygons/007.parquet")
    assert polygons["floe"].tolist() == [1, 2]
    assert polygons.area.to_numpy() == pytest.approx(
        polygons["area_km2"] * 1e6, rel=0.001
    )
    assert pd.read_csv(folder / "leads.csv")["width_m"].max() == pytest.approx(
        100, abs=10
    )
    for name in ("floe_summary.csv", "floe_sizes.csv", "floe_figure.svg"):
        assert (folder / name).stat().st_size > 100
    before = digests(data_root)
    run_here("floes", **said)
    assert digests(data_root) == before
