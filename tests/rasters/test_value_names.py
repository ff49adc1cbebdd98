import shutil
import subprocess
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from sea_ice_kedro.rasters.geotiff import PRODUCT, Layers, write_raster
from sea_ice_kedro.rasters.value_names import NamedValue, beside, with_value_names
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
    with with_value_names(str(path), NAMES):
        write_raster(str(path), layers, PRODUCT)
    return path


def test_names_lie_beside_the_raster_where_gdal_and_qgis_look_for_them(named):
    names = sorted(p.name for p in named.parent.iterdir())
    assert names == ["a.qml", "a.tif", "a.tif.aux.xml"]


def test_where_the_raster_fails_there_are_no_names_either(tmp_path):
    with pytest.raises(ValueError, match="no raster"):
        with with_value_names(str(tmp_path / "a.tif"), NAMES):
            raise ValueError("no raster")
    assert list(tmp_path.iterdir()) == []


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
    with with_value_names(str(tmp_path / "b.tif"), NAMES):
        pass
    for first in beside(str(named)):
        second = tmp_path / Path(first).name.replace("a.", "b.", 1)
        assert Path(first).read_bytes() == second.read_bytes()


def test_the_style_of_qgis_has_what_is_shown_and_nothing_else(named):
    renderer = ET.parse(named.with_suffix(".qml")).getroot().find("pipe")[0]
    assert (renderer.get("type"), renderer.get("band")) == ("paletted", "1")
    entries = [entry.attrib for entry in renderer.iter("paletteEntry")]
    assert entries == [
        {"value": "0", "label": "ice & snow", "alpha": "255", "color": "#ff0000"},
        {"value": "1", "label": "water", "alpha": "255", "color": "#00ff01"},
    ]


def test_the_files_of_a_bucket_or_of_a_name_with_dots_lie_beside_it():
    assert beside("gs://b/maps/a.b.tif") == (
        "gs://b/maps/a.b.tif.aux.xml",
        "gs://b/maps/a.b.qml",
    )


@pytest.mark.skipif(not shutil.which("gdalinfo"), reason="needs Debian's gdal-bin")
def test_gdalinfo_shows_the_names(named):
    said = subprocess.run(
        ["gdalinfo", str(named)], capture_output=True, text=True, check=True
    ).stdout
    assert "Categories:\n      0: ice & snow\n      1: water\n" in said
    assert "GDALRasterAttributeTable" in said
    assert "<F>no data</F>" in said
