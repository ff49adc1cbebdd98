import numpy as np
import pytest
import rasterio

from sea_ice_kedro.rasters.tiff_tags import EXTRA_SAMPLES, set_short
from tests.fabricate import quiet


@pytest.mark.parametrize("endianness", ["LITTLE", "BIG"])
@pytest.mark.parametrize("bigtiff", ["NO", "YES"])
def test_a_value_changes_in_every_directory_and_nothing_else(
    tmp_path, bigtiff, endianness
):
    path = tmp_path / "a.tif"
    values = np.random.default_rng(0).integers(0, 256, (4, 600, 600), np.uint8)
    options = {"bigtiff": bigtiff, "endianness": endianness, "alpha": "yes"}
    with quiet(), rasterio.open(
        path, "w", driver="GTiff", width=600, height=600, count=4, dtype="uint8",
        **options,
    ) as file:  # fmt: skip
        file.write(values)
        file.build_overviews([2, 4])
    with quiet(), rasterio.open(path) as file:
        assert file.colorinterp[3].name == "alpha"
    before = path.read_bytes()
    set_short(path, EXTRA_SAMPLES, 0)
    after = path.read_bytes()
    changed = [a for a, b in zip(before, after, strict=True) if a != b]
    assert len(changed) == 3  # itself and two overviews
    for level in (None, 0, 1):
        options = {} if level is None else {"overview_level": level}
        with quiet(), rasterio.open(path, **options) as file:
            assert file.colorinterp[3].name == "undefined"
    with quiet(), rasterio.open(path) as file:
        assert np.array_equal(file.read(), values)


def test_a_file_without_the_tag_stays_as_it_is(tmp_path):
    path = tmp_path / "a.tif"
    with quiet(), rasterio.open(
        path, "w", driver="GTiff", width=9, height=9, count=1, dtype="uint8"
    ) as file:  # fmt: skip
        file.write(np.zeros((1, 9, 9), np.uint8))
    before = path.read_bytes()
    set_short(path, EXTRA_SAMPLES, 0)
    assert path.read_bytes() == before
