from datetime import datetime, timezone

import numpy as np
import pytest
from rasterio import Affine
from rasterio.enums import ColorInterp

from sea_ice_kedro.errors import InvalidScene
from sea_ice_kedro.imagery.arrays import Georeference
from sea_ice_kedro.imagery.reflectance import BrightnessOptions
from sea_ice_kedro.sources.options import RasterOptions
from sea_ice_kedro.sources.scene_files import read_scene_file
from tests.fabricate import cut, floes, write

RGBA = [ColorInterp.red, ColorInterp.green, ColorInterp.blue, ColorInterp.alpha]
DN = RasterOptions(scale=1e-4, offset=-0.1)


def read(path, **options):
    return read_scene_file(str(path), RasterOptions(**options))


def with_black(rows, columns, height=48, width=64):
    rgb = floes(height, width)
    rgb[rows, columns] = 0
    return rgb


WEDGE = with_black(slice(0, 12), slice(0, 20))
LAKE = with_black(slice(20, 32), slice(20, 40))


@pytest.mark.parametrize("name", ["a.png", "a.tif"])
def test_eight_bit_rgb_is_read_as_it_is(tmp_path, name):
    scene = read(write(tmp_path / name, floes()))
    assert np.array_equal(scene.rgb, floes())
    assert scene.valid_mask.all()
    assert (scene.scene_id, scene.georeference, scene.acquired) == ("a", None, None)
    assert (scene.origin.source, scene.origin.location) == ("folder", name)


def test_a_jpeg_is_read_as_near_as_jpeg_keeps_it(tmp_path):
    scene = read(write(tmp_path / "a.jpg", np.full((16, 16, 3), 120, np.uint8)))
    assert np.abs(scene.rgb.astype(int) - 120).max() <= 2


@pytest.mark.parametrize("name", ["a.png", "a.tif"])
def test_alpha_says_what_was_observed(tmp_path, name):
    rgba = np.dstack([floes(), np.full((48, 64), 255, np.uint8)])
    rgba[:5, :, 3] = 0
    scene = read(write(tmp_path / name, rgba, colorinterp=RGBA))
    assert scene.rgb.shape == (48, 64, 3)
    assert not scene.valid_mask[:5].any()
    assert scene.valid_mask[5:].all()


def test_a_nodata_value_in_the_file_says_what_was_observed(tmp_path):
    rgb = np.maximum(floes(), 8)
    rgb[:5] = 7
    scene = read(write(tmp_path / "a.tif", rgb, nodata=7))
    assert not scene.valid_mask[:5].any()
    assert scene.valid_mask[5:].all()


def test_a_mask_in_the_file_says_what_was_observed(tmp_path):
    mask = np.full((48, 64), 255, np.uint8)
    mask[:, :9] = 0
    scene = read(write(tmp_path / "a.tif", WEDGE, mask=mask))
    assert not scene.valid_mask[:, :9].any()
    assert scene.valid_mask[:, 9:].all()


@pytest.mark.parametrize(
    ("crs", "transform"),
    [
        ("EPSG:3031", (10.0, 0.0, -300000.123456789, 0.0, -10.0, -1200000.5)),
        ("EPSG:32758", (10.0, 0.0, 499980.0, 0.0, -10.0, 1400040.0)),
        ("EPSG:32758", (7.1, 7.1, 499980.25, 7.1, -7.1, 1400040.75)),
        ("EPSG:4326", (1e-4 / 3, 0.0, -170.1, 0.0, -1e-4 / 3, -77.7)),
    ],
    ids=["polar", "utm", "rotated", "degrees"],
)
def test_the_georeference_is_kept_to_the_last_digit(tmp_path, crs, transform):
    path = write(tmp_path / "a.tif", floes(), crs=crs, transform=Affine(*transform))
    assert read(path).georeference == Georeference(crs, transform)


@pytest.mark.parametrize(
    ("number", "brightness"),
    [
        (0, 0),
        (1000, 0),
        (2196, 30),
        (2197, 31),
        (9000, 204),
        (9019, 204),
        (9020, 205),
        (11000, 255),
        (65535, 255),
    ],
)
def test_digital_numbers_become_the_brightness_of_their_reflectance(
    tmp_path, number, brightness
):
    numbers = np.full((4, 4, 3), number, np.uint16)
    scene = read_scene_file(str(write(tmp_path / "a.tif", numbers)), DN)
    assert np.unique(scene.rgb).tolist() == [brightness]


