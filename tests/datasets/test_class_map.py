from xml.etree import ElementTree as ET

import numpy as np
import pytest
import rasterio
from kedro.io import DatasetError
from rio_cogeo.cogeo import cog_validate

from sea_ice_kedro.datasets import ClassMapDataset
from sea_ice_kedro.errors import CannotWrite
from sea_ice_kedro.imagery.arrays import ClassMap
from sea_ice_kedro.imagery.classes import LAND_COLOUR
from tests.fabricate import ROSS_SEA, WHEN, floes, quiet, write

CODES = np.array([[0, 1, 2, 255], [2, 2, 1, 0]], np.uint8)


@pytest.fixture
def class_map_file(tmp_path):
    path = tmp_path / "s.tif"
    dataset = ClassMapDataset(
        filepath=str(path),
        provenance={"fingerprint": "f", "recipe": "r", "software": "v"},
    )
    dataset.save(ClassMap("s", CODES, ROSS_SEA, WHEN))
    return path


def test_a_class_map_survives_whole(class_map_file):
    after = ClassMapDataset(filepath=str(class_map_file)).load()
    assert after.codes.tolist() == [[0, 1, 2, 255], [2, 2, 1, 0]]
    assert (after.scene_id, after.georeference, after.acquired) == ("s", ROSS_SEA, WHEN)


def test_between_what_its_concentration_lies_stays_with_a_class_map(tmp_path):
    dataset = ClassMapDataset(filepath=str(tmp_path / "s.tif"))
    dataset.save(ClassMap("s", CODES, concentration_range=(0.25, 0.75)))
    assert dataset.load().concentration_range == (0.25, 0.75)
    assert dataset.facts()["concentration_upper"] == 0.75


def test_a_class_map_is_one_band_of_8_bit_with_255_for_no_data(class_map_file):
    with rasterio.open(class_map_file) as file:
        assert (file.count, file.dtypes, file.nodata) == (1, ("uint8",), 255.0)
        assert file.dataset_mask().tolist()[0] == [255, 255, 255, 0]


def test_a_class_map_opens_in_the_published_colours(class_map_file):
    with rasterio.open(class_map_file) as file:
        colours = file.colormap(1)
    assert colours[0][:3] == (255, 0, 0)
    assert colours[1][:3] == (0, 0, 255)
    assert colours[2][:3] == (0, 255, 0)
    assert colours[255][:3] == (0, 0, 0)


def test_a_class_map_says_what_it_is_and_how_it_was_made(class_map_file):
    with rasterio.open(class_map_file) as file:
        tags = file.tags()
    assert tags["SEA_ICE_PIXEL_AREA_M2"].startswith("103.")  # at 78.6 degrees south
    expected = {
        "SEA_ICE_SCENE_ID": "s",
        "SEA_ICE_CLASSES": (
            "0 = thick ice, 1 = thin ice, 2 = open water, 255 = no data"
        ),
        "SEA_ICE_PIXELS": "8",
        "SEA_ICE_PIXELS_THICK_ICE": "2",
        "SEA_ICE_PIXELS_THIN_ICE": "2",
        "SEA_ICE_PIXELS_OPEN_WATER": "3",
        "SEA_ICE_FINGERPRINT": "f",
        "SEA_ICE_RECIPE": "r",
        "SEA_ICE_SOFTWARE": "v",
    }
    assert {key: tags[key] for key in expected} == expected


def test_a_large_class_map_is_tiled_with_overviews_of_classes_only(tmp_path):
    codes = np.zeros((600, 600), np.uint8)
    codes[::2] = 2  # averaging would give 1, a class that is nowhere
    path = tmp_path / "s.tif"
    ClassMapDataset(filepath=str(path)).save(ClassMap("s", codes))
    with quiet(), rasterio.open(path) as file:
        assert file.block_shapes == [(256, 256)]
        assert file.overviews(1) == [2, 4]
        assert file.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
        assert set(np.unique(file.read(1, out_shape=(150, 150)))) <= {0, 2}


def test_a_map_without_a_place_has_no_area(tmp_path):
    path = tmp_path / "s.tif"
    ClassMapDataset(filepath=str(path)).save(ClassMap("s", CODES))
    with quiet(), rasterio.open(path) as file:
        assert "SEA_ICE_PIXEL_AREA_M2" not in file.tags()


def test_a_class_map_is_a_valid_cog(tmp_path):
    path = tmp_path / "s.tif"
    codes = np.random.default_rng(0).integers(0, 3, (1100, 700), np.uint8)
    ClassMapDataset(filepath=str(path)).save(ClassMap("s", codes, ROSS_SEA, WHEN))
    assert cog_validate(path, strict=True) == (True, [], [])


def test_the_names_of_the_classes_lie_beside_a_class_map(class_map_file):
    band = ET.parse(f"{class_map_file}.aux.xml").getroot()[0]
    names = [category.text for category in band.find("CategoryNames")]
    assert names == ["thick ice", "thin ice", "open water"]
    rows = [[f.text for f in row] for row in band.iter("Row")]
    assert rows[0] == ["0", "thick ice", "255", "0", "0", "255"]
    assert rows[-1] == ["255", "no data", "0", "0", "0", "0"]


def test_a_class_map_that_cannot_be_written_leaves_no_names_behind(
    tmp_path, monkeypatch
):
    def fails(*_):
        raise CannotWrite("no room")

    monkeypatch.setattr("sea_ice_kedro.datasets.maps.write_raster", fails)
    with pytest.raises(DatasetError, match="no room"):
        ClassMapDataset(filepath=str(tmp_path / "s.tif")).save(ClassMap("s", CODES))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("pixels", [floes(), floes()[..., 0]], ids=["rgb", "grey"])
def test_a_foreign_raster_is_no_class_map(tmp_path, pixels):
    path = write(tmp_path / "s.tif", pixels)
    with pytest.raises(DatasetError, match=r"s\.tif: expected a class map \(one band"):
        ClassMapDataset(filepath=str(path)).load()


def test_a_class_map_with_land_names_it_and_the_mask_it_is_by(tmp_path):
    path = tmp_path / "s.tif"
    codes = np.array([[0, 254, 2, 255]], np.uint8)
    dataset = ClassMapDataset(filepath=str(path))
    dataset.save(ClassMap("s", codes, ROSS_SEA, WHEN, land_source="c.gpkg md5:0"))
    after = dataset.load()
    assert after.codes.tolist() == codes.tolist()
    assert after.land_source == "c.gpkg md5:0"
    with rasterio.open(path) as file:
        tags = file.tags()
        assert file.dataset_mask().tolist() == [[255, 255, 255, 0]]
        assert file.colormap(1)[254][:3] == LAND_COLOUR
    assert tags["SEA_ICE_LAND"] == "c.gpkg md5:0"
    assert tags["SEA_ICE_PIXELS_LAND"] == "1"
    assert "254 = land or ice shelf" in tags["SEA_ICE_CLASSES"]
    names = (tmp_path / "s.tif.aux.xml").read_text()
    style = (tmp_path / "s.qml").read_text()
    assert "<F>land or ice shelf</F>" in names
    assert 'value="254" label="land or ice shelf"' in style
