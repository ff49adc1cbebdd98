import re
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
import rasterio
from PIL import Image
from rasterio import Affine
from rasterio.control import GroundControlPoint
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


@pytest.mark.parametrize(
    ("bands", "colours"),
    [
        ([0, 1, 2, 0, 3], [*RGBA[:3], ColorInterp.undefined, ColorInterp.alpha]),
        ([3, 0, 1, 2], [ColorInterp.alpha, *RGBA[:3]]),
    ],
    ids=["after a fourth band", "first"],
)
def test_alpha_counts_wherever_it_stands(tmp_path, bands, colours):
    rgba = np.dstack([floes(), np.full((48, 64), 255, np.uint8)])
    rgba[:5, :, 3] = 0
    pixels = rgba[..., bands]
    path = write(tmp_path / "a.tif", pixels, photometric="MINISBLACK")
    with rasterio.open(path, "r+") as file:
        file.colorinterp = colours
        if len(bands) > 4:
            file.descriptions = ("red", "green", "blue", "nir", None)
    scene = read(path)
    assert np.array_equal(scene.rgb, floes())
    assert not scene.valid_mask[:5].any()
    assert scene.valid_mask[5:].all()


def test_partly_transparent_pixels_are_mixed_and_not_observed(tmp_path):
    rgba = np.dstack([floes(), np.full((48, 64), 200, np.uint8)])  # a layer's opacity
    rgba[:5, :, 3], rgba[5, :, 3] = 0, 90
    scene = read(write(tmp_path / "a.png", rgba, colorinterp=RGBA))
    assert not scene.valid_mask[:6].any()
    assert scene.valid_mask[6:].all()
    assert "64 partly transparent pixels" in scene.origin.notes


@pytest.mark.parametrize("named", [True, False])
def test_near_infrared_that_gdal_takes_for_alpha_hides_nothing(tmp_path, named):
    """GDAL calls the fourth band of any 8-bit GeoTIFF alpha."""
    nir = np.random.default_rng(1).integers(20, 250, (48, 64), dtype=np.uint8)
    path = write(tmp_path / "a.tif", np.dstack([floes(), nir]))
    with rasterio.open(path, "r+") as file:
        assert file.colorinterp[3] == ColorInterp.alpha
        if named:
            file.descriptions = ("red", "green", "blue", "nir")
    scene = read(path)
    assert scene.valid_mask.all()
    assert np.array_equal(scene.rgb, floes())


def test_a_few_pixels_more_opaque_than_a_layer_make_it_no_less_observed(tmp_path):
    rgba = np.dstack([floes(), np.full((48, 64), 254, np.uint8)])
    rgba[0, 0, 3] = 255
    assert read(write(tmp_path / "a.png", rgba, colorinterp=RGBA)).valid_mask.all()


def test_alpha_and_a_nodata_value_both_count(tmp_path):
    rgb = np.maximum(floes(), 8)
    rgb[:5] = 7
    alpha = np.full((48, 64), 255, np.uint8)
    alpha[5:9] = 0
    pixels = np.dstack([rgb, rgb[..., 0], alpha])
    path = write(tmp_path / "a.tif", pixels, photometric="MINISBLACK", nodata=7)
    with rasterio.open(path, "r+") as file:
        file.descriptions = ("red", "green", "blue", "nir", "alpha")
    scene = read(path)
    assert not scene.valid_mask[:9].any()
    assert scene.valid_mask[9:].all()


@pytest.mark.parametrize("name", ["a.jpg", "a.tif"])
def test_a_picture_that_is_to_be_turned_is_read_as_stored_and_told(tmp_path, name):
    exif = Image.Exif()
    exif[274] = 3
    kind = {"exif": exif} if name == "a.jpg" else {"tiffinfo": {274: 3}}
    Image.fromarray(floes()).save(tmp_path / name, **kind)
    scene = read(tmp_path / name)
    assert np.abs(scene.rgb.astype(int) - floes()).mean() < 20
    assert "turned or mirrored (orientation 3)" in scene.origin.notes


def test_a_crs_without_a_corner_is_no_place_and_told(tmp_path):
    scene = read(write(tmp_path / "a.tif", floes(), crs="EPSG:3031"))
    assert scene.georeference is None
    assert "has a CRS and no corner and pixel size" in scene.origin.notes


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


