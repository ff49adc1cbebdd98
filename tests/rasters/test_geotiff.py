import subprocess
import sys
import warnings

import pytest
import rasterio
from rasterio.errors import CRSError

from sea_ice_kedro.errors import CannotWrite, InvalidScene
from sea_ice_kedro.imagery.arrays import Georeference
from sea_ice_kedro.rasters.geotiff import (
    PRODUCT,
    WORKING,
    Layers,
    georeference_of,
    opened,
    tags_of,
    write_raster,
)
from tests.fabricate import ROSS_SEA, cut, floes, quiet, write
from tests.runs import ROOT

ROTATED = Georeference("EPSG:32758", (7.1, 7.1, 499980.123, 7.1, -7.1, 1400040.456))
LOCAL = Georeference(
    'LOCAL_CS["a floe",UNIT["metre",1]]', (10.0, 0.0, 5.0, 0.0, -10.0, 5.0)
)
BAND = floes()[..., 0]


def layers(**facts):
    return Layers(bands=[BAND], names=["brightness"], **facts)


@pytest.mark.parametrize("options", [WORKING, PRODUCT], ids=["working", "product"])
@pytest.mark.parametrize(
    "georeference",
    [
        ROSS_SEA,
        ROTATED,
        Georeference("EPSG:32606", (10.0, 0.0, 300000.0, 0.0, -10.0, 7800000.0)),
        Georeference("EPSG:4326", (1e-4 / 3, 0.0, -170.1, 0.0, -1e-4 / 3, -77.7)),
    ],
    ids=["polar", "rotated", "utm", "degrees"],
)
def test_the_georeference_survives_to_the_last_digit(tmp_path, georeference, options):
    path = str(tmp_path / "a.tif")
    write_raster(path, layers(georeference=georeference), options)
    with opened(path) as file:
        assert georeference_of(file) == georeference


def test_a_crs_without_an_authority_survives_as_text(tmp_path):
    path = str(tmp_path / "a.tif")
    write_raster(path, layers(georeference=LOCAL), WORKING)
    with opened(path) as file:
        assert georeference_of(file).crs.startswith('LOCAL_CS["a floe"')


def test_a_raster_without_a_place_has_none_and_no_warning(tmp_path):
    path = str(tmp_path / "a.tif")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        write_raster(path, layers(), WORKING)
        with opened(path) as file:
            assert georeference_of(file) is None


def test_tags_are_ours_and_lose_their_prefix(tmp_path):
    path = str(tmp_path / "a.tif")
    write_raster(path, layers(tags={"scene_id": "ä 1", "Recipe": "[1]"}), WORKING)
    with quiet(), rasterio.open(path, "r+") as file:
        file.update_tags(FOREIGN="x")
    with opened(path) as file:
        assert tags_of(file) == {"scene_id": "ä 1", "recipe": "[1]"}


def test_validity_is_a_mask_inside_the_file(tmp_path):
    path, valid_mask = tmp_path / "a.tif", BAND > 100
    write_raster(str(path), layers(valid_mask=valid_mask), WORKING)
    with opened(str(path)) as file:
        assert (file.dataset_mask() > 0).tolist() == valid_mask.tolist()
    assert [p.name for p in tmp_path.iterdir()] == ["a.tif"]


def test_the_same_layers_give_the_same_bytes(tmp_path):
    for name in ("a.tif", "b.tif"):
        write_raster(str(tmp_path / name), layers(georeference=ROSS_SEA), PRODUCT)
    first, second = ((tmp_path / name).read_bytes() for name in ("a.tif", "b.tif"))
    assert first == second


@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.97])
@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.tif"])
def test_a_truncated_file_is_never_read_as_a_whole_one(tmp_path, name, share):
    path = write(tmp_path / name, floes(200, 180))
    with (
        pytest.raises(InvalidScene, match=rf"^{name}: expected a whole, readable"),
        opened(str(cut(path, share))) as file,
    ):
        file.read()


@pytest.mark.parametrize("name", ["a.png", "a.jpg"])
def test_a_damaged_file_is_never_read_as_a_whole_one(tmp_path, name):
    path = write(tmp_path / name, floes(200, 180))
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 8] = bytes(b ^ 0x5A for b in content[middle : middle + 8])
    path.write_bytes(content)
    with pytest.raises(InvalidScene, match=f"^{name}: "), opened(str(path)) as file:
        file.read()


