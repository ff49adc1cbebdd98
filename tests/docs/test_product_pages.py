"""Names and numbers in the pages on products, as the code has them."""

import re

import yaml

from sea_ice_kedro.imagery.classes import SeaIceClass
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


def test_polygons_have_the_class_names_that_the_page_on_corrections_gives():
    page = (ROOT / "docs" / "corrections.md").read_text()
    row = next(line for line in page.splitlines() if "attribute `class`" in line)
    named = re.findall(r"`(\w+)`", row.split("`class`:")[1])
    known = {each.key for each in SeaIceClass}
    assert named
    assert set(named) <= known