BLUE_FIRST = [ColorInterp.blue, ColorInterp.green, ColorInterp.red]
UNTOLD = [ColorInterp.gray, ColorInterp.undefined, ColorInterp.undefined]


def described(path, names, **profile):
    """Write a file that names its bands; GDAL's words for colours unless given."""
    pixels = np.dstack([np.full((4, 4), n, np.uint8) for n in (10, 20, 30)])
    path = write(path, pixels, **profile)
    with rasterio.open(path, "r+") as file:
        file.descriptions = names
    return path


@pytest.mark.parametrize(
    ("names", "colours", "red_green_blue"),
    [
        ((None, None, None), BLUE_FIRST, [30, 20, 10]),
        (("B2", "B3", "B4"), None, [30, 20, 10]),
        (("B02", "B03", "B04"), UNTOLD, [30, 20, 10]),
        (("blue", "green", "red"), BLUE_FIRST, [30, 20, 10]),
        (("B4, central wavelength 665 nm", "Green", "B2"), UNTOLD, [10, 20, 30]),
        (("B", "G", "R"), None, [30, 20, 10]),
        (("Band 2", "Band 3", "Band 4"), None, [30, 20, 10]),
        (("Band 1", "Band 2", "Band 3"), None, [10, 20, 30]),
        (("490 nm", "560 nm", "665 nm"), None, [30, 20, 10]),
        (("0.49 um", "0.56 um", "0.665 um"), None, [30, 20, 10]),
        (("sur_refl_b03", "sur_refl_b04", "sur_refl_b01"), None, [30, 20, 10]),
        ((None, None, None), UNTOLD, [10, 20, 30]),
        (("490", "560", "665"), None, [30, 20, 10]),
        (("0.49", "0.56", "0.665"), None, [30, 20, 10]),
    ],
)
def test_bands_are_taken_in_the_order_that_the_file_says(
    tmp_path, names, colours, red_green_blue
):
    path = described(tmp_path / "a.tif", names, colorinterp=colours)
    scene = read(path)
    assert scene.rgb[0, 0].tolist() == red_green_blue
    assert scene.origin.notes == ""


@pytest.mark.parametrize(
    ("names", "colours"),
    [
        (("B8", "B4", "B3"), None),  # infrared is not red
        (("red edge 1", "green", "blue"), None),
        (("B4", "B3", "B2"), BLUE_FIRST),
    ],
)
def test_bands_that_say_something_else_are_refused_with_the_way_out(
    tmp_path, names, colours
):
    path = described(tmp_path / "a.tif", names, colorinterp=colours)
    with pytest.raises(InvalidScene, match=r"a\.tif: .*ingestion\.raster\.bands="):
        read(path)


NEW, OLD = ("SR_B2", "SR_B3", "SR_B4"), ("SR_B1", "SR_B2", "SR_B3")


@pytest.mark.parametrize(
    ("stem", "tags", "names"),
    [
        ("a", {"SPACECRAFT_ID": "LANDSAT_8"}, NEW),
        ("a", {"SPACECRAFT_ID": "LANDSAT_7"}, OLD),
        ("a", {"platform": "landsat-5"}, OLD),
        ("LC09_L2SP_052114_20221103_02_T1", {}, NEW),
        ("LE07_L2SP_052114_20021103_02_T1", {}, OLD),
        ("LT50521142011121", {}, ("B1", "B2", "B3")),
        ("LC80521142016121", {}, ("B2", "B3", "B4")),
        ("a", {"SATELLITE": "LANDSAT_5"}, ("sr_band1", "sr_band2", "sr_band3")),
    ],
)
def test_bands_of_landsat_are_told_by_the_satellite(tmp_path, stem, tags, names):
    path = described(tmp_path / f"{stem}.tif", names)
    with rasterio.open(path, "r+") as file:
        file.update_tags(**tags)
    scene = read(path)
    assert scene.rgb[0, 0].tolist() == [30, 20, 10]
    assert scene.origin.notes == ""