def test_a_file_that_points_to_other_files_is_no_scene(tmp_path):
    write(tmp_path / "a.png", floes(20, 20))
    (tmp_path / "b.tif").write_text(
        '<VRTDataset rasterXSize="20" rasterYSize="20"><VRTRasterBand dataType="Byte" '
        'band="1"><SimpleSource><SourceFilename relativeToVRT="1">a.png'
        "</SourceFilename></SimpleSource></VRTRasterBand></VRTDataset>"
    )
    with pytest.raises(InvalidScene, match=r"b\.tif"), opened(str(tmp_path / "b.tif")):
        pass


def test_a_file_that_is_not_there_is_said_to_be_missing(tmp_path):
    with (
        pytest.raises(FileNotFoundError, match="no such file"),
        opened(str(tmp_path / "none.tif")),
    ):
        pass


def test_a_file_where_a_folder_should_be_is_said_with_the_way_out(tmp_path):
    (tmp_path / "scenes").write_text("a file")
    with pytest.raises(CannotWrite, match="SEA_ICE_DATA to a folder you may write to"):
        write_raster(str(tmp_path / "scenes" / "a.tif"), layers(), WORKING)


FULL_DISK = """
import resource, sys
from pathlib import Path
import numpy as np
from sea_ice_kedro.errors import CannotWrite
from sea_ice_kedro.rasters.geotiff import PRODUCT, WORKING, Layers, write_raster

folder = Path(sys.argv[1])
noise = np.random.default_rng(0).integers(0, 256, (3, 300, 300), np.uint8)
mask = noise[0] > 20


def limit(size):
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


for options, valid_mask in ((WORKING, mask), (PRODUCT, None)):
    layers = Layers(bands=list(noise), names=["r", "g", "b"], valid_mask=valid_mask)
    path = folder / "scene.tif"
    write_raster(str(path), layers, options)
    full = path.stat().st_size
    path.unlink()
    for room in [*range(0, full, full // 16), *range(full - 300, full, 60), full - 1]:
        limit(room)
        try:
            write_raster(str(path), layers, options)
        except CannotWrite:
            assert not list(folder.iterdir()), (room, list(folder.iterdir()))
        else:
            raise AssertionError(f"{room} of {full} bytes were called a whole file")
        finally:
            limit(resource.RLIM_INFINITY)
    limit(full)
    write_raster(str(path), layers, options)
    path.unlink()
    limit(resource.RLIM_INFINITY)
print("all refused")
"""


@pytest.mark.slow
def test_a_disk_full_at_any_byte_is_an_error_and_leaves_no_half_file(tmp_path):
    # A limit on the size of files stands for the end of the disk: it needs no root.
    folder = tmp_path / "disk"
    folder.mkdir()
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.stdout == "all refused\n", done.stderr[-2000:]


def test_a_bucket_that_cannot_be_written_to_is_named_with_the_way_out(bucket):
    url = f"{bucket.url}-of-others/scenes/a.tif"
    with pytest.raises(CannotWrite) as error:
        write_raster(url, layers(), WORKING)
    said = str(error.value)
    assert f"a.tif: expected to write it to {bucket.url}-of-others/scenes, got" in said
    assert "See that the bucket exists" in said
    assert "MB free" not in said


def test_the_room_left_is_that_of_the_disk(tmp_path):
    (tmp_path / "scenes").write_text("a file")
    for folder in (str(tmp_path / "scenes"), f"file://{tmp_path}/scenes"):
        with pytest.raises(CannotWrite, match=r"MB free\), got") as error:
            write_raster(f"{folder}/a.tif", layers(), WORKING)
        assert f"to write it to {tmp_path}/scenes (" in str(error.value)


def test_a_crs_that_cannot_be_read_is_said_with_the_way_out(tmp_path):
    write_raster(str(tmp_path / "a.tif"), layers(), WORKING)
    with (
        pytest.raises(InvalidScene, match=r"a\.tif: expected a CRS.*-a_srs EPSG:3031"),
        opened(str(tmp_path / "a.tif")),
    ):
        raise CRSError("no such thing")
