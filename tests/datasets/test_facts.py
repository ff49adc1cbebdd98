"""What is known of products without opening them, and when they are opened."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import rasterio

from sea_ice_kedro.datasets import (
    ClassMapDataset,
    ConcentrationDataset,
    FileDataset,
    ParallelPartitionedDataset,
    SceneDataset,
)
from sea_ice_kedro.datasets.manifest import NAME, Manifest
from sea_ice_kedro.datasets.run_state import remove_intermediates
from sea_ice_kedro.engines import spark_session
from sea_ice_kedro.errors import InvalidScene
from sea_ice_kedro.imagery.arrays import (
    Acquisition,
    ClassMap,
    FilteredScene,
    Georeference,
    Origin,
)
from sea_ice_kedro.imagery.predictions import Prediction, Strip
from sea_ice_kedro.imagery.raw_scenes import RawScene
from sea_ice_kedro.imagery.reflectance import Calibration
from sea_ice_kedro.rasters import geotiff
from sea_ice_kedro.rasters.files import locate
from sea_ice_kedro.rasters.polar_grid import ConcentrationRaster
from tests.fabricate import ROSS_SEA, WHEN, floes, scene, write

CODES = np.array([[0, 1, 2, 255], [2, 2, 1, 0]], np.uint8)
TURNED = Georeference("EPSG:32701", (9.1, 2.3, 4e5, 2.3, -9.1, 1.2e6))
ORIGIN = Origin("folder", "ä 1.tif", "md5:0", "of two pages the first")
ACQUISITION = Acquisition("T03CWT", 28.5, 12.25, "N0400", "p")


@dataclass(frozen=True)
class Maker:
    """Makes one raster: picklable, and described by what it is."""

    kind: str
    fill: int = 1

    def __call__(self):
        return MADE[self.kind](self.fill)


@dataclass(frozen=True)
class Picture:
    def __call__(self):
        return floes()


def class_map(fill):
    codes = np.where(CODES == 1, np.uint8(fill), CODES)
    limits = {"limits": (31, 205), "limits_source": "scene"}
    return ClassMap("001", codes, ROSS_SEA, WHEN, source="sample", **limits)


def filtered(fill):
    one = scene("007")
    quality = np.full(one.rgb.shape[:2], fill, np.uint8)
    known = {"georeference": TURNED, "acquired": WHEN, "origin": ORIGIN}
    return FilteredScene("007", one.rgb, one.valid_mask, quality=quality, **known)


def raw(fill):
    numbers = np.full((3, 20, 30), fill, np.uint16)
    calibrations = (Calibration(1e-4, -0.1),) * 3
    return RawScene(
        *("1e5", numbers, np.ones((20, 30), bool), calibrations, ORIGIN, ACQUISITION),
        georeference=ROSS_SEA,
        acquired=WHEN,
    )


MADE = {
    "class map": class_map,
    "scene": lambda _: scene(
        "NA", georeference=ROSS_SEA, origin=ORIGIN, acquisition=ACQUISITION
    ),
    "filtered scene": filtered,
    "download": raw,
    "prediction": lambda fill: Prediction(
        "s", CODES.shape, [Strip(0, CODES, CODES + np.uint8(fill))], TURNED, WHEN
    ),
    "concentration": lambda fill: ConcentrationRaster(
        "2019-11-03", CODES, CODES + np.uint8(fill), ROSS_SEA
    ),
}
DATASETS = {
    "class map": ClassMapDataset,
    "scene": SceneDataset,
    "filtered scene": SceneDataset,
    "download": {"type": SceneDataset, "content": "digital_numbers"},
    "prediction": {"type": ClassMapDataset, "confidence": True},
    "concentration": ConcentrationDataset,
}
ALL = pytest.mark.parametrize("kind", MADE)


def folder(path, kind="class map", engine="sequential"):
    return ParallelPartitionedDataset(
        path=str(path),
        filename_suffix=".tif",
        dataset=DATASETS[kind],
        engine={"name": engine, "workers": 2},
    )


def save(path, kind="class map", engine="sequential", **makers):
    makers = makers or {i: Maker(kind, n) for n, i in enumerate("ab", 1)}
    folder(path, kind, engine).save(makers)


def facts_in(path, kind="class map"):
    stored = folder(path, kind).load()
    return stored.facts(stored)


def said_by(path):
    """What a raster says, read by rasterio and nothing of ours: words for numbers."""
    with rasterio.open(path) as file:
        tags = {
            name.removeprefix("SEA_ICE_").lower(): word
            for name, word in file.tags().items()
            if name.startswith("SEA_ICE_")
        }
        place = tuple(file.transform)[:6] if file.crs else None
        crs = file.crs.to_string() if file.crs else ""
        return tags, (file.height, file.width, crs, place)


@pytest.fixture
def opened(monkeypatch):
    """Names of the rasters that are opened, whatever for."""
    names = []

    def counting(opens):
        def counted(path, *args, **kwargs):
            names.append(Path(str(path)).name)
            return opens(path, *args, **kwargs)

        return counted

    monkeypatch.setattr(rasterio, "open", counting(rasterio.open))
    monkeypatch.setattr(geotiff, "DatasetReader", counting(geotiff.DatasetReader))
    return names


@pytest.mark.parametrize(
    "engine",
    ["sequential", "threads", pytest.param("processes", marks=pytest.mark.slow)],
)
@ALL
def test_the_manifest_has_what_the_file_says_with_numbers_as_numbers(
    tmp_path, kind, engine
):
    save(tmp_path, kind, engine)
    entries = Manifest(str(tmp_path)).entries
    for i, facts in facts_in(tmp_path, kind).items():
        assert facts == entries[i].all_facts
        tags, place = said_by(tmp_path / f"{i}.tif")
        assert tuple(facts[k] for k in ("height", "width", "crs", "transform")) == place
        assert facts.keys() - {"height", "width", "crs", "transform"} == tags.keys()
        for name, word in tags.items():
            number = not isinstance(facts[name], str)
            assert facts[name] == (type(facts[name])(word) if number else word), name


@pytest.mark.spark
def test_executors_send_back_what_their_products_say(tmp_path, opened):
    spark_session.configure({"spark.master": "local[2]", "spark.ui.enabled": False})
    try:
        save(tmp_path / "there", engine="spark")
    finally:
        spark_session.stop()
        spark_session.configure({})
    save(tmp_path / "here")
    opened.clear()
    assert facts_in(tmp_path / "there") == facts_in(tmp_path / "here")
    assert opened == []


NUMBERS = {
    "class map": {
        *("pixels", "pixels_thick_ice", "pixels_thin_ice", "pixels_open_water"),
        *("pixels_untrustworthy", "pixel_area_m2", "thin_ice_min", "thick_ice_min"),
    },
    "scene": {
        *("valid_pixels", "pixel_size_m", "sun_elevation_deg", "cloud_percentage"),
    },
    "filtered scene": {
        *("valid_pixels", "pixel_size_m", "thin_ice_min", "thick_ice_min"),
        *("pixels_thin_cloud", "pixels_shadow", "pixels_changed"),
        *("pixels_saturated", "pixels_untrustworthy"),
    },
    "download": {"sun_elevation_deg", "cloud_percentage"},
    "prediction": {
        *("pixels", "pixels_thick_ice", "pixels_thin_ice", "pixels_open_water"),
        *("pixels_unclassed", "pixel_area_m2", "mean_confidence"),
    },
    "concentration": set(),
}


@ALL
def test_numbers_are_numbers_and_an_id_of_digits_stays_a_word(tmp_path, kind):
    save(tmp_path, kind)
    facts = facts_in(tmp_path, kind)["a"]
    numbers = {name for name, value in facts.items() if isinstance(value, int | float)}
    assert NUMBERS[kind] <= numbers
    assert isinstance(facts.get("scene_id", ""), str)
    assert facts["fingerprint"] != ""


@ALL
def test_what_is_known_of_products_costs_no_look_into_them(tmp_path, kind, opened):
    save(tmp_path, kind)
    opened.clear()
    save(tmp_path, kind)
    assert facts_in(tmp_path, kind).keys() == {"a", "b"}
    assert opened == []


def test_a_product_that_was_edited_by_hand_says_what_it_says_now(tmp_path, opened):
    save(tmp_path)
    before = facts_in(tmp_path)
    with rasterio.open(tmp_path / "a.tif", "r+", IGNORE_COG_LAYOUT_BREAK="YES") as file:
        file.update_tags(SEA_ICE_PIXELS_THICK_ICE="7")
    opened.clear()
    after = facts_in(tmp_path)
    assert after["a"] == before["a"] | {"pixels_thick_ice": 7}
    assert after["b"] == before["b"]
    assert opened == ["a.tif"]
    save(tmp_path)
    assert facts_in(tmp_path) == before


def test_a_product_that_nobody_knows_says_what_it_is_and_is_not_written_down(
    tmp_path, opened
):
    save(tmp_path)
    ClassMapDataset(filepath=str(tmp_path / "mine.tif")).save(class_map(0))
    table = (tmp_path / NAME).read_bytes()
    opened.clear()
    assert facts_in(tmp_path)["mine"]["pixels_thick_ice"] == 4
    assert opened == ["mine.tif"]
    assert (tmp_path / NAME).read_bytes() == table


def test_a_foreign_raster_says_where_it_lies_and_no_more(tmp_path):
    write(tmp_path / "a.tif", floes(48, 64))
    place = {"height": 48, "width": 64, "crs": "", "transform": None}
    assert facts_in(tmp_path) == {"a": place}


def test_a_word_where_a_number_belongs_is_refused_by_name(tmp_path):
    save(tmp_path)
    with rasterio.open(tmp_path / "a.tif", "r+", IGNORE_COG_LAYOUT_BREAK="YES") as file:
        file.update_tags(SEA_ICE_PIXELS="many")
    with pytest.raises(InvalidScene, match=r"a\.tif: expected numbers .*'many'"):
        facts_in(tmp_path)


def test_a_folder_without_a_manifest_gets_one_with_facts(tmp_path, opened):
    save(tmp_path)
    facts = facts_in(tmp_path)
    (tmp_path / NAME).unlink()
    save(tmp_path)
    opened.clear()
    assert facts_in(tmp_path) == facts
    assert opened == []


def test_what_was_removed_is_known_from_its_line(tmp_path):
    save(tmp_path, "scene")
    facts = facts_in(tmp_path, "scene")
    assert remove_intermediates(str(tmp_path), "ab") > 0
    assert list(tmp_path.glob("*.tif")) == []
    assert facts_in(tmp_path, "scene") == facts


def test_in_a_bucket_facts_are_told_without_reading_a_product(opened):
    url = "memory://facts-of-tests/maps"
    save(url)
    facts = facts_in(url)
    opened.clear()
    assert facts_in(url) == facts
    assert opened == []
    filesystem, path = locate(f"{url}/a.tif")
    filesystem.pipe_file(path, b"damaged")
    with pytest.raises(InvalidScene, match="expected a whole, readable raster"):
        facts_in(url)


def test_a_picture_is_never_opened_for_what_it_says(tmp_path, opened):
    pictures = ParallelPartitionedDataset(
        path=str(tmp_path),
        filename_suffix=".png",
        dataset={"type": FileDataset, "file_format": "png"},
    )
    pictures.save({"a": Picture()})
    pictures.save({"a": Picture()})
    assert opened == []
    assert "facts" not in json.loads((tmp_path / NAME).read_text())