@pytest.mark.parametrize("names", [NEW, OLD, NEW[::-1]])
def test_bands_of_some_landsat_are_refused_with_what_to_set(tmp_path, names):
    path = described(tmp_path / "a.tif", names)
    with pytest.raises(InvalidScene, match=r"a\.tif: .* which Landsat") as refusal:
        read(path)
    said = re.search(r"raster\.bands=(\d-\d-\d) if it is of L", str(refusal.value))
    scene = read(path, bands=said.group(1))
    brightness = dict(zip(names, (10, 20, 30), strict=True))
    of = NEW if "SR_B4" in names else OLD
    assert scene.rgb[0, 0].tolist() == [brightness[name] for name in of[::-1]]
    assert scene.origin.notes == ""


def test_all_bands_of_a_landsat_tell_which_one(tmp_path):
    for last, rgb in (("ST_B10", (4, 3, 2)), ("ST_B6", (3, 2, 1))):
        pixels = np.zeros((4, 4, 7), np.uint8) + np.arange(1, 8, dtype=np.uint8)
        path = write(tmp_path / "a.tif", pixels)
        with rasterio.open(path, "r+") as file:
            file.descriptions = (*(f"SR_B{n}" for n in (1, 2, 3, 4, 5, 7)), last)
        assert read(path).rgb[0, 0].tolist() == list(rgb)


@pytest.mark.parametrize(
    ("names", "colours"), [(("B2", "B3", "B4"), None), ((None,) * 3, BLUE_FIRST)]
)
def test_a_setting_against_the_word_of_the_file_is_followed_and_noted(
    tmp_path, names, colours
):
    path = described(tmp_path / "a.tif", names, colorinterp=colours)
    scene = read(path, bands=(1, 2, 3))
    assert scene.rgb[0, 0].tolist() == [10, 20, 30]
    assert scene.origin.notes.startswith("is read with red, green and blue from its ")
    assert read(path, bands=(3, 2, 1)).origin.notes == ""


def scaled(path, scale=1e-4, offset=-0.1, dtype=np.uint16):
    path = write(path, np.full((4, 4, 3), 6000).astype(dtype))
    with rasterio.open(path, "r+") as file:
        file.scales, file.offsets = (scale,) * 3, (offset,) * 3
    return path


def test_scale_and_offset_of_the_file_are_used_where_none_are_set(tmp_path):
    scene = read(scaled(tmp_path / "a.tif"))
    assert np.unique(scene.rgb).tolist() == [128]  # reflectance 0.5
    assert scene.rendering.calibrations[0].offset == -0.1
    same = read(scaled(tmp_path / "a.tif"), scale=1e-4, offset=-0.1)
    assert np.array_equal(same.rgb, scene.rgb)


def test_a_scale_or_offset_against_that_of_the_file_is_refused(tmp_path):
    with pytest.raises(InvalidScene, match=r"a\.tif: .*0\.0001 and -0\.1, got 0\.0001"):
        read(scaled(tmp_path / "a.tif"), scale=1e-4)


@pytest.mark.parametrize(
    ("scale", "offset"),
    [(-1e-4, 0.0), (1e308, 0.0), (1e-300, 0.0), (np.nan, 0.0), (1e-4, np.inf)],
)
def test_a_scale_that_no_reflectance_is_stored_with_is_refused(tmp_path, scale, offset):
    with pytest.raises(InvalidScene, match=r"a\.tif: SCALE and OFFSET in the file"):
        read(scaled(tmp_path / "a.tif", scale, offset))


@pytest.mark.parametrize(
    ("dtype", "options", "profile"),
    [
        (np.uint8, {}, {"interleave": "pixel"}),
        (np.uint8, {}, {"interleave": "band", "compress": "deflate"}),
        (np.uint8, {"validity": "border"}, {}),
        (np.float32, {"scale": 1.0}, {"interleave": "pixel"}),
    ],
)
def test_a_tile_that_the_file_leaves_out_is_not_observed(
    tmp_path, dtype, options, profile
):
    pixels = floes(96, 96) if dtype == np.uint8 else (floes(96, 96) / 255).astype(dtype)
    pixels[32:64, 32:64] = 0
    tiles = {"tiled": True, "blockxsize": 32, "blockysize": 32, "sparse_ok": True}
    scene = read(write(tmp_path / "a.tif", pixels, **tiles, **profile), **options)
    assert not scene.valid_mask[32:64, 32:64].any()
    assert scene.valid_mask.sum() == 96 * 96 - 32 * 32
    assert scene.origin.notes == (
        "leaves out tiles, whose 1,024 pixels count as not observed"
    )
    tiles["sparse_ok"] = False
    stored = read(write(tmp_path / "b.tif", pixels, **tiles, **profile), **options)
    assert stored.valid_mask.all()


