import math

import pytest

from sea_ice_kedro.errors import InvalidOption
from sea_ice_kedro.sources.product_options import (
    CuttingOptions,
    EarthEngineOptions,
    SafeOptions,
    SearchOptions,
    StacOptions,
)

REFUSED = [
    (
        SearchOptions,
        {"start": "2019-11-30", "end": "2019-11-01"},
        "not after end.*swap",
    ),
    (SearchOptions, {"start": "1 Nov 2019", "end": "2019-11-30"}, "as 2019-11-01"),
    (SearchOptions, {"max_cloud_percentage": 101}, r"in 0\.\.100, got 101"),
    (SearchOptions, {"max_cloud_percentage": math.nan}, "got nan"),
    (SearchOptions, {"min_sun_elevation_deg": -91}, r"in -90\.\.90"),
    (SearchOptions, {"max_scenes": 0}, "max_scenes"),
    (SearchOptions, {"seed": -1}, "seed"),
    (CuttingOptions, {"size_px": 63}, r"in 64\.\.10980, got 63"),
    (CuttingOptions, {"size_px": 10_981}, "got 10981"),
    (CuttingOptions, {"min_observed_fraction": 1.1}, r"in 0\.\.1, got 1\.1"),
    (SafeOptions, {"crs": "EPSG:4326"}, "one of EPSG:3031, EPSG:3413"),
    (SafeOptions, {"offset": 0.5}, "offset to be a whole number"),
    (EarthEngineOptions, {"collection": "COPERNICUS/S2"}, "S2_HARMONIZED"),
    (EarthEngineOptions, {"bands": "B4-B3-B1"}, "one of B2, B3, B4, B8, got 'B1'"),
    (EarthEngineOptions, {"bands": "B4-B3"}, "three different ones"),
    (EarthEngineOptions, {"bands": "B4-B4-B3"}, "three different ones"),
    (EarthEngineOptions, {"extra_bands": "clouds"}, "one of cloud_probability, qa60"),
    (EarthEngineOptions, {"requests_per_s": 0}, "requests_per_s"),
    (EarthEngineOptions, {"max_attempts": 0}, "max_attempts"),
    (EarthEngineOptions, {"first_wait_s": 61}, "first_wait_s"),
    (EarthEngineOptions, {"timeout_s": 0}, "timeout_s"),
    (StacOptions, {"assets": "B04-B03"}, r"as \[red, green, blue\]"),
    (StacOptions, {"scale": 0}, "scale"),
    (StacOptions, {"offset": -1000}, r"in -1\.\.1, got -1000"),
    (StacOptions, {"max_attempts": True}, "max_attempts"),
    (StacOptions, {"timeout_s": "1"}, "timeout_s"),
]


@pytest.mark.parametrize(("record", "option", "text"), REFUSED)
def test_an_option_that_cannot_be_right_is_refused(record, option, text):
    with pytest.raises(InvalidOption, match=rf"expected ingestion\..*{text}"):
        record(**option)


@pytest.mark.parametrize("missing", ["start", "end"])
def test_a_search_without_its_days_is_refused_when_it_is_made(missing):
    days = {"start": "2019-11-01", "end": "2019-11-30", missing: None}
    with pytest.raises(InvalidOption, match=rf"search\.{missing} as a day, got None"):
        SearchOptions(**days).days()


def test_one_day_is_a_search():
    start, end = SearchOptions(start="2019-11-01", end="2019-11-01").days()
    assert start == end


def test_text_of_the_command_line_is_read():
    assert EarthEngineOptions(extra_bands="qa60+cloud_probability").extra_bands == (
        "qa60",
        "cloud_probability",
    )
    assert StacOptions(assets="a-b-c").assets == ("a", "b", "c")
