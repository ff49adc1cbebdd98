import re
import shutil
import zipfile
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
import rasterio
from pyproj import Transformer
from rasterio.windows import Window

from sea_ice_kedro.engines.base import fingerprint_of
from sea_ice_kedro.errors import InvalidScene
from sea_ice_kedro.imagery.arrays import Acquisition
from sea_ice_kedro.imagery.reflectance import BrightnessOptions, Calibration
from sea_ice_kedro.sources import IngestionOptions, find_scenes, safe_files
from sea_ice_kedro.sources.acquisitions import counted_once
from sea_ice_kedro.sources.safe_files import Product
from sea_ice_kedro.sources.safe_metadata import read_facts
from tests.products import CORNER, Fabricated, ice_numbers, outline_of
from tests.runs import ROOT

REAL = ROOT.parent / "shared/data/products/stactools_sentinel2"
NUMBERS = ice_numbers()
OLD = Fabricated(NUMBERS)
NEW = Fabricated(
    np.where(NUMBERS > 0, NUMBERS + 1000, 0).astype(np.uint16),
    baseline="05.10",
    offset=-1000,
)


def listed(folder, **options):
    return find_scenes(IngestionOptions("safe", str(folder), **options))


def only(folder, **options):
    (entry,) = listed(folder, **options)
    return entry.scene()


@pytest.mark.parametrize("level", ["1C", "2A"])
@pytest.mark.parametrize("made", ["folder", "zip"])
def test_products_with_and_without_offset_are_the_same_scene(tmp_path, level, made):
    scenes = []
    for product in (OLD, NEW):
        folder, of_level = tmp_path / product.baseline, replace(product, level=level)
        of_level.write(folder) if made == "folder" else of_level.zipped(folder)
        scenes.append(only(folder))
    assert np.array_equal(scenes[0].rgb, scenes[1].rgb)
    assert np.array_equal(scenes[0].valid_mask, scenes[1].valid_mask)
    assert not scenes[0].valid_mask[:10, :12].any()
    assert scenes[0].valid_mask.sum() == 128 * 160 - 120
    expected = np.rint(NUMBERS[:, 60, 70] / 10_000 * 255)
    assert scenes[0].rgb[60, 70].tolist() == expected.tolist()


def test_metadata_come_with_the_scene(tmp_path):
    NEW.write(tmp_path)
    scene = only(tmp_path)
    assert scene.scene_id == NEW.name
    assert scene.acquired == datetime(2019, 11, 3, 19, 9, 21, 123_000, tzinfo=UTC)
    assert scene.georeference.crs == "EPSG:32703"
    assert scene.georeference.transform == (10, 0, CORNER[0], 0, -10, CORNER[1])
    assert scene.acquisition == Acquisition("T03CWT", 28.5, 12.5, "N0510", NEW.name)
    assert scene.rendering.calibrations == (Calibration(0.0001, -0.1),) * 3
    assert (scene.origin.source, scene.origin.location) == (
        "safe",
        f"{NEW.name}.SAFE",
    )


def test_white_and_gamma_hold_for_products_too(tmp_path):
    OLD.write(tmp_path)
    plain = only(tmp_path)
    scene = only(tmp_path, brightness=BrightnessOptions(white_reflectance=0.5))
    assert scene.rendering.brightness.white_reflectance == 0.5
    assert scene.rgb.max() == 255
    assert plain.rgb.max() < 240


def test_saturated_pixels_are_white_and_flagged(tmp_path):
    numbers = NUMBERS.copy()
    numbers[1, 50, 60] = 65_535
    replace(OLD, numbers=numbers).write(tmp_path)
    scene = only(tmp_path)
    assert scene.rgb[50, 60, 1] == 255
    assert np.argwhere(scene.extra_bands["saturated"]).tolist() == [[50, 60]]


def test_a_granule_is_cut_into_scenes_on_its_own_grid(tmp_path):
    OLD.write(tmp_path)
    whole = only(tmp_path)
    entries = listed(tmp_path, cutting={"size_px": 64})
    assert [e.scene_id.removeprefix(OLD.name) for e in entries] == [
        f"_y{row:05d}x{column:05d}" for row in (0, 64) for column in (0, 64, 128)
    ]
    last = entries[-1].scene()
    assert last.shape == (64, 32)
    assert np.array_equal(last.rgb, whole.rgb[64:, 128:])
    assert last.georeference.transform[2::3] == (CORNER[0] + 1280, CORNER[1] - 640)