DARK_WATER = (0, 6, 14)


@pytest.mark.parametrize("nodata", [0, None])
def test_dark_water_with_0_in_one_band_was_observed(tmp_path, nodata):
    rgb = floes()
    rgb[10:30, 10:30] = DARK_WATER
    rgb[40:44, 40:44] = (0, 0, 200)  # where bands of a swath end apart
    scene = read(write(tmp_path / "a.tif", rgb, nodata=nodata))
    assert scene.valid_mask[10:30, 10:30].all()
    assert scene.valid_mask[40:44, 40:44].all() == (nodata is None)


def test_a_saturated_band_of_bright_ice_was_observed(tmp_path):
    rgb = floes()
    rgb[10:30, 10:30] = (250, 255, 252)
    rgb[0] = 255
    valid = read(write(tmp_path / "a.tif", rgb, nodata=255)).valid_mask
    assert valid[10:30, 10:30].all()
    assert not valid[0].any()


@pytest.mark.parametrize(("dtype", "nodata"), [("uint16", 65535), ("int16", -9999)])
def test_the_edge_of_a_swath_is_no_water_whatever_number_the_frame_has(
    tmp_path, dtype, nodata
):
    numbers = np.full((64, 64, 3), 5000).astype(dtype)
    numbers[:, 8:24] = 0  # the swath's edge, inside a warped frame
    numbers[:, :8] = nodata
    numbers[40:50, 40:50] = 0  # a lake
    path = write(tmp_path / "a.tif", numbers, nodata=nodata)
    valid = read(path, scale=1e-4).valid_mask
    assert not valid[:, :26].any()  # and its rim
    assert valid[:, 26:].all()


@pytest.mark.parametrize(
    ("profile", "note"),
    [
        ({"gcps": True}, "has ground control points, which are not used"),
        ({"world": True}, "has a world file and no CRS"),
    ],
)
def test_a_place_that_is_not_used_is_noted(tmp_path, profile, note):
    corners = [(0, 0, -166, -78), (0, 64, -165, -78), (48, 64, -165, -78.1)]
    gcps = [GroundControlPoint(*corner) for corner in corners]
    more = {"gcps": gcps, "crs": "EPSG:4326"} if "gcps" in profile else {}
    path = write(tmp_path / "a.tif", floes(), **more)
    if "world" in profile:
        path = write(tmp_path / "a.png", floes())
        (tmp_path / "a.pgw").write_text("10\n0\n0\n-10\n-299995\n-1200005\n")
    scene = read(path)
    assert scene.georeference is None
    assert note in scene.origin.notes


def test_of_several_pages_the_first_is_read_and_that_is_noted(tmp_path):
    pages = [Image.fromarray(floes(seed=n)) for n in (1, 2)]
    pages[0].save(tmp_path / "a.tif", save_all=True, append_images=pages[1:])
    scene = read(tmp_path / "a.tif")
    assert np.array_equal(scene.rgb, floes(seed=1))
    assert "has 2 pages, of which the first is read" in scene.origin.notes


