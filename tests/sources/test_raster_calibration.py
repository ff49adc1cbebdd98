import numpy as np
import pytest
import rasterio

from sea_ice_kedro.errors import InvalidScene
from sea_ice_kedro.sources.options import RasterOptions
from sea_ice_kedro.sources.scene_files import read_scene_file
from tests.fabricate import write

PACKED = {"scale_factor": "0.0001", "add_offset": "-0.1"}


def read(path, **options):
    return read_scene_file(str(path), RasterOptions(**options))


def tagged(path, tags, of_file=False, dtype=np.uint16, header=None, number=6000):
    path = write(path, np.full((4, 4, 3), number).astype(dtype))
    with rasterio.open(path, "r+") as file:
        for band in (1, 2, 3):
            if not of_file:
                file.update_tags(band, **tags)
        if of_file:
            file.update_tags(**tags)
        if header is not None:
            file.scales, file.offsets = (header[0],) * 3, (header[1],) * 3
    return path


@pytest.mark.parametrize(
    ("tags", "of_file"),
    [
        (PACKED, False),
        (PACKED, True),
        ({"SCALE_FACTOR": "1e-4", "Add_Offset": "-0.1"}, False),
        ({f"Band{n}#{k}": v for k, v in PACKED.items() for n in (1, 2, 3)}, True),
    ],
    ids=["bands", "file", "capitals", "named after bands"],
)
def test_scale_factor_and_add_offset_in_tags_are_used(tmp_path, tags, of_file):
    scene = read(tagged(tmp_path / "a.tif", tags, of_file))
    assert np.unique(scene.rgb).tolist() == [128]  # reflectance 0.5
    assert scene.origin.notes == ""


def test_tags_that_say_what_the_header_says_are_no_contradiction(tmp_path):
    path = tagged(tmp_path / "a.tif", PACKED, header=(1e-4, -0.1))
    assert np.unique(read(path).rgb).tolist() == [128]


@pytest.mark.parametrize(
    ("facts", "way_out"),
    [
        ({"header": (2e-4, 0.0)}, "scale=0.0002,ingestion.raster.offset=0"),
        ({"dtype": np.float32, "number": 0.5}, "scale=1,ingestion.raster.offset=0"),
    ],
    ids=["another header", "unpacked already"],
)
def test_a_file_that_contradicts_its_tags_is_refused_with_what_to_set(
    tmp_path, facts, way_out
):
    path = tagged(tmp_path / "a.tif", PACKED, **facts)
    with pytest.raises(InvalidScene, match=r"a\.tif: expected numbers") as refusal:
        read(path)
    assert way_out in str(refusal.value)
    scale = float(way_out.partition(",")[0].removeprefix("scale="))
    scene = read(path, scale=scale)
    assert "against scale_factor 0.0001" in scene.origin.notes


def test_a_setting_against_the_tags_is_followed_and_noted(tmp_path):
    scene = read(tagged(tmp_path / "a.tif", PACKED), scale=1e-4)
    assert np.unique(scene.rgb).tolist() == [153]
    assert scene.origin.notes == (
        "is read with scale 0.0001 and offset 0, against scale_factor 0.0001 and "
        "add_offset -0.1 in its tags"
    )


@pytest.mark.parametrize("said", ["nan", "1e308", "-0.0001", "a word"])
def test_tags_that_no_reflectance_is_stored_with_are_refused(tmp_path, said):
    with pytest.raises(InvalidScene, match=r"a\.tif: SCALE and OFFSET"):
        read(tagged(tmp_path / "a.tif", {"scale_factor": said}))


@pytest.mark.parametrize("key", ["_FillValue", "missing_value"])
def test_a_fill_value_in_tags_is_no_data(tmp_path, key):
    path = tagged(tmp_path / "a.tif", {**PACKED, key: "9999"})
    with rasterio.open(path, "r+") as file:
        numbers = file.read()
        numbers[:, 1, 2] = 9999
        file.write(numbers)
    assert np.argwhere(~read(path).valid_mask).tolist() == [[1, 2]]


def with_header(path, scales, offsets=(0.0,) * 3, number=6000):
    path = write(path, np.full((4, 4, 3), number, np.uint16))
    with rasterio.open(path, "r+") as file:
        file.scales, file.offsets = scales, offsets
    return path


def test_a_scale_of_some_bands_only_is_refused_unless_a_setting_says_what_is_right(
    tmp_path,
):
    path = with_header(tmp_path / "a.tif", (1e-4, 1.0, 1.0))
    with pytest.raises(InvalidScene, match=r"of red, green and blue, or of none.*some"):
        read(path)
    assert np.unique(read(path, scale=1e-4).rgb).tolist() == [153]


def test_each_band_may_have_a_scale_of_its_own(tmp_path):
    path = with_header(tmp_path / "a.tif", (1e-4, 5e-5, 2.5e-5))
    assert read(path).rgb[0, 0].tolist() == [153, 76, 38]


def test_an_offset_of_some_bands_only_is_told(tmp_path):
    path = with_header(tmp_path / "a.tif", (1e-4,) * 3, (-0.1, 0.0, 0.0))
    assert "an offset in some bands and none in others" in read(path).origin.notes


def test_a_scale_that_leaves_brightness_of_8_bits_black_is_told(tmp_path):
    path = with_header(tmp_path / "a.tif", (1e-4,) * 3, number=240)
    assert (
        "no number above 240 in green, as brightness of 8 bits"
        in read(path).origin.notes
    )
    path = with_header(tmp_path / "b.tif", (1 / 255,) * 3, number=240)
    assert read(path).origin.notes == ""
