"""Land and ice shelf by a file of the user's own."""

import json
import pickle
import shutil
from functools import partial

import numpy as np
import pandas as pd
import pytest
import rasterio
from pyproj import Transformer

from sea_ice_kedro.engines.base import Task, fingerprint_of, recipe_of
from sea_ice_kedro.errors import InvalidOption, InvalidScene
from sea_ice_kedro.imagery.arrays import (
    Acquisition,
    ClassMap,
    Georeference,
    Origin,
    Scene,
)
from sea_ice_kedro.imagery.raw_scenes import RawScene
from sea_ice_kedro.imagery.reflectance import Calibration
from sea_ice_kedro.pipelines.ingestion import ingest_manual_labels, ingest_scenes
from sea_ice_kedro.sources import IngestionOptions, SceneEntry
from sea_ice_kedro.sources.mapped_area import land_file, mark_label, mark_land
from tests.fabricate import ROSS_SEA, floes, folder_of_scenes, write
from tests.geopackage import blob, geopackage, polygon
from tests.runs import from_folder, run_here

SHAPE = 48, 64
X, Y = ROSS_SEA.transform[2], ROSS_SEA.transform[5]
ISLAND = [(X + 80, Y - 80), (X + 400, Y - 80), (X + 400, Y - 320), (X + 80, Y - 320)]
LAKE = [(X + 160, Y - 160), (X + 240, Y - 160), (X + 240, Y - 240), (X + 160, Y - 240)]


def expected():
    """Pixels of 10 m: the island without its lake."""
    land = np.zeros(SHAPE, bool)
    land[8:32, 8:40] = True
    land[16:24, 16:24] = False
    return land


def in_crs(rings, crs):
    there = Transformer.from_crs(ROSS_SEA.crs, crs, always_xy=True)
    return [[there.transform(*corner) for corner in (*r, r[0])] for r in rings]


def geojson(path, rings=(ISLAND, LAKE), crs="EPSG:4326", said=None):
    polygon = {"type": "Polygon", "coordinates": in_crs(rings, crs)}
    feature = {"type": "Feature", "properties": {}, "geometry": polygon}
    found = {"type": "FeatureCollection", "features": [feature]}
    if said is not None:
        found["crs"] = {"type": "name", "properties": {"name": said}}
    path.write_text(json.dumps(found))
    return path


def scene(georeference=ROSS_SEA, **facts):
    origin = Origin("folder", "a.tif", "md5:0")
    valid_mask = np.ones(SHAPE, bool)
    valid_mask[:, 30:] = False
    return Scene("a", floes(), valid_mask, georeference, origin=origin, **facts)


def test_land_is_set_apart_from_the_sea_and_what_was_not_observed_stays_so(tmp_path):
    coast = geojson(tmp_path / "coast.geojson")
    bands = {"saturated": np.ones(SHAPE, np.uint8)}
    marked = mark_land(scene(extra_bands=bands), land_file(coast))
    observed = scene().valid_mask
    assert np.array_equal(marked.valid_mask, observed & ~expected())
    assert np.array_equal(marked.land.mask, observed & expected())
    assert np.array_equal(marked.rgb, scene().rgb), "its picture shows where it lies"
    assert not marked.extra_bands["saturated"][expected()].any()
    assert marked.land.source.startswith("coast.geojson md5:")
    assert marked.origin.notes == ""


