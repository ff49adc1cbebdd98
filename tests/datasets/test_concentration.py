from xml.etree import ElementTree

import numpy as np
import pytest
import rasterio
from kedro.io import DatasetError

from sea_ice_kedro.datasets import ConcentrationDataset
from sea_ice_kedro.imagery.arrays import Georeference
from sea_ice_kedro.rasters.polar_grid import ConcentrationRaster, in_percent
from tests.fabricate import floes, write

GRID = Georeference("EPSG:6932", (25e3, 0, -300e3, 0, -25e3, -1100e3))
DAY = ConcentrationRaster(
    "2019-11-03",
    np.array([[0, 50, 100, 255]], np.uint8),
    np.array([[1, 2, 100, 255]], np.uint8),
    GRID,
)


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "day.tif"
    ConcentrationDataset(filepath=str(path), provenance={"fingerprint": "f"}).save(DAY)
    return path


def test_a_day_survives_whole(path):
    dataset = ConcentrationDataset(filepath=str(path))
    after = dataset.load()
    assert after.day == "2019-11-03"
    assert after.concentration.tolist() == [[0, 50, 100, 255]]
    assert after.observed.tolist() == [[1, 2, 100, 255]]
    assert after.georeference == GRID
    assert dataset.stored_fingerprint() == "f"


def test_a_day_opens_in_the_colours_of_the_figure_and_not_observed_is_no_data(path):
    with rasterio.open(path) as file:
        colours = file.colormap(1)
        assert file.nodatavals == (255, 255)
        assert file.dataset_mask().tolist() == [[255, 255, 255, 0]]
    assert colours[0][:3] == (8, 18, 46)
    assert colours[100][:3] == (247, 253, 253)
    assert colours[255][:3] == (0, 0, 0)


def test_the_style_of_qgis_is_the_ramp_of_the_figure(path):
    renderer = ElementTree.parse(path.with_suffix(".qml")).getroot().find("pipe")[0]
    assert renderer.get("type") == "singlebandpseudocolor"
    items = [(i.get("value"), i.get("color")) for i in renderer.iter("item")]
    assert items[0] == ("0", "#08122e")
    assert items[-1] == ("100", "#f7fdfd")
    assert len(items) == 7


def test_a_foreign_raster_is_no_map_of_concentration(tmp_path):
    path = write(tmp_path / "x.tif", floes())
    with pytest.raises(DatasetError, match=r"x\.tif: expected a concentration map"):
        ConcentrationDataset(filepath=str(path)).load()


def test_shares_become_whole_percent():
    assert in_percent(np.array([0.0, 0.004, 0.006, 1.0])).tolist() == [0, 0, 1, 100]
