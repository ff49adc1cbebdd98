"""A raster of yes and no on the grid of another."""

import numpy as np
import pytest
import rasterio
from pyproj import Transformer

from sea_ice_kedro.imagery.arrays import Georeference
from sea_ice_kedro.sources.mapped_area import draw_mask, expect_mask
from tests.fabricate import ROSS_SEA, write

SHAPE = 40, 60
GRID = rasterio.Affine(*ROSS_SEA.transform)


def expected():
    """Every other block of 10 by 10 pixels of 10 m."""
    rows, columns = np.indices(SHAPE) // 10
    return (rows + columns) % 2 == 1


@pytest.mark.parametrize(
    ("sea", "land", "dtype", "nodata"),
    [
        (0, 1, "uint8", None),
        (0, 255, "uint8", None),
        (0, -3.5, "float32", None),
        (255, 1, "uint8", 255),
        (np.nan, 1, "float32", np.nan),
        (0, 1, "uint8", 0),
        (0, 7, "int16", -999),
    ],
)
def test_what_is_neither_0_nor_no_data_is_marked(tmp_path, sea, land, dtype, nodata):
    coarse = np.where(expected()[::10, ::10], land, sea).astype(dtype)
    path = write(
        tmp_path / "m.tif",
        coarse,
        crs="EPSG:3031",
        transform=GRID * rasterio.Affine.scale(10),
        nodata=nodata,
    )
    assert np.array_equal(draw_mask(str(path), ROSS_SEA, SHAPE), expected())


def test_beyond_a_mask_is_sea_and_one_that_lies_elsewhere_is_told(tmp_path):
    path = write(
        tmp_path / "m.tif", np.ones((20, 20), np.uint8), crs="EPSG:3031", transform=GRID
    )
    marked = draw_mask(str(path), ROSS_SEA, SHAPE)
    assert marked[:20, :20].all()
    assert marked.sum() == 400
    a, b, c, d, e, f = ROSS_SEA.transform
    far = Georeference("EPSG:3031", (a, b, c + 5000, d, e, f))
    assert draw_mask(str(path), far, SHAPE) is None
    assert (
        draw_mask(
            str(path), Georeference("EPSG:32633", (10, 0, 5e5, 0, -10, 8e6)), SHAPE
        )
        is None
    )


def test_a_mask_in_degrees_marks_the_nearest_of_its_pixels(tmp_path):
    to_degrees = Transformer.from_crs("EPSG:3031", "EPSG:4326", always_xy=True)
    x, y = np.meshgrid(np.arange(SHAPE[1]) + 0.5, np.arange(SHAPE[0]) + 0.5)
    longitudes, latitudes = to_degrees.transform(*(GRID * (x, y)))
    west, north = longitudes.min() - 0.01, latitudes.max() + 0.001
    step_x, step_y = 0.002, 0.0004
    columns = int((longitudes.max() - west) / step_x) + 5
    rows = int((north - latitudes.min()) / step_y) + 5
    mask = np.random.default_rng(1).integers(0, 2, (rows, columns)).astype(np.uint8)
    transform = rasterio.Affine(step_x, 0, west, 0, -step_y, north)
    path = write(tmp_path / "m.tif", mask, crs="EPSG:4326", transform=transform)
    c, r = ((longitudes - west) // step_x, (north - latitudes) // step_y)
    truth = mask[r.astype(int), c.astype(int)] > 0
    drawn = draw_mask(str(path), ROSS_SEA, SHAPE)
    assert np.mean(drawn != truth) < 0.02


def test_a_mask_without_a_crs_is_refused(tmp_path):
    with pytest.raises(ValueError, match="without a CRS"):
        expect_mask(str(write(tmp_path / "m.tif", np.ones((9, 9), np.uint8))))