def test_maps_and_tables_of_a_folder_leave_land_out(data_root, tmp_path):
    folder = folder_of_scenes(tmp_path / "scenes", 1)
    coast = geojson(tmp_path / "coast.geojson")
    settings = from_folder(folder, ingestion={"land": str(coast)})
    run_here("ingestion", "filtering", "autolabel", "gridding", **settings)
    land = expected()[:40]
    with rasterio.open(data_root / "04_feature/class_maps/a.tif") as file:
        codes, tags = file.read(1), file.tags()
    assert np.array_equal(codes == 254, land)
    assert tags["SEA_ICE_LAND"].startswith("coast.geojson md5:")
    index = pd.read_csv(data_root / "03_primary/scene_index.csv").iloc[0]
    row = pd.read_csv(data_root / "08_reporting/label_statistics.csv").iloc[0]
    for table in (index, row):
        assert table["land_fraction"] == land.mean()
        assert table["valid_fraction"] == 1 - land.mean()
    pixel_km2 = float(tags["SEA_ICE_PIXEL_AREA_M2"]) / 1e6
    assert row["land_km2"] == pytest.approx(land.sum() * pixel_km2)
    sea_km2 = sum(row[f"{c}_km2"] for c in ("thick_ice", "thin_ice", "open_water"))
    assert sea_km2 == pytest.approx((~land).sum() * pixel_km2)
    (cells,) = data_root.glob("*/*cell_counts/a.*")
    cells = pd.read_parquet(cells)
    assert cells["land_pixels"].sum() == land.sum()
    assert cells["valid_pixels"].sum() == (~land).sum()


def as_geopackage(path):
    rings = in_crs([ISLAND, LAKE], ROSS_SEA.crs)
    return geopackage(path, {"coast": ("POLYGON", 3031, [blob(polygon(rings))])})


def as_raster(path):
    pixels = np.full(SHAPE, 0, np.uint8)
    pixels[expected()] = 255
    transform = rasterio.Affine(*ROSS_SEA.transform)
    return write(path, pixels, crs="EPSG:3031", transform=transform)


@pytest.mark.parametrize(
    "write_mask",
    [
        lambda folder: geojson(folder / "coast.geojson"),
        lambda folder: geojson(
            folder / "coast.json", crs="EPSG:3031", said="EPSG:3031"
        ),
        lambda folder: geojson(
            folder / "coast.geojson",
            crs="EPSG:3976",
            said="urn:ogc:def:crs:EPSG::3976",
        ),
        lambda folder: as_geopackage(folder / "coast.gpkg"),
        lambda folder: as_raster(folder / "coast.tif"),
    ],
)
def test_polygons_and_rasters_of_any_crs_say_the_same(tmp_path, write_mask):
    land = land_file(str(write_mask(tmp_path)))
    assert np.array_equal(land.mask_of(ROSS_SEA, SHAPE), expected())


def test_a_scene_that_the_mask_does_not_cover_stays_as_it_is_and_says_so(tmp_path):
    far = Georeference("EPSG:3031", (10.0, 0, 900_000, 0, -10.0, 900_000))
    for mask in (
        geojson(tmp_path / "coast.geojson"),
        as_raster(tmp_path / "coast.tif"),
    ):
        left = mark_land(scene(far), land_file(mask))
        assert np.array_equal(left.valid_mask, scene().valid_mask)
        assert not left.land.mask.any()
        assert left.origin.notes == (
            f"lies outside of what {mask.name} (ingestion.land) covers"
        )


def test_a_scene_of_which_no_sea_is_left_says_so(tmp_path):
    x, y = X - 900, Y + 900
    around = [(x, y), (x + 9000, y), (x + 9000, y - 9000), (x, y - 9000)]
    mask = geojson(tmp_path / "coast.geojson", [around])
    covered = mark_land(scene(), land_file(mask))
    assert not covered.valid_mask.any()
    assert covered.origin.notes == (
        "is land by coast.geojson (ingestion.land): no sea is left"
    )


def test_a_scene_that_lies_nowhere_is_refused(tmp_path):
    land = land_file(geojson(tmp_path / "coast.geojson"))
    for nowhere, mark in (
        (scene(None), mark_land),
        (ClassMap("a", np.zeros(SHAPE, np.uint8)), mark_label),
    ):
        with pytest.raises(
            InvalidScene, match=r"'a': expected a place on Earth, as in"
        ):
            mark(nowhere, land)


def test_a_label_is_land_where_its_scene_is(tmp_path):
    coast = str(geojson(tmp_path / "coast.geojson"))
    codes = np.zeros(SHAPE, np.uint8)
    codes[:, 30:] = 255
    label = ClassMap("a", codes, ROSS_SEA)
    listing = [SceneEntry("a", None, manual_label=lambda: label)]
    labels = ingest_manual_labels(listing, IngestionOptions(land=coast))
    truth = np.where(expected() & (codes != 255), 254, codes)
    assert np.array_equal(labels["a"]().codes, truth)


