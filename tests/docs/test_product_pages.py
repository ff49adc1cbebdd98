"""What docs/time-series.md says of regions."""

import yaml

from sea_ice_kedro.sources.regions import TimeSeriesOptions
from tests.docs.blocks import blocks_of
from tests.runs import ROOT


def test_the_sectors_of_the_southern_ocean_lie_side_by_side():
    page = blocks_of(ROOT / "docs" / "time-series.md")
    (block,) = (b for b in page if b.language == "yaml")
    regions = yaml.safe_load(block.text)["time_series"]["regions"]
    inside = [
        named.region.holds([-40, 50, 120, 180, -90], [-65] * 5).tolist()
        for named in TimeSeriesOptions(regions).named()
    ]
    assert [row.index(True) for row in inside] == [0, 1, 2, 3, 4]
    assert [sum(row) for row in inside] == [1] * 5
