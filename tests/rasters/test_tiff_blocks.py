"""Bytes of a TIFF that are no pixels of the place they are read for."""

import struct

import numpy as np
import pytest
import rasterio

from sea_ice_kedro.errors import InvalidScene
from sea_ice_kedro.rasters.geotiff import opened
from sea_ice_kedro.rasters.tiff_tags import first_directory
from tests.fabricate import floes, quiet, write

TILES = {"tiled": True, "blockxsize": 32, "blockysize": 32}
STRIPS = {"blockysize": 16}
WIDTH, OFFSETS, COUNTS = 322, 324, 325
STRIP_OFFSETS, STRIP_COUNTS = 273, 279


def read(path):
    with opened(str(path), foreign=True) as file:
        return file.read()


def put(path, tag, values):
    """Write other values of a tag in the place of its own."""
    content = path.read_bytes()
    before = first_directory(path, (tag,))[tag]
    for kind in "IH":
        there = struct.pack(f"<{len(before)}{kind}", *before)
        if content.count(there) == 1 or kind == "H":
            break
    now = struct.pack(f"<{len(values)}{kind}", *values)
    path.write_bytes(content.replace(there, now))
    assert first_directory(path, (tag,))[tag] == tuple(values)


@pytest.mark.parametrize(
    ("profile", "tag", "change", "said"),
    [
        (TILES, OFFSETS, lambda v: (v[0], 0, *v[2:]), "begins at byte 0"),
        (TILES, OFFSETS, lambda v: (v[0] + 1, *v[1:]), "lie over each other"),
        (TILES, COUNTS, lambda v: (v[0] * 2, *v[1:]), "lie over each other"),
        (TILES, COUNTS, lambda v: (v[0] // 2, *v[1:]), "tiles of less than"),
        (STRIPS, STRIP_OFFSETS, lambda v: (v[0], 0, *v[2:]), "begins at byte 0"),
        (
            {**STRIPS, "compress": "packbits"},
            STRIP_OFFSETS,
            lambda v: (v[0], v[0] + 9, *v[2:]),
            "lie over each other",
        ),
    ],
)
def test_a_block_where_no_block_can_be_is_refused(tmp_path, profile, tag, change, said):
    path = write(tmp_path / "a.tif", floes(96, 96), **profile)
    read(path)
    put(path, tag, change(first_directory(path, (tag,))[tag]))
    with quiet(), rasterio.open(path) as file:
        file.read()  # GDAL alone has nothing against it
    with pytest.raises(InvalidScene, match=rf"a\.tif: expected each block .*{said}"):
        read(path)


def test_a_block_that_is_stored_once_for_two_places_is_read(tmp_path):
    pixels = np.full((96, 96, 3), 7, np.uint8)
    path = write(tmp_path / "a.tif", pixels, **TILES)
    before = first_directory(path, (OFFSETS,))[OFFSETS]
    put(path, OFFSETS, (before[0],) * len(before))
    assert (read(path) == 7).all()


@pytest.mark.parametrize("big", ["YES", "NO"])
@pytest.mark.parametrize("endian", ["BIG", "LITTLE"])
@pytest.mark.parametrize("compress", ["none", "deflate", "jpeg", "lzw"])
@pytest.mark.parametrize("interleave", ["pixel", "band"])
def test_whatever_gdal_writes_is_read(tmp_path, big, endian, compress, interleave):
    options = {"BIGTIFF": big, "ENDIANNESS": endian, "interleave": interleave}
    for name, blocks in (("t", TILES), ("s", STRIPS)):
        path = tmp_path / f"{name}.tif"
        mask = np.full((90, 70), 255, np.uint8)
        write(path, floes(90, 70), mask, compress=compress, **options, **blocks)
        assert read(path).shape == (3, 90, 70)
