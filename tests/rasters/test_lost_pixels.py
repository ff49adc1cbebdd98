import numpy as np
import pytest
import rasterio

from sea_ice_kedro.errors import InvalidScene
from sea_ice_kedro.rasters.geotiff import opened
from tests.fabricate import floes, quiet, write


def test_a_geotiff_whose_jpeg_is_damaged_is_refused_by_name(tmp_path):
    tiles = {"tiled": True, "blockxsize": 64, "blockysize": 64}
    path = write(tmp_path / "a.tif", floes(128, 128), compress="jpeg", **tiles)
    with opened(str(path), foreign=True) as file:
        whole = file.read()
    with quiet(), rasterio.open(path) as file:
        offset = int(file.get_tag_item("BLOCK_OFFSET_1_1", "TIFF", bidx=1))
        size = int(file.get_tag_item("BLOCK_SIZE_1_1", "TIFF", bidx=1))
    content = bytearray(path.read_bytes())
    middle = offset + size // 2
    content[middle : middle + 2] = b"\xff\xd9"  # "the picture ends here"
    path.write_bytes(content)
    with quiet(), rasterio.open(path) as file:
        assert not np.array_equal(file.read(), whole), "GDAL makes the rest up"
    with (
        pytest.raises(InvalidScene, match=r"a\.tif: expected whole pixels, got a warn"),
        opened(str(path), foreign=True) as file,
    ):
        file.read()