@pytest.mark.parametrize(
    ("reflectance", "white", "gamma", "brightness"),
    [
        (0.80, 1.0, 1.0, 204),
        (0.80, 0.8, 1.0, 255),
        (0.25, 1.0, 2.0, 128),
        (-0.1, 1.0, 1.0, 0),
    ],
)
def test_reflectance_becomes_brightness_by_white_and_gamma(
    tmp_path, reflectance, white, gamma, brightness
):
    path = write(tmp_path / "a.tif", np.full((4, 4, 3), reflectance, np.float32))
    options = RasterOptions(scale=1.0)
    scene = read_scene_file(
        str(path), options, brightness=BrightnessOptions(white, gamma)
    )
    assert np.unique(scene.rgb).tolist() == [brightness]


def test_digital_number_0_is_no_data_anywhere_and_dark_water_is_not(tmp_path):
    numbers = np.full((48, 64, 3), 900, np.uint16)  # reflectance below 0
    numbers[:12, :20] = 0
    numbers[30, 40, 1] = 0
    scene = read_scene_file(str(write(tmp_path / "a.tif", numbers)), DN)
    assert scene.rgb.max() == 0
    assert not scene.valid_mask[:12, :20].any()
    assert not scene.valid_mask[30, 40]
    assert scene.valid_mask.sum() == 48 * 64 - 12 * 20 - 1


def test_black_borders_count_beside_a_configured_number(tmp_path):
    rgb = np.full((48, 64, 3), 200, np.uint8)
    rgb[:12, :20] = 0
    rgb[30, 40] = 77
    path = write(tmp_path / "a.tif", rgb)
    scene = read(path, nodata=77, validity="border", border_margin_px=0)
    assert scene.valid_mask.sum() == 48 * 64 - 12 * 20 - 1


def test_an_8_bit_file_with_a_scale_for_digital_numbers_is_refused(tmp_path):
    path = write(tmp_path / "a.tif", np.full((8, 8, 3), 240, np.uint8))
    with pytest.raises(InvalidScene, match=r"a\.tif: .*8-bit file.*leave the scale"):
        read(path, scale=1e-4)
    assert read(path, scale=1 / 255).rgb.max() == 240


def test_a_true_colour_image_is_refused_with_the_bands_to_use(tmp_path):
    rgb = np.full((8, 8, 3), 240, np.uint8)
    path = write(tmp_path / "T03CWT_20191103T190921_TCI_10m.tif", rgb)
    with pytest.raises(InvalidScene, match=r"TCI_10m\.tif: .*use bands B04, B03, B02"):
        read(path)


def test_a_configured_number_means_not_observed_wherever_it_is(tmp_path):
    numbers = np.full((48, 64, 3), 5000, np.uint16)
    numbers[20, 20, 1] = 0
    path = write(tmp_path / "a.tif", numbers)
    scene = read(path, scale=1e-4, nodata=0)
    assert np.argwhere(~scene.valid_mask).tolist() == [[20, 20]]


def test_bands_are_taken_in_the_configured_order(tmp_path):
    bands = np.dstack([np.full((4, 4), n, np.uint8) for n in (10, 20, 30, 40, 50)])
    scene = read(write(tmp_path / "a.tif", bands), bands=(4, 3, 2))
    assert scene.rgb[0, 0].tolist() == [40, 30, 20]


@pytest.mark.parametrize(
    ("validity", "wedge", "lake"),
    [
        ("auto", 1 - 14 * 22 / 3072, 1.0),
        ("border", 1 - 14 * 22 / 3072, 1.0),
        ("file", 1.0, 1.0),
        ("all", 1.0, 1.0),
    ],
)
def test_black_at_the_border_is_no_data_and_a_black_lake_is_water(
    tmp_path, validity, wedge, lake
):
    first, second = write(tmp_path / "a.png", WEDGE), write(tmp_path / "b.png", LAKE)
    assert read(first, validity=validity).valid_mask.mean() == pytest.approx(wedge)
    assert read(second, validity=validity).valid_mask.mean() == lake


@pytest.mark.parametrize(
    ("validity", "observed"), [("auto", 0.5), ("file", 0.5), ("all", 1.0)]
)
def test_the_word_of_the_file_goes_before_black_borders(tmp_path, validity, observed):
    mask = np.zeros((48, 64), np.uint8)
    mask[:, :32] = 255  # the black wedge is observed
    path = write(tmp_path / "a.tif", WEDGE, mask=mask)
    assert read(path, validity=validity).valid_mask.mean() == observed


@pytest.mark.parametrize(
    ("stem", "time"),
    [
        ("S2A_MSIL1C_20191103T190921_N0208_R056_T04CEA_20191103T202518", (3, 19, 9)),
        ("20191130T235959", (30, 23, 59)),
        ("T04CEA_20191131T190921", None),  # there is no 31 November
        ("120191103T190921", None),
        ("s2_vis_00", None),
    ],
)
def test_the_time_is_read_from_a_sentinel_2_name(tmp_path, stem, time):
    acquired = read(write(tmp_path / f"{stem}.png", floes(4, 4))).acquired
    if time is None:
        assert acquired is None
    else:
        day, hour, minute = time
        assert acquired.replace(second=0) == datetime(
            2019, 11, day, hour, minute, tzinfo=timezone.utc
        )