def test_windows_that_the_product_does_not_cover_are_left_out(tmp_path):
    product = replace(OLD, outline="")
    outline = outline_west_of(80)
    replace(product, outline=outline).write(tmp_path)
    some = listed(tmp_path, cutting={"size_px": 64})
    assert {e.scene_id[-5:] for e in some} == {"00000", "00064"}
    whole = {"size_px": 64, "min_observed_fraction": 1.0}
    assert {e.scene_id[-5:] for e in listed(tmp_path, cutting=whole)} == {"00000"}


def outline_west_of(column):
    from tests.products import outline_of

    return outline_of((128, column), margin_m=0.0)


@pytest.mark.parametrize("crs", ["EPSG:3031"])
def test_a_polar_grid_takes_every_pixel_from_its_nearest_neighbour(tmp_path, crs):
    OLD.write(tmp_path)
    plain, polar = only(tmp_path), only(tmp_path, safe={"crs": crs})
    assert polar.georeference.crs == crs
    assert polar.georeference.transform[0] == 10
    assert polar.georeference.transform[2] % 10 == 0
    colours = set(map(tuple, plain.rgb[plain.valid_mask]))
    assert set(map(tuple, polar.rgb[polar.valid_mask])) <= colours
    assert polar.valid_mask.sum() == pytest.approx(plain.valid_mask.sum(), rel=0.1)
    assert not polar.valid_mask.all()


def test_a_fingerprint_changes_with_content_and_settings_only(tmp_path):
    OLD.write(tmp_path / "a")
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    (here,), (there,) = listed(tmp_path / "a"), listed(tmp_path / "b")
    (brighter,) = listed(tmp_path / "a", brightness={"gamma": 2.0})
    assert fingerprint_of(here.scene) == fingerprint_of(there.scene)
    assert fingerprint_of(here.scene) != fingerprint_of(brighter.scene)


def spoil_band(root):
    band = next(root.rglob("*_B03*"))
    band.write_bytes(band.read_bytes()[:2000])


def forget_size(root):
    spoil_band(root)
    (root / "manifest.safe").write_text("<manifest/>")


def make_gap(root):
    manifest = root / "manifest.safe"
    checksum = '<checksum checksumName="MD5">0123</checksum></byteStream>'
    manifest.write_text(
        re.sub(r"(B03\S*)</byteStream>", rf"\1{checksum}", manifest.read_text())
    )


def change(pattern, text, name="MTD_MSIL1C.xml"):
    def spoil(root):
        path = next(root.rglob(name))
        path.write_text(re.sub(pattern, text, path.read_text()))

    return spoil


