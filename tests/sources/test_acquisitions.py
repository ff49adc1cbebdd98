from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from rasterio.warp import transform

from sea_ice_kedro.imagery.arrays import Georeference
from sea_ice_kedro.sources.acquisitions import (
    Observed,
    baseline_in,
    datatake_in,
    in_turn,
    level_in,
    one_of_each,
    satellite_in,
)
from sea_ice_kedro.sources.cutting import Grid
from sea_ice_kedro.sources.regions import Region, outline

LEFT, TOP = 399_960.0, 1_900_020.0
GRID = Grid(Georeference("EPSG:32703", (10, 0, LEFT, 0, -10, TOP)), (256, 256))
TIME = datetime(2019, 11, 3, 19, 9, 19, tzinfo=UTC)


def footprint(first_row, last_row):
    """Outline of some rows of the tile."""
    right, top, bottom = LEFT + 2560, TOP - 10 * first_row, TOP - 10 * last_row
    xs, ys = [LEFT, right, right, LEFT], [top, top, bottom, bottom]
    corners = zip(*transform("EPSG:32703", "EPSG:4326", xs, ys), strict=True)
    return Region((outline(corners),))


WHOLE, UPPER, LOWER = footprint(0, 256), footprint(0, 134), footprint(120, 256)


def product(name, region=WHOLE, **facts):
    return Observed(name, GRID, region, **{"acquired": TIME, **facts})


def test_two_parts_of_a_tile_are_both_taken():
    parts = [product("upper", UPPER), product("lower", LOWER)]
    assert one_of_each(parts) == {}


def test_of_two_processings_the_newer_is_taken():
    old, new = product("b", baseline="N0208"), product("a", baseline="N0500")
    assert one_of_each([old, new]) == one_of_each([new, old]) == {"b": "a"}


def test_l1c_is_taken_before_l2a():
    products = [
        product("a", level="1C", baseline="N0208"),
        product("b", level="2A", baseline="N0500"),
    ]
    assert one_of_each(products) == {"b": "a"}


def test_an_older_whole_is_left_out_where_two_newer_parts_show_it():
    products = [
        product("old", baseline="N0208"),
        product("upper", UPPER, baseline="N0500"),
        product("lower", LOWER, baseline="N0500"),
    ]
    assert list(one_of_each(products)) == ["old"]


def test_a_newer_part_does_not_cost_the_rest_of_the_tile():
    products = [
        product("whole", baseline="N0208"),
        product("part", UPPER, baseline="N0500"),
    ]
    assert one_of_each(products) == {"part": "whole"}


@pytest.mark.parametrize(
    "other",
    [
        {"acquired": TIME + timedelta(minutes=100)},
        {"satellite": "2B"},
        {"datatake": TIME + timedelta(minutes=5)},
        {
            "grid": replace(
                GRID,
                georeference=Georeference(
                    "EPSG:32703", (10, 0, LEFT + 100_000, 0, -10, TOP)
                ),
            )
        },
    ],
    ids=["next orbit", "another satellite", "another datatake", "another tile"],
)
def test_what_is_another_acquisition_is_taken(other):
    one = product("a", satellite="2A", datatake=TIME)
    other = {"datatake": None, **other}
    assert one_of_each([one, replace(one, name="b", **other)]) == {}


def test_times_of_tile_and_datatake_are_of_one_acquisition():
    later = product("b", acquired=TIME + timedelta(minutes=12), datatake=TIME)
    assert one_of_each([product("a"), later]) == {"b": "a"}


@pytest.mark.parametrize(
    ("value", "baseline"),
    [
        ("02.13", "N0213"), ("2.13", "N0213"), (2.13, "N0213"), (5.1, "N0510"),
        (4.0, "N0400"), ("N0213", "N0213"),
        ("S2A_MSIL2A_20191103T190919_N0213_R013_T03CWT_20191103T202518", "N0213"),
        ("S2B_OPER_MSI_L2A_TL_SGS__20191103T202518_A013899_T03CWT_N02.12", "N0212"),
        (None, ""), ("", ""), ("1.4.0", ""),
    ],
)  # fmt: skip
def test_a_baseline_is_read_in_all_its_forms(value, baseline):
    assert baseline_in(value) == baseline


def test_satellite_level_and_datatake_are_read_from_names():
    name = "S2B_MSIL1C_20191103T190919_N0208_R013_T03CWT_20191103T202518"
    assert (satellite_in(name), level_in(name), datatake_in(name)) == ("2B", "1C", TIME)
    assert satellite_in(None, "sentinel-2a") == satellite_in("Sentinel-2A") == "2A"
    assert level_in("L2A") == level_in("sentinel-2-l2a") == level_in("S2MSI2A") == "2A"
    assert level_in("Sentinel-2A", None) == satellite_in("item_2A") == ""
    assert datatake_in("20191103T190919_20191103T190917_T03CWT") == TIME
    old = "S2A_OPER_PRD_MSIL1C_PDMC_20160119T013846_R116_V20160117T002243"
    assert datatake_in(old, "odd") is None


def test_what_cannot_be_read_takes_no_other_s_place():
    products = [
        product("good", UPPER, baseline="N0208"),
        product("older", UPPER, baseline="N0207"),
        product("broken", UPPER, baseline="N0500"),
        product("broken and larger", WHOLE, baseline="N0206"),
    ]
    asked = []

    def can_be_read(name):
        asked.append(name)
        return "broken" not in name

    left_out = one_of_each(products, can_be_read)
    assert left_out == {"broken": "good", "older": "good"}
    assert "older" not in asked


def test_a_claim_of_a_newer_processing_counts_less_than_a_place_that_is_named():
    ours = product("ours", baseline="N0208")
    theirs = product("theirs", baseline="N9999", made="2999", trusted=False)
    assert one_of_each([theirs, ours]) == {"theirs": "ours"}


def test_ground_that_two_grids_show_is_named(caplog):
    finer = Grid(GRID.georeference, (512, 512))
    parts = [product("upper", UPPER), replace(product("lower", LOWER), grid=finer)]
    in_turn({"upper": [], "lower": []}, parts)
    assert "count it twice: lower and upper" in caplog.text
    caplog.clear()
    in_turn({"upper": []}, parts)
    in_turn({"upper": [], "lower": []}, [parts[0], product("lower", LOWER)])
    assert caplog.text == ""