@pytest.mark.parametrize("count", [1, 2, 4, 5])
def test_a_raster_without_three_bands_is_refused_with_the_way_out(tmp_path, count):
    bands = np.full((8, 8, count), 9, np.uint8)
    interpretation = [ColorInterp.undefined] * count
    interpretation[0] = ColorInterp.gray
    path = write(tmp_path / "a.tif", bands, colorinterp=interpretation)
    with pytest.raises(InvalidScene) as refusal:
        read(path)
    text = str(refusal.value)
    assert text.startswith("a.tif: expected three bands R, G, B (and maybe alpha)")
    assert f"got {count} band(s)" in text
    way_out = "raster.bands=3-2-1" if count > 3 else "export the scene with red, green"
    assert way_out in text


def test_a_band_that_the_raster_lacks_is_named(tmp_path):
    path = write(tmp_path / "a.png", floes(8, 8))
    with pytest.raises(
        InvalidScene, match=r"a\.png: expected bands \[4, 3, 2\] .* raster of 3 band"
    ):
        read(path, bands=(4, 3, 2))


@pytest.mark.parametrize("dtype", ["uint16", "int16", "float32"])
def test_numbers_without_a_scale_are_refused_with_the_way_out(tmp_path, dtype):
    path = write(tmp_path / "a.tif", np.full((8, 8, 3), 5000).astype(dtype))
    with pytest.raises(InvalidScene) as refusal:
        read(path)
    assert f"a.tif: expected 8-bit brightness, got {dtype}" in str(refusal.value)
    assert "ingestion.raster.scale=0.0001" in str(refusal.value)


def reflectance_with_nan(tmp_path, **profile):
    reflectance = np.full((8, 8, 3), 0.5, np.float32)
    reflectance[2, 3, 1] = np.nan
    return write(tmp_path / "a.tif", reflectance, **profile)


def test_nan_that_nothing_explains_is_refused_with_the_way_out(tmp_path):
    with pytest.raises(InvalidScene) as refusal:
        read(reflectance_with_nan(tmp_path), scale=1.0)
    assert "a.tif: expected numbers, got NaN or infinity in 1 pixels" in str(
        refusal.value
    )
    assert "ingestion.raster.nodata=.nan" in str(refusal.value)


@pytest.mark.parametrize(
    ("profile", "options"),
    [({"nodata": np.nan}, {}), ({}, {"nodata": np.nan})],
    ids=["the file", "the configuration"],
)
def test_nan_is_no_data_where_somebody_says_so(tmp_path, profile, options):
    scene = read(reflectance_with_nan(tmp_path, **profile), scale=1.0, **options)
    assert np.argwhere(~scene.valid_mask).tolist() == [[2, 3]]
    assert scene.rgb[0, 0].tolist() == [128, 128, 128]


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.tif"])
def test_a_truncated_file_is_refused_with_the_way_out(tmp_path, name):
    path = cut(write(tmp_path / name, floes(200, 180)), 0.5)
    with pytest.raises(InvalidScene) as refusal:
        read(path)
    assert str(refusal.value).startswith(f"{name}: expected a whole, readable raster")
    assert "Fetch or export it again" in str(refusal.value)


@pytest.mark.parametrize("content", ["", "not a picture\n", "<html>404</html>"])
def test_a_text_file_of_a_picture_s_name_is_refused(tmp_path, content):
    (tmp_path / "a.png").write_text(content)
    with pytest.raises(InvalidScene, match=r"a\.png: expected a whole, readable"):
        read(tmp_path / "a.png")


def test_a_picture_under_another_format_s_name_is_read_for_what_it_is(tmp_path):
    write(tmp_path / "a.png", floes()).rename(tmp_path / "a.tif")
    assert np.array_equal(read(tmp_path / "a.tif").rgb, floes())


def test_more_pixels_than_allowed_are_refused_unread(tmp_path):
    path = write(tmp_path / "a.png", floes())
    with pytest.raises(InvalidScene) as refusal:
        read(path, max_pixels=48 * 64 - 1)
    assert "a.png: expected at most 3,071 pixels, got 64 x 48 = 3,072" in str(
        refusal.value
    )
    assert "raise ingestion.raster.max_pixels" in str(refusal.value)
    assert read(path, max_pixels=48 * 64).shape == (48, 64)


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (9, 1)])
def test_the_smallest_scenes_are_scenes(tmp_path, shape):
    scene = read(write(tmp_path / "a.png", np.full((*shape, 3), 9, np.uint8)))
    assert (scene.shape, scene.valid_mask.all()) == (shape, True)
