import json

import pytest

from sea_ice_kedro.errors import InvalidOption
from sea_ice_kedro.sources.regions import TimeSeriesOptions

ROSS = {"name": "ross_sea", "area": [160, -78, -150, -60]}


def features(*names):
    ring = [[170, -78], [-170, -78], [-170, -70], [170, -70], [170, -78]]
    geometry = {"type": "Polygon", "coordinates": [ring]}
    return json.dumps(
        {
            "type": "FeatureCollection",
            "features": [
                {"type": "Feature", "properties": {"name": name}, "geometry": geometry}
                for name in names
            ],
        }
    )


def test_regions_are_boxes_with_names():
    (ross,) = TimeSeriesOptions([ROSS]).named()
    assert ross.name == "ross_sea"
    inside = ross.region.holds([179, -179, 0, 179], [-70, -70, -70, -50])
    assert inside.tolist() == [True, True, False, False]


def test_an_area_may_be_a_file_and_all_regions_may_be_one(tmp_path):
    path = tmp_path / "regions.geojson"
    path.write_text(features("bay", "shelf"), encoding="utf-8-sig")  # as Windows does
    (one,) = TimeSeriesOptions([{"name": "mine", "area": str(path)}]).named()
    assert len(one.region.rings) == 2
    both = TimeSeriesOptions(str(path)).named()
    assert [named.name for named in both] == ["bay", "shelf"]
    assert both[1].region.holds([180], [-75]).tolist() == [True]


@pytest.mark.parametrize(
    ("regions", "found"),
    [
        (["ross_sea"], "got ross_sea; give a list of {name"),
        ([{"name": "x"}], "got {'name': 'x'}"),
        ([{**ROSS, "name": "001"}], "the name '001'"),
        ([{**ROSS, "area": [1, 2, 3]}], r"time_series\.regions: area of ross_sea, got"),
        ([ROSS, ROSS], "once, and none to be 'whole_run', got ross_sea"),
        ([{**ROSS, "name": "whole_run"}], "got whole_run"),
        (7, "got 7"),
        ("/nowhere/regions.geojson", "No such file"),
    ],
)
def test_what_names_no_region_is_refused_with_the_way_out(regions, found):
    with pytest.raises(InvalidOption, match=found):
        TimeSeriesOptions(regions)


def test_a_file_without_names_is_refused(tmp_path):
    path = tmp_path / "regions.geojson"
    path.write_text(features(None))
    with pytest.raises(InvalidOption, match="the name None"):
        TimeSeriesOptions(str(path))


def test_brackets_without_end_are_no_regions(tmp_path):
    path = tmp_path / "regions.geojson"
    path.write_text('{"features": ' + "[" * 100_000)
    with pytest.raises(InvalidOption, match=r"regions\.geojson.*RecursionError"):
        TimeSeriesOptions(str(path))


def test_a_file_without_features_is_refused(tmp_path):
    path = tmp_path / "regions.geojson"
    path.write_text('{"type": "FeatureCollection", "features": []}')
    with pytest.raises(InvalidOption, match="which has no features"):
        TimeSeriesOptions(str(path))