SPOILT = {
    "a missing band": (
        lambda root: next(root.rglob("*_B03*")).unlink(),
        ["expected band B03 in T03CWT_20191103T190919_B03.jp2", "download it again"],
    ),
    "a band in part": (spoil_band, ["_B03.jp2, got 2000", "downloaded in part"]),
    "a band with a gap": (
        make_gap,
        ["expected MD5:0123 of T03CWT_20191103T190919_B03.jp2, got MD5:", "damaged"],
    ),
    "a damaged band": (forget_size, ["_B03.jp2: expected a whole band"]),
    "no metadata": (
        lambda root: (root / "MTD_MSIL1C.xml").unlink(),
        ["expected MTD_MSIL1C.xml or MTD_MSIL2A.xml", "neither"],
    ),
    "no metadata of the granule": (
        lambda root: next(root.rglob("MTD_TL.xml")).unlink(),
        ["MTD_TL.xml in it, got none", "incomplete"],
    ),
    "no manifest": (
        lambda root: (root / "manifest.safe").unlink(),
        ["expected manifest.safe in it", "incomplete"],
    ),
    "broken metadata": (change(r"</n1:Product>", ""), ["expected XML, got"]),
    "an unknown baseline": (
        change("02.08", "09.99"),
        ["RADIO_ADD_OFFSET", "baseline N0999", "ingestion.safe.offset=-1000"],
    ),
    "no baseline": (
        change("<PROCESSING.*BASELINE>", ""),
        ["expected <PROCESSING_BASELINE>, got none"],
    ),
    "a quantification of nothing": (
        change(">10000<", ">0<"),
        ["expected a quantification value > 0"],
    ),
    "a quantification that is none": (
        change(">10000<", ">nan<"),
        ["expected a number in <QUANTIFICATION_VALUE>, got 'nan'"],
    ),
    "a quantification of nearly nothing": (
        change(">10000<", ">1e-300<"),
        ["expected a scale of 1e-06 to 1 and an offset"],
    ),
    "no rows": (
        change("<NROWS>128", "<NROWS>0", "MTD_TL.xml"),
        ["expected 1 to 20,000 rows and columns, got 0 and 160"],
    ),
    "rows that are no number": (
        change("<NROWS>128", "<NROWS>nan", "MTD_TL.xml"),
        ["expected a number in <NROWS>, got 'nan'"],
    ),
    "half a row": (
        change("<NROWS>128", "<NROWS>128.5", "MTD_TL.xml"),
        ["expected a whole number in <NROWS>, got '128.5'"],
    ),
    "a corner within a metre": (
        change(r"<ULX>399960[.0]*", "<ULX>399960.4", "MTD_TL.xml"),
        ["expected a whole number in <ULX>, got '399960.4'"],
    ),
    "an unknown CRS": (
        change("EPSG:32703", "EPSG:99999", "MTD_TL.xml"),
        ["expected a CRS that leads to longitude and latitude, got 'EPSG:99999'"],
    ),
    "pixels without a side": (
        change("<XDIM>10", "<XDIM>0", "MTD_TL.xml"),
        ["expected pixels with sides of 0.01 to 100000 units"],
    ),
    "another size": (
        change("<NROWS>128", "<NROWS>129", "MTD_TL.xml"),
        [
            "expected one band of uint16 or int16, 160 x 129",
            "got 1 of uint16, 160 x 128",
        ],
    ),
}


@pytest.mark.parametrize(("spoil", "words"), SPOILT.values(), ids=SPOILT)
def test_a_spoilt_product_is_refused_with_the_way_out(tmp_path, spoil, words):
    spoil(OLD.write(tmp_path))
    good_name = NEW.name.replace("20191103T190919", "20191105T190919")
    NEW.write(tmp_path).rename(tmp_path / f"{good_name}.SAFE")
    bad, good = listed(tmp_path)
    assert (bad.scene_id, good.scene().scene_id) == (OLD.name, good_name)
    with pytest.raises(InvalidScene) as refusal:
        bad.scene()
    assert [word for word in words if word not in str(refusal.value)] == []
    assert str(tmp_path) not in str(refusal.value)


def test_an_offset_that_the_user_knows_is_taken_where_the_metadata_have_none(tmp_path):
    change("05.10", "09.99")(replace(NEW, offset=None).write(tmp_path))
    scene = only(tmp_path, safe={"offset": -1000})
    OLD.write(tmp_path / "old")
    assert np.array_equal(scene.rgb, only(tmp_path / "old").rgb)


def test_a_zip_that_was_downloaded_in_part_is_refused(tmp_path):
    archive = OLD.zipped(tmp_path)
    archive.write_bytes(archive.read_bytes()[:-3000])
    with pytest.raises(InvalidScene, match=r"zip: expected a whole zip, got BadZip"):
        only(tmp_path)


def test_a_zip_with_a_spoilt_band_is_refused(tmp_path):
    archive = OLD.zipped(tmp_path)
    content = bytearray(archive.read_bytes())
    with zipfile.ZipFile(archive) as opened:
        info = next(e for e in opened.infolist() if "_B02" in e.filename)
    middle = info.header_offset + info.compress_size // 2
    content[middle : middle + 500] = bytes(500)
    archive.write_bytes(content)
    with pytest.raises(InvalidScene, match=r"CRC of T03CWT_\w+_B02\.jp2, got"):
        only(tmp_path)


@pytest.mark.parametrize("name", ["../evil.txt", "/evil.txt", "a.SAFE/..\\..\\evil"])
def test_a_zip_with_names_outside_itself_is_refused(tmp_path, name):
    with zipfile.ZipFile(OLD.zipped(tmp_path), "a") as archive:
        archive.writestr(name, "x")
    with pytest.raises(InvalidScene, match="no product of ESA's, do not unzip it"):
        only(tmp_path)
    assert not list(tmp_path.parent.rglob("evil*"))