@pytest.mark.parametrize(
    ("crs", "transform"),
    [
        ("EPSG:3031", (1e6, 0.0, 0.0, 0.0, -1e6, 0.0)),
        ("EPSG:3031", (10.0, 10.0, 0.0, 10.0, 10.0, 0.0)),
        ("EPSG:3031", (1e-300, 0.0, 0.0, 0.0, -1e-300, 0.0)),
        ("EPSG:3031", (10.0, 0.0, 1e300, 0.0, -10.0, 0.0)),
        ("EPSG:4326", (10.0, 0.0, -166.0, 0.0, -10.0, -78.0)),
        ('LOCAL_CS["local",UNIT["metre",1]]', (10.0, 0.0, 5.0, 0.0, -10.0, 5.0)),
        ("EPSG:4326", (0.1, 0.0, 170.0, 0.0, -0.1, 200.0)),
        ("EPSG:4326", (0.001, 0.0, 9999.0, 0.0, -0.001, -70.0)),
        ("EPSG:4326", (0.01, 0.0, 0.0, 0.0, -0.01, -89.8)),
        ("EPSG:32703", (10.0, 0.0, 5e8, 0.0, -10.0, 5e8)),
        ("EPSG:3031", (10.0, 0.0, 1e9, 0.0, -10.0, 1e9)),
    ],
    ids=[
        *("1000 km", "singular", "nothing", "nowhere", "10 degrees", "local"),
        *("latitude 200", "longitude 9999", "beyond a pole", "far UTM", "other pole"),
    ],
)
def test_a_place_that_no_scene_can_have_is_refused(tmp_path, crs, transform):
    path = write(tmp_path / "a.tif", floes(), crs=crs, transform=Affine(*transform))
    with pytest.raises(
        InvalidScene,
        match=r"a\.tif: expected (pixels with sides|a CRS|a scene that lies)",
    ):
        read(path)


@pytest.mark.parametrize(
    ("name", "tags", "offset", "noted"),
    [
        ("S2B_MSIL1C_20231103T190919_N0510_R013_T03CWT_20231103T202518", {}, 0, True),
        ("a", {"PROCESSING_BASELINE": "04.00"}, 0, True),
        ("a", {"PROCESSING_BASELINE": "04.00"}, -0.1, False),
        ("a", {"PROCESSING_BASELINE": "02.08"}, 0, False),
    ],
)
def test_a_baseline_that_speaks_against_the_offset_is_noted(
    tmp_path, name, tags, offset, noted
):
    path = write(tmp_path / f"{name}.tif", np.full((8, 8, 3), 5000, np.uint16))
    with rasterio.open(path, "r+") as file:
        file.update_tags(**tags)
    notes = read(path, scale=1e-4, offset=offset).origin.notes
    assert ("read without one: water would look like ice" in notes) == noted


@pytest.mark.parametrize(
    "names",
    [
        ("0.49 \u03bcm", "0.56 \u03bcm", "0.665 \u03bcm"),
        ("0.49 micrometers", "0.56 micrometers", "0.665 micrometers"),
        ("rhos_492", "rhos_560", "rhos_665"),
    ],
    ids=["greek mu", "in words", "acolite"],
)
def test_wavelengths_in_names_tell_the_bands(tmp_path, names):
    assert read(described(tmp_path / "a.tif", names)).rgb[0, 0].tolist() == [30, 20, 10]


@pytest.mark.parametrize(
    ("namespace", "tag", "values", "unit"),
    [
        ("IMAGERY", "CENTRAL_WAVELENGTH_UM", (0.49, 0.56, 0.665), {}),
        (None, "wavelength", (490, 560, 665), {"wavelength_units": "Nanometers"}),
        (None, "wavelength", (0.49, 0.56, 0.665), {}),
    ],
)
def test_wavelengths_in_tags_tell_the_bands(tmp_path, namespace, tag, values, unit):
    path = described(tmp_path / "a.tif", (None, None, None))
    with rasterio.open(path, "r+") as file:
        for number, value in enumerate(values, 1):
            file.update_tags(number, ns=namespace, **{tag: str(value)}, **unit)
    assert read(path).rgb[0, 0].tolist() == [30, 20, 10]


@pytest.mark.parametrize(
    "names", [("VV", "VH", "ratio"), ("bleu", "vert", "rouge"), ("2", "3", "4")]
)
def test_names_that_say_nothing_of_colours_are_told(tmp_path, names):
    scene = read(described(tmp_path / "a.tif", names))
    assert scene.rgb[0, 0].tolist() == [10, 20, 30]
    assert f"whose names ({', '.join(names).lower()}) say nothing" in scene.origin.notes