def test_what_lies_outside_of_the_area_of_interest_is_no_data_also_on_land(tmp_path):
    coast = str(geojson(tmp_path / "coast.geojson"))
    listing = [SceneEntry("a", scene)]
    options = IngestionOptions(land=coast, area_of_interest="0/60/10/70")
    marked = ingest_scenes(listing, {}, options)["a"]()
    assert not marked.valid_mask.any()
    assert not marked.land.mask.any()


def test_the_content_of_the_file_counts_and_not_its_folder(tmp_path):
    coast = geojson(tmp_path / "coast.geojson")
    (tmp_path / "moved").mkdir()
    moved = shutil.copy(coast, tmp_path / "moved" / coast.name)

    def made_by(path):
        task = Task(partial(mark_land, land=land_file(str(path))), ())
        assert str(tmp_path) not in recipe_of(task)
        return fingerprint_of(pickle.loads(pickle.dumps(task)))

    before = made_by(coast)
    assert made_by(moved) == before
    geojson(coast, [ISLAND])
    assert made_by(coast) != before


@pytest.mark.parametrize(
    ("name", "write_mask", "got"),
    [
        ("gone.gpkg", lambda p: None, "no such file"),
        ("coast.shp", lambda p: p.touch(), "the ending '.shp'"),
        ("coast.geojson", lambda p: p.write_text("{"), "Expecting property name"),
        ("coast.geojson", lambda p: p.write_text("[]"), "no GeoJSON (AttributeError"),
        (
            "coast.geojson",
            lambda p: p.write_text(
                '{"type": "Polygon", "coordinates": [[[1], [2], [3]]]}'
            ),
            "a corner of one number",
        ),
        ("coast.geojson", lambda p: geojson(p, []), "no polygon"),
        ("coast.geojson", lambda p: geojson(p, [ISLAND[:1]]), "a ring of 2 corners"),
        (
            "coast.geojson",
            lambda p: p.write_text('{"type": "FeatureCollection", "features": []}'),
            "no polygon",
        ),
        (
            "coast.geojson",
            lambda p: p.write_text('{"type": "Point", "coordinates": [0, 70]}'),
            "a Point, which is no polygon",
        ),
        (
            "coast.geojson",
            lambda p: geojson(p, crs="EPSG:3031"),
            "which are no degrees",
        ),
        ("coast.geojson", lambda p: geojson(p, said="EPSG:0"), "EPSG:0"),
        ("coast.gpkg", lambda p: p.write_bytes(bytes(99)), "file is not a database"),
        ("coast.tif", lambda p: p.write_bytes(b"II*" + bytes(99)), "readable raster"),
        ("coast.tif", lambda p: write(p, np.ones((9, 9), np.uint8)), "without a CRS"),
    ],
)
def test_a_file_that_is_no_mask_is_refused_before_anything_is_read(
    tmp_path, name, write_mask, got
):
    path = tmp_path / name
    write_mask(path)
    with pytest.raises(InvalidOption) as refused:
        IngestionOptions(land=str(path))
    said = str(refused.value)
    assert said.startswith(
        f"expected ingestion.land to be a mask of land, got '{path}'"
    )
    assert got in said
    assert "name a GeoJSON (.geojson) or GeoPackage (.gpkg) file" in said


def test_what_is_no_path_is_refused():
    with pytest.raises(InvalidOption, match=r"expected ingestion\.land"):
        IngestionOptions(land=[1, 2])


def test_a_downloaded_scene_has_land_as_one_that_was_read(tmp_path):
    coast = str(geojson(tmp_path / "coast.geojson"))
    raw = RawScene(
        "a",
        np.full((3, *SHAPE), 9000, np.uint16),
        np.ones(SHAPE, bool),
        (Calibration(0.0001),) * 3,
        Origin("stac", "a", "md5:0"),
        Acquisition(),
        ROSS_SEA,
    )
    listing = [SceneEntry("a", None, download=lambda: raw)]
    scenes = ingest_scenes(listing, {"a": lambda: raw}, IngestionOptions(land=coast))
    assert np.array_equal(scenes["a"]().land.mask, expected())