def test_a_zip_with_a_name_twice_is_refused(tmp_path):
    with zipfile.ZipFile(OLD.zipped(tmp_path), "a") as archive:
        name = next(n for n in archive.namelist() if n.endswith("MTD_MSIL1C.xml"))
        other = archive.read(name).replace(b">10000<", b">20000<")
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr(name, other)
    with pytest.raises(InvalidScene, match=r"each file once in it, got 1 twice, as"):
        only(tmp_path)


@pytest.mark.parametrize(
    "spoilt",
    [
        {"<ULX>399960": "<ULX>399970"},
        {"<ULY>1900020": "<ULY>1950020"},
        {"EPSG:32703": "EPSG:32704"},
        {"<XDIM>10": "<XDIM>20", "<YDIM>-10": "<YDIM>-20"},
        {"<YDIM>-10": "<YDIM>10"},
    ],
    ids=["a pixel off", "50 km off", "another zone", "larger pixels", "upside down"],
)
def test_a_band_that_lies_elsewhere_than_the_metadata_say_is_refused(tmp_path, spoilt):
    around = outline_of((128, 160), margin_m=400e3)
    path = next(replace(OLD, outline=around).write(tmp_path).rglob("MTD_TL.xml"))
    text = path.read_text()
    for old, new in spoilt.items():
        assert old in text
        text = text.replace(old, new)
    path.write_text(text)
    with pytest.raises(InvalidScene, match=r"expected a band at .* as the metadata"):
        only(tmp_path)


def test_an_outline_that_lies_beside_the_grid_is_refused(tmp_path):
    elsewhere = "-72.5 -160.0 -72.4 -160.0 -72.4 -159.5 -72.5 -159.5"
    replace(OLD, outline=elsewhere).write(tmp_path)
    with pytest.raises(InvalidScene, match=r"\.SAFE: expected an outline on the grid"):
        only(tmp_path)


def test_a_scale_by_which_all_would_be_thick_ice_is_refused(tmp_path):
    path = OLD.write(tmp_path) / "MTD_MSIL1C.xml"
    path.write_text(path.read_text().replace(">10000</QUANT", ">100</QUANT"))
    with pytest.raises(InvalidScene, match=r"\.SAFE: .* more than snow in full sun"):
        only(tmp_path)


@pytest.mark.parametrize("time", ["9999-11-03T19:09:21Z", "1970-01-01T00:00:00Z"])
def test_a_time_that_sentinel_2_never_saw_is_refused(tmp_path, time):
    path = next(OLD.write(tmp_path).rglob("MTD_TL.xml"))
    path.write_text(path.read_text().replace("2019-11-03T19:09:21.123Z", time))
    with pytest.raises(InvalidScene, match=r"MTD_TL\.xml: expected a time since"):
        only(tmp_path)


@pytest.mark.parametrize(
    ("limit", "said"),
    [
        ("_LARGEST", "to be metadata of at most 100"),
        ("_LARGEST_BAND", "no band of ESA.s"),
    ],
)
def test_parts_larger_than_any_product_has_are_refused_unread(
    tmp_path, monkeypatch, limit, said
):
    monkeypatch.setattr(safe_files, limit, 100)
    OLD.zipped(tmp_path)
    with pytest.raises(InvalidScene, match=said):
        only(tmp_path)


def test_a_zip_of_something_else_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("photos/cat.png", "x")
    with pytest.raises(InvalidScene, match=r"zip of one \.SAFE folder, got photos"):
        only(tmp_path)


def zip_of(root, path, prefix="", extra=()):
    """Zip a product's folder as people do."""
    with zipfile.ZipFile(path, "w") as archive:
        for file in root.rglob("*"):
            archive.write(file, f"{prefix}{root.name}/{file.relative_to(root)}")
        for name in extra:
            archive.writestr(name, "x")


def as_macos_zips(root, place):
    zip_of(root, place / f"{root.stem}.zip", extra=[f"__MACOSX/._{root.name}"])


def with_a_folder_around(root, place):
    zip_of(root, place / f"{root.stem}.zip", prefix=f"{root.stem}/")


def as_eodag_keeps_it(root, place):
    shutil.copytree(root, place / root.stem / root.name)


def without_its_ending(root, place):
    shutil.copytree(root, place / root.stem)