@pytest.mark.parametrize(
    ("scale", "said"), [(1.0, "more than snow"), (1e-5, "less than open water")]
)
def test_a_scale_by_which_no_sea_reflects_is_told(tmp_path, scale, said):
    percent = floes().astype(np.float32) / 2.55
    path = write(tmp_path / "a.tif", percent)
    assert said in read(path, scale=scale).origin.notes
    assert read(path, scale=0.01).origin.notes == ""


@pytest.mark.parametrize(
    ("dtype", "scale", "fill"),
    [
        (np.float32, 1.0, -9999),
        (np.float32, 1.0, 9.96921e36),
        (np.int16, 1e-4, -32768),
        (np.int16, 1e-4, -12000),
    ],
)
def test_numbers_that_are_no_reflectance_were_not_observed(
    tmp_path, dtype, scale, fill
):
    pixels = (floes() / 255 / scale).astype(dtype)
    pixels[:4] = fill
    scene = read(write(tmp_path / "a.tif", pixels), scale=scale)
    assert not scene.valid_mask[:4].any()
    assert scene.valid_mask[4:].all()
    assert "256 pixels, which count as not observed" in scene.origin.notes


def test_names_of_bands_may_be_in_their_tags(tmp_path):
    path = described(tmp_path / "a.tif", (None, None, None))
    with rasterio.open(path, "r+") as file:
        for number, name in enumerate(("Blue", "Green", "Red"), 1):
            file.update_tags(number, BANDNAME=name)
    assert read(path).rgb[0, 0].tolist() == [30, 20, 10]


@pytest.mark.parametrize(
    ("crs", "transform"),
    [
        ("EPSG:4326", (0.01, 0.0, 179.9, 0.0, -0.01, -75.0)),
        ("EPSG:4326", (0.01, 0.0, 359.5, 0.0, -0.01, -89.5)),
        ("EPSG:3857", (10.0, 0.0, -18.4e6, 0.0, -10.0, 25e6)),
        ("EPSG:3031", (10.0, 0.0, -320.0, 0.0, -10.0, 240.0)),
        ("EPSG:3413", (50.0, 0.0, -1e6, 0.0, -50.0, -1e6)),
    ],
    ids=["antimeridian", "0 to 360", "Mercator at 88", "South Pole", "Arctic"],
)
def test_a_place_at_the_edge_of_maps_is_right(tmp_path, crs, transform):
    path = write(tmp_path / "a.tif", floes(), crs=crs, transform=Affine(*transform))
    assert read(path).georeference.crs == crs


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
        (
            "S2A_OPER_PRD_MSIL1C_PDMC_20160119T013846_R116_V20191117T002243_x",
            (17, 0, 22),
        ),
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
            2019, 11, day, hour, minute, tzinfo=UTC
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


@pytest.mark.parametrize(
    ("profile", "options"),
    [({"nodata": np.inf}, {}), ({}, {"nodata": np.inf})],
    ids=["the file", "the configuration"],
)
def test_infinity_is_no_data_where_somebody_says_so(tmp_path, profile, options):
    reflectance = np.full((8, 8, 3), 0.5, np.float32)
    reflectance[2, 3, 1] = np.inf
    path = write(tmp_path / "a.tif", reflectance, **profile)
    scene = read(path, scale=1.0, **options)
    assert np.argwhere(~scene.valid_mask).tolist() == [[2, 3]]


@pytest.mark.parametrize("dtype", ["complex64", "complex128"])
def test_complex_numbers_are_refused(tmp_path, dtype):
    path = write(tmp_path / "a.tif", np.full((8, 8, 3), 0.5 + 0.5j, dtype))
    with pytest.raises(InvalidScene, match=rf"a\.tif: expected real .* got {dtype}"):
        read(path, scale=1.0)


def test_reflectance_in_64_bits_is_read_as_in_32(tmp_path):
    reflectance = np.random.default_rng(0).random((48, 64, 3))
    wide = read(write(tmp_path / "a.tif", reflectance), scale=1.0)
    narrow = write(tmp_path / "b.tif", reflectance.astype(np.float32))
    assert np.array_equal(wide.rgb, read(narrow, scale=1.0).rgb)


