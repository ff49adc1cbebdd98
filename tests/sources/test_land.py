"""Land and ice shelf by a file of the user's own."""

import json
import sqlite3
import struct

import numpy as np
import pandas as pd
import pytest
import rasterio
from pyproj import Transformer

from sea_ice_kedro.errors import InvalidOption, InvalidScene
from sea_ice_kedro.imagery.arrays import ClassMap, Georeference, Origin, Scene
from sea_ice_kedro.sources import IngestionOptions
from sea_ice_kedro.sources.land import land_file, mark_label, mark_land
from tests.fabricate import ROSS_SEA, floes, folder_of_scenes, write
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