def zipped_without_its_folder(root, place):
    shutil.make_archive(str(place / root.stem), "zip", root)


def under_another_case(root, place):
    shutil.copytree(root, place / f"{root.stem}.safe")


@pytest.mark.parametrize(
    "lay",
    [
        as_macos_zips,
        with_a_folder_around,
        as_eodag_keeps_it,
        without_its_ending,
        zipped_without_its_folder,
        under_another_case,
    ],
)
def test_a_product_is_found_as_people_keep_it(tmp_path, lay):
    root = OLD.write(tmp_path / "made")
    place = tmp_path / "in"
    place.mkdir()
    lay(root, place)
    (entry,) = listed(place, swir=False)
    assert entry.scene_id == root.stem
    assert np.array_equal(entry.scene().rgb, only(root, swir=False).rgb)


def test_a_product_that_was_downloaded_twice_is_one_and_what_is_none_is_named(
    tmp_path, caplog
):
    path = OLD.zipped(tmp_path)
    shutil.copy(path, path.with_name(f"{path.stem} (1).zip"))
    (tmp_path / "notes.txt").write_text("x")
    with caplog.at_level("INFO"):
        assert len(listed(tmp_path, swir=False)) == 1
    assert f"(1).zip (shown by {path.name})" in caplog.text
    assert "no products, and not read: notes.txt" in caplog.text


def test_dark_water_with_0_in_red_was_observed(tmp_path):
    numbers = NUMBERS.copy()
    numbers[:, 64:] = np.array([0, 35, 90])[:, None, None]
    Fabricated(numbers, level="2A", baseline="02.12").write(tmp_path)
    assert only(tmp_path, swir=False).valid_mask[64:].all()


@pytest.mark.parametrize("there", ["nothing", "a file", "an empty folder"])
def test_a_folder_without_products_is_refused(tmp_path, there):
    place = tmp_path / "in"
    if there == "a file":
        place.write_text("")
    if there == "an empty folder":
        place.mkdir()
    with pytest.raises(InvalidScene, match=r"\.SAFE"):
        listed(place)


def test_products_in_a_bucket_are_refused_with_the_way_out():
    with pytest.raises(InvalidScene, match="copy the products here first"):
        listed("memory://products")


needs_real = pytest.mark.skipif(not REAL.is_dir(), reason="needs ../shared/data")


def completed(product, folder):
    """Copy real metadata, with bands of the size that the product's list states."""
    root = Path(shutil.copytree(product, folder / product.name))
    manifest = (root / "manifest.safe").read_text()
    for size, name in re.findall(
        r'size="(\d+)"[^>]*>\s*<fileLocation[^>]*href="([^"]*_B0[234](?:_10m)?\.\w+)"',
        manifest,
    ):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(bytes(int(size)) if int(size) < 1e6 else b"")
        if int(size) >= 1e6:
            with path.open("wb") as file:
                file.truncate(int(size))
    return root


@needs_real
@pytest.mark.parametrize(
    ("product", "granule", "baseline", "offset", "crs", "sun"),
    [
        ("*T01LAC*", "T01LAC", "N0209", 0.0, "EPSG:32701", 44.8),
        ("*T46RER*", "T46RER", "N0301", 0.0, "EPSG:32646", 63.5),
        ("*T01CCV*", "T01CCV", "N0212", 0.0, "EPSG:32701", 34.8),
        ("*T33XWJ*", "T33XWJ", "N0400", -0.1, "EPSG:32633", 13.5),
    ],
)
def test_real_metadata_are_read(tmp_path, product, granule, baseline, offset, crs, sun):
    facts = read_facts(Product(completed(next(REAL.glob(product)), tmp_path)))
    assert facts.acquisition.granule == granule
    assert facts.acquisition.processing_baseline == baseline
    assert facts.acquisition.sun_elevation_deg == pytest.approx(sun, abs=0.1)
    assert facts.calibrations == (Calibration(0.0001, offset),) * 3
    assert facts.grid.georeference.crs == crs
    assert facts.grid.shape == (10_980, 10_980)
    assert [band.rpartition("_B")[2][:2] for band in facts.bands] == ["04", "03", "02"]
    assert facts.outline.rings


