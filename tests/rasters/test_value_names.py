import shutil
import subprocess
from xml.etree import ElementTree as ET

import pytest

from sea_ice_kedro.rasters.geotiff import PRODUCT, Layers, write_raster
from sea_ice_kedro.rasters.value_names import NamedValue, write_value_names
from tests.fabricate import ROSS_SEA, floes

NAMES = {
    0: NamedValue("ice & snow", (255, 0, 0)),
    1: NamedValue("water", (0, 255, 1)),
    255: NamedValue("no data", (0, 0, 0), shown=False),
}


@pytest.fixture
def named(tmp_path):
    path = tmp_path / "a.tif"
    layers = Layers(bands=[floes()[..., 0]], names=["x"], georeference=ROSS_SEA)
    write_raster(str(path), layers, PRODUCT)
    write_value_names(str(path), NAMES)
    return path


def test_names_lie_beside_the_raster_where_gdal_looks_for_them(named):
    assert sorted(p.name for p in named.parent.iterdir()) == ["a.tif", "a.tif.aux.xml"]


def test_values_from_0_on_are_categories_and_all_are_rows_of_the_table(named):
    band = ET.parse(f"{named}.aux.xml").getroot().find("PAMRasterBand")
    assert band.get("band") == "1"
    names = [category.text for category in band.find("CategoryNames")]
    assert names == ["ice & snow", "water"]
    rows = [[f.text for f in row] for row in band.iter("Row")]
    assert rows == [
        ["0", "ice & snow", "255", "0", "0", "255"],
        ["1", "water", "0", "255", "1", "255"],
        ["255", "no data", "0", "0", "0", "0"],
    ]


def test_the_same_names_give_the_same_bytes(named, tmp_path):
    write_value_names(str(tmp_path / "b.tif"), NAMES)
    first, second = (tmp_path / f"{n}.tif.aux.xml" for n in "ab")
    assert first.read_bytes() == second.read_bytes()


@pytest.mark.skipif(not shutil.which("gdalinfo"), reason="needs Debian's gdal-bin")
def test_gdalinfo_shows_the_names(named):
    said = subprocess.run(
        ["gdalinfo", str(named)], capture_output=True, text=True, check=True
    ).stdout
    assert "Categories:\n      0: ice & snow\n      1: water\n" in said
    assert "GDALRasterAttributeTable" in said
    assert "<F>no data</F>" in said
