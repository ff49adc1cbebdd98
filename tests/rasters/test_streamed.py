import subprocess
import sys
import warnings

import numpy as np
import pytest
import rasterio
from rasterio._env import get_gdal_config

from sea_ice_kedro.errors import CannotWrite, MissingInput
from sea_ice_kedro.rasters import streamed
from sea_ice_kedro.rasters.geotiff import georeference_of, opened, tags_of
from sea_ice_kedro.rasters.streamed import Frame, write_strips
from tests.fabricate import ROSS_SEA, quiet
from tests.runs import ROOT

NAMES = ("sea_ice_class", "confidence_percent")
PALETTE = np.zeros((256, 3), np.uint8)
PALETTE[:3] = [[255, 0, 0], [0, 0, 255], [0, 255, 0]]


def bands(height, width, seed=0):
    """Classes and confidence, (2, height, width), a tenth without data."""
    rng = np.random.default_rng(seed)
    values = np.stack(
        [rng.integers(0, 3, (height, width)), rng.integers(34, 101, (height, width))]
    )
    values[:, rng.random((height, width)) < 0.1] = 255
    return values.astype(np.uint8)


def strips_of(values, rows=100):
    for row in range(0, values.shape[1], rows):
        yield row, tuple(values[:, row : row + rows])


def write(path, values, strips=None, tags=lambda: {"scene_id": "s"}, **facts):
    frame = Frame(values.shape[1:], NAMES, 255, PALETTE, **facts)
    write_strips(str(path), frame, strips or strips_of(values), tags)
    return path


@pytest.mark.parametrize("shape", [(1, 1), (1, 300), (300, 1), (700, 600)])
def test_strips_become_one_raster_of_any_size(tmp_path, shape):
    values = bands(*shape)
    write(tmp_path / "a.tif", values, georeference=ROSS_SEA)
    with opened(str(tmp_path / "a.tif")) as file:
        assert np.array_equal(file.read(), values)
        assert georeference_of(file) == ROSS_SEA
        assert (file.descriptions, file.nodata) == (NAMES, 255.0)
    assert [p.name for p in tmp_path.iterdir()] == ["a.tif"]


def test_classes_open_in_colours_and_confidence_is_not_their_transparency(tmp_path):
    write(tmp_path / "a.tif", bands(300, 300))
    with quiet(), rasterio.open(tmp_path / "a.tif") as file:
        assert [c.name for c in file.colorinterp] == ["palette", "undefined"]
        assert file.colormap(1)[1][:3] == (0, 0, 255)
        assert file.colormap(1)[2][:3] == (0, 255, 0)


def test_a_large_raster_is_cloud_optimised_with_overviews_of_classes_only(tmp_path):
    values = bands(600, 600)
    values[0, ::2], values[0, 1::2] = 0, 2  # averaging would give 1
    write(tmp_path / "a.tif", values)
    with quiet(), rasterio.open(tmp_path / "a.tif") as file:
        assert file.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
        assert file.block_shapes == [(256, 256), (256, 256)]
        assert file.overviews(1) == file.overviews(2) == [2, 4]
        assert set(np.unique(file.read(1, out_shape=(150, 150)))) <= {0, 2}


def test_while_a_map_is_written_gdal_keeps_a_row_of_blocks_of_its_scene(tmp_path):
    seen = []

    def strips():
        for strip in strips_of(bands(250, 20)):
            seen.append(get_gdal_config("GDAL_CACHEMAX"))
            yield strip

    write(tmp_path / "a.tif", bands(250, 20), strips())
    assert min(seen) >= 3 * 256 * 20_000  # bytes: three bands of a row of blocks


def test_tags_are_asked_for_when_the_last_strip_is_written(tmp_path):
    seen = []

    def strips():
        for strip in strips_of(bands(250, 20)):
            seen.append(strip[0])
            yield strip

    write(
        tmp_path / "a.tif", bands(250, 20), strips(), tags=lambda: {"rows": str(seen)}
    )
    with opened(str(tmp_path / "a.tif")) as file:
        assert tags_of(file) == {"rows": "[0, 100, 200]"}