def with_pixels(product, folder, row, column):
    """Copy real metadata, with bands that have numbers around one place only."""
    root = Path(shutil.copytree(product, folder / product.name))
    bands = []
    for path in sorted((root / "manifest.safe", *root.glob("MTD_MSIL*.xml"))):
        text = path.read_text()
        bands += re.findall(r"GRANULE/\S+_B0[234](?:_10m)?(?=</IMAGE_FILE>)", text)
        if path.name == "manifest.safe":  # of the bands that it lists, others are made
            path.write_text(re.sub(r'size="\d+"|<checksum.*?</checksum>', "", text))
    for number, band in enumerate(sorted(set(bands))):  # B02, B03, B04
        path = root / f"{band}.jp2"
        path.parent.mkdir(parents=True, exist_ok=True)
        with rasterio.open(
            path,
            "w",
            driver="GTiff",
            sparse_ok=True,
            tiled=True,
            compress="deflate",
            height=10_980,
            width=10_980,
            count=1,
            dtype="uint16",
        ) as file:
            numbers = np.full((10, 10), 6000 + 100 * number, np.uint16)
            file.write(numbers, 1, window=Window(column, row, 10, 10))
    return root


@needs_real
@pytest.mark.parametrize(
    ("product", "scenes", "corner", "red"),
    [
        ("*T01LAC*", 36, (99960.0 + 20480, 8300020.0 - 40960), 6200),
        ("*T46RER*", 12, (499980.0 + 20480, 3100020.0 - 40960), 6200),
        ("*T01CCV*", 11, (300000.0 + 20480, 2000020.0 - 40960), 6200),
        ("*T33XWJ*", 3, None, 5200),
    ],
)
def test_bands_are_read_by_real_metadata(tmp_path, product, scenes, corner, red):
    place = (4100, 2050) if corner else (2, 2)
    with_pixels(next(REAL.glob(product)), tmp_path, *place)
    entries = listed(tmp_path, cutting={"size_px": 2048})
    assert len(entries) == scenes
    name = "_y04096x02048" if corner else "_y00000x00000"
    (entry,) = [e for e in entries if e.scene_id.endswith(name)]
    scene = entry.scene()
    assert scene.shape == (2048, 2048)
    assert scene.valid_mask.sum() == 100
    at = np.rint(np.array([red, red - 100, red - 200]) / 10_000 * 255)
    assert scene.rgb[scene.valid_mask].mean(axis=0).tolist() == at.tolist()
    if corner:
        assert scene.georeference.transform[2::3] == corner


@needs_real
@pytest.mark.parametrize(
    ("product", "observed"),
    # 100 % - nodata_pixel_percentage of the product's metadata
    [("*T01CCV*", 0.2094), ("*T33XWJ*", 0.0156)],
)
def test_a_real_outline_holds_what_was_observed(tmp_path, product, observed):
    facts = read_facts(Product(completed(next(REAL.glob(product)), tmp_path)))
    left, top = facts.grid.georeference.transform[2::3]
    steps = 10 * np.linspace(0, 10_980, 300)
    places = Transformer.from_crs(
        facts.grid.georeference.crs, "EPSG:4326", always_xy=True
    ).transform(*np.meshgrid(left + steps, top - steps))
    assert facts.outline.holds(*places).mean() == pytest.approx(observed, abs=0.004)


def halves(folder):
    """Write two datastrips of one tile, the upper and the lower half."""
    for made, rows in (("20191103T202518", (0, 70)), ("20191103T203131", (60, 128))):
        numbers = NUMBERS.copy()
        numbers[:, : rows[0]] = numbers[:, rows[1] :] = 0
        outline = outline_of_rows(*rows)
        root = replace(OLD, numbers=numbers, outline=outline).write(folder / "made")
        root.rename(folder / root.name.replace("20191103T202518", made))
    shutil.rmtree(folder / "made")


def outline_of_rows(first, last):
    left, top = CORNER
    right, bottom = left + 1600, top - 10 * last
    top -= 10 * first
    to_degrees = Transformer.from_crs("EPSG:32703", "EPSG:4326", always_xy=True)
    xs, ys = to_degrees.transform(
        [left, right, right, left], [top, top, bottom, bottom]
    )
    return " ".join(f"{y} {x}" for x, y in zip(xs, ys, strict=True))