def test_whole_numbers_of_64_bits_may_fill_half_as_many_pixels(tmp_path):
    path = write(tmp_path / "a.tif", np.full((8, 8, 3), 5000, np.int64))
    with pytest.raises(InvalidScene, match=r"at most 50 pixels of int64.*-ot UInt16"):
        read(path, scale=1e-4, max_pixels=100)
    assert read(path, scale=1e-4, max_pixels=200).valid_mask.all()


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


def test_a_strip_of_a_hundred_thousand_rows_is_no_scene(tmp_path):
    path = write(tmp_path / "a.png", np.full((100_001, 1, 3), 9, np.uint8))
    with pytest.raises(InvalidScene, match="at most 100,000 rows and columns, got 100"):
        read(path)


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (9, 1)])
def test_the_smallest_scenes_are_scenes(tmp_path, shape):
    scene = read(write(tmp_path / "a.png", np.full((*shape, 3), 9, np.uint8)))
    assert (scene.shape, scene.valid_mask.all()) == (shape, True)


def test_the_fringe_that_jpeg_leaves_at_a_black_border_is_no_water(tmp_path):
    rgb = np.full((96, 96, 3), (235, 238, 240), np.uint8)
    inside = np.add.outer(np.arange(96), np.arange(96)) >= 70
    rgb[~inside] = 0
    path = tmp_path / "a.jpg"
    Image.fromarray(rgb).save(path, quality=60)
    scene = read(path)
    dark = (scene.rgb.max(axis=-1) <= 30) & scene.valid_mask
    assert not dark.any()
    assert scene.valid_mask[np.add.outer(np.arange(96), np.arange(96)) >= 80].all()


def test_dark_water_far_from_a_black_border_of_a_jpeg_is_water(tmp_path):
    rgb = np.full((96, 96, 3), 230, np.uint8)
    rgb[:16], rgb[48:80] = 0, (2, 8, 14)
    Image.fromarray(rgb).save(tmp_path / "a.jpg", quality=90)
    assert read(tmp_path / "a.jpg").valid_mask[40:].all()


def test_saturated_digital_numbers_are_flagged(tmp_path):
    numbers = np.full((16, 16, 3), 5000, np.uint16)
    numbers[3, 4, 1] = 65_535
    path = write(tmp_path / "a.tif", numbers)
    scene = read_scene_file(str(path), DN)
    assert np.argwhere(scene.extra_bands["saturated"]).tolist() == [[3, 4]]


@pytest.mark.parametrize("dtype", ["uint16", "int32", "float32"])
def test_the_highest_number_along_the_edge_is_a_fill_value_that_nobody_declared(
    tmp_path, dtype
):
    numbers = np.full((40, 40, 3), 5000, np.uint16)
    numbers[:, :10] = 65_535
    numbers[:, 10:12, 2] = 65_535  # each band ends in a place of its own
    numbers[20, 30] = 65_535
    path = write(tmp_path / "a.tif", numbers.astype(dtype))
    scene = read_scene_file(str(path), DN)
    assert not scene.valid_mask[:, :12].any()
    assert scene.valid_mask[:, 12:].all()
    assert "480 pixels, which count as not observed" in scene.origin.notes
    named = read_scene_file(str(path), replace(DN, nodata=0))
    said = write(tmp_path / "b.tif", numbers.astype(dtype), nodata=0)
    for saturated in (named, read_scene_file(str(said), DN)):
        assert saturated.valid_mask.all()
    display = RasterOptions(scale=1 / 65_535)
    assert read_scene_file(str(path), display).valid_mask.all()


def test_the_day_of_a_scene_may_be_in_its_tags(tmp_path):
    path = write(tmp_path / "a.tif", floes())
    with rasterio.open(path, "r+") as file:
        file.update_tags(ACQUISITIONDATETIME="2019-11-03 19:09:21")
    assert read(path).acquired == datetime(2019, 11, 3, 19, 9, 21, tzinfo=UTC)
    with rasterio.open(path, "r+") as file:
        file.update_tags(ACQUISITIONDATETIME="", TIFFTAG_DATETIME="2024:01:01 00:00:00")
    scene = read(path)
    assert scene.acquired == datetime(2024, 1, 1, tzinfo=UTC)
    assert "that of its TIFFTAG_DATETIME" in scene.origin.notes