@pytest.mark.parametrize("rows", [7, 100, 256, 700])
def test_the_same_pixels_in_other_strips_give_the_same_bytes(tmp_path, rows):
    values = bands(700, 300)
    first = write(tmp_path / "a.tif", values).read_bytes()
    other = write(tmp_path / "b.tif", values, strips_of(values, rows)).read_bytes()
    assert first == other


def test_a_raster_without_a_place_has_none_and_no_warning(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        write(tmp_path / "a.tif", bands(30, 30))
        with opened(str(tmp_path / "a.tif")) as file:
            assert georeference_of(file) is None


@pytest.mark.parametrize(
    ("kept", "match"),
    [([0, 2], "from row 100 on, got row 200"), ([0, 1], "from row 200 on, got row 2")],
    ids=["a gap", "an end too early"],
)
def test_strips_that_are_not_the_whole_raster_leave_no_file(tmp_path, kept, match):
    values = bands(250, 20)
    strips = list(strips_of(values))
    with pytest.raises(ValueError, match=match):
        write(tmp_path / "a.tif", values, iter([strips[i] for i in kept]))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("error", [MissingInput("no model"), ZeroDivisionError("x")])
def test_what_goes_wrong_in_a_strip_is_not_said_of_the_disk(tmp_path, error):
    def strips():
        yield from list(strips_of(bands(250, 20)))[:1]
        raise error

    (tmp_path / "a.tif").write_text("old")
    with pytest.raises(type(error), match=str(error)) as raised:
        write(tmp_path / "a.tif", bands(250, 20), strips())
    assert raised.value is error
    assert [p.name for p in tmp_path.iterdir()] == ["a.tif"]
    assert (tmp_path / "a.tif").read_text() == "old"


def test_a_file_where_a_folder_should_be_is_said_with_the_way_out(tmp_path):
    (tmp_path / "predictions").write_text("a file")
    with pytest.raises(CannotWrite, match="SEA_ICE_DATA to a folder you may write to"):
        write(tmp_path / "predictions" / "a.tif", bands(20, 20))


def lost_block(values):
    values[:, 256:] = 255


def one_bit(values):
    values[1, 0, 0] ^= 1


@pytest.mark.parametrize("damage", [lost_block, one_bit])
def test_a_file_that_does_not_hold_what_was_written_is_refused(
    tmp_path, monkeypatch, damage
):
    whole = streamed.copy

    def copy_and_damage(draft, part, **options):
        with rasterio.open(draft, "r+") as file:
            values = file.read()
            damage(values)
            file.write(values)
        whole(draft, part, **options)

    monkeypatch.setattr(streamed, "copy", copy_and_damage)
    with pytest.raises(CannotWrite, match="does not hold what was written to it"):
        write(tmp_path / "a.tif", bands(300, 300))
    assert list(tmp_path.iterdir()) == []


FULL_DISK = """
import resource, sys
from pathlib import Path
from sea_ice_kedro.errors import CannotWrite
from tests.rasters.test_streamed import bands, write

folder = Path(sys.argv[1])
path, values = folder / "a.tif", bands(300, 300)
whole = write(path, values).read_bytes()
path.unlink()
accepted = refused = 0
for room in [*range(0, 2 * len(whole), len(whole) // 16), len(whole) - 1]:
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, resource.RLIM_INFINITY))
    try:
        write(path, values)
    except CannotWrite:
        refused += 1
        assert not list(folder.iterdir()), (room, list(folder.iterdir()))
    else:
        accepted += 1
        assert path.read_bytes() == whole, f"{room} of {len(whole)} bytes"
        path.unlink()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
assert accepted and refused
print("all refused or whole")
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
    assert done.stdout == "all refused or whole\n", done.stderr[-2000:]


def test_a_tag_without_a_value_is_left_out(tmp_path):
    path = tmp_path / "a.tif"
    write(path, bands(64, 64), tags=lambda: {"scene_id": "s", "model": ""})
    with opened(str(path)) as file:
        assert "SEA_ICE_MODEL" not in file.tags()