def test_both_datastrips_of_a_tile_are_scenes(tmp_path):
    halves(tmp_path)
    scenes = [entry.scene() for entry in listed(tmp_path, swir=False)]
    assert len(scenes) == 2
    assert np.any([scene.valid_mask for scene in scenes], axis=0)[12:].all()


@pytest.mark.parametrize("size_px", [None, 64])
def test_a_pixel_that_both_datastrips_show_counts_once(tmp_path, size_px):
    halves(tmp_path)
    listing = listed(tmp_path, swir=False, cutting={"size_px": size_px})
    alone = {entry.scene_id: entry.scene for entry in listing}
    together = {name: make() for name, make in counted_once(alone, listing).items()}
    windows = {}
    for name, scene in together.items():
        window = name.partition("_y")[2]
        windows[window] = windows.get(window, 0) + scene.valid_mask.astype(int)
    assert {shown.max() for shown in windows.values()} == {1}
    observed = sum(scene.valid_mask.sum() for scene in together.values())
    assert observed == 128 * 160 - 120
    assert any("shows, too" in scene.origin.notes for scene in together.values())


def test_a_datastrip_beside_one_that_cannot_be_read_is_whole(tmp_path):
    halves(tmp_path)
    listing = listed(tmp_path, swir=False)
    first, second = sorted(listing, key=lambda entry: len(entry.after))
    assert second.after == (first.scene_id,)
    for band in Path(first.scene.path).rglob("*_B04.jp2"):
        band.write_bytes(b"x" * band.stat().st_size)
    scenes = {entry.scene_id: entry.scene for entry in listing}
    once = counted_once(scenes, listing)[second.scene_id]()
    assert once.valid_mask.sum() == second.scene().valid_mask.sum()


def test_of_a_product_that_was_processed_again_the_newest_is_the_scene(
    tmp_path, caplog, monkeypatch
):
    for product in (OLD, NEW, replace(NEW, level="2A")):
        product.write(tmp_path / "in")
    monkeypatch.chdir(tmp_path)
    (entry,) = listed("in", swir=False)
    assert entry.scene_id == NEW.name
    assert f"{OLD.name}.SAFE (shown by {NEW.name}.SAFE)" in caplog.text


def test_a_copy_that_was_cut_short_costs_nothing_beside_a_whole_one(tmp_path, caplog):
    path = OLD.zipped(tmp_path)
    whole = path.with_name(f"{path.stem} (1).zip")
    shutil.copy(path, whole)
    path.write_bytes(path.read_bytes()[:5000])
    (entry,) = listed(tmp_path, swir=False)
    assert entry.scene().scene_id == OLD.name
    assert f"{path.name} (shown by {whole.name})" in caplog.text


def test_products_are_found_in_folders_and_what_looks_like_one_is_named(
    tmp_path, caplog
):
    OLD.write(tmp_path / "2019/11/03")
    (tmp_path / f"{NEW.name}.SAFE.tar").write_text("")
    (entry,) = listed(tmp_path, swir=False)
    assert entry.scene_id == OLD.name
    assert f"no products, and not read: {NEW.name}.SAFE.tar" in caplog.text


def test_the_first_l2a_products_are_read_by_their_names_of_then(tmp_path):
    product = replace(OLD, level="2A", baseline="02.05")
    root = product.write(tmp_path)
    for name, changes in {
        "MTD_MSIL2A.xml": (
            ("IMAGE_FILE>", "IMAGE_FILE_2A>"),
            ("BOA_QUANT", "L2A_BOA_QUANT"),
        ),
        "MTD_TL.xml": (("TILE_ID>", "TILE_ID_2A>"),),
    }.items():
        (path,) = root.rglob(name)
        text = path.read_text()
        for old, new in changes:
            text = text.replace(old, new)
        path.write_text(text)
    assert only(tmp_path, swir=False).acquisition.granule == "T03CWT"


def test_a_newer_processing_that_is_damaged_takes_no_other_s_place(tmp_path, caplog):
    good, newer = OLD.write(tmp_path), NEW.write(tmp_path)
    band = next(newer.rglob("*_B03.jp2"))
    band.write_bytes(bytes(band.stat().st_size))
    (entry,) = listed(tmp_path, swir=False)
    assert entry.scene().origin.location == good.name
    assert f"left out {newer.name} (shown by {good.name})" in caplog.text
    assert "B03.jp2: expected a whole band" in caplog.text
