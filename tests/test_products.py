"""Whole runs on products as ESA packs them."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from sea_ice_kedro.datasets import ClassMapDataset, SceneDataset
from sea_ice_kedro.datasets.run_state import PartitionsFailed
from tests.products import Fabricated, ice_numbers, shortwave_numbers
from tests.runs import run_here
from tests.web import ITEM, item_of, serving_files, write_catalogue

PRODUCT = Fabricated(ice_numbers())


def from_safe(folder, **ingestion):
    return {"ingestion": {"source": "safe", "folder": str(folder), **ingestion}}


def test_a_product_becomes_class_maps_and_a_row_of_the_index(data_root, tmp_path):
    PRODUCT.write(tmp_path / "in")
    run_here(**from_safe(tmp_path / "in", cutting={"size_px": 128}))
    index = pd.read_csv(data_root / "03_primary/scene_index.csv")
    row = index.iloc[0]
    assert len(index) == 2
    assert row["scene_id"] == f"{PRODUCT.name}_y00000x00000"
    assert (row["granule"], row["processing_baseline"]) == ("T03CWT", "N0208")
    assert (row["sun_elevation_deg"], row["cloud_percentage"]) == (28.5, 12.5)
    assert (row["crs"], row["pixel_size_m"]) == ("EPSG:32703", 10.0)
    assert row["asset_id"] == PRODUCT.name
    assert row["saturated_fraction"] == 0
    assert row["acquired"].startswith("2019-11-03T19:09:21")
    path = data_root / f"02_intermediate/scenes/{row['scene_id']}.tif"
    scene = SceneDataset(filepath=str(path)).load()
    assert scene.rendering.tags()["white_reflectance"] == "1"
    assert len(list((data_root / "04_feature/class_maps").glob("*.tif"))) == 2


def test_what_opaque_cloud_hides_has_no_class_and_is_counted_apart(data_root, tmp_path):
    cloud = np.s_[60:120, 60:120]
    numbers = ice_numbers()
    numbers[:, 60:120, 60:120] = 8500
    product = replace(
        PRODUCT, numbers=numbers, shortwave=shortwave_numbers(cloud=cloud)
    )
    product.write(tmp_path / "in")
    run_here(**from_safe(tmp_path / "in"))
    row = pd.read_csv(data_root / "08_reporting/label_statistics.csv").iloc[0]
    pixels = 128 * 160 - 120
    assert row["untrustworthy_fraction"] == pytest.approx(3600 / (128 * 160), rel=0.02)
    path = data_root / f"04_feature/class_maps/{product.name}.tif"
    codes = ClassMapDataset(filepath=str(path)).load().codes
    assert (codes[65:115, 65:115] == 255).all()
    assert np.count_nonzero(codes != 255) == pytest.approx(pixels - 3600, abs=72)
    run_here(**from_safe(tmp_path / "in", swir=False))
    row = pd.read_csv(data_root / "08_reporting/label_statistics.csv").iloc[0]
    assert row["untrustworthy_fraction"] == 0


def test_a_spoilt_product_costs_no_other(data_root, tmp_path):
    PRODUCT.write(tmp_path / "in")
    bad = Fabricated(ice_numbers(), baseline="09.99")
    bad.write(tmp_path / "in")
    with pytest.raises(PartitionsFailed, match=r"ingestion\.safe\.offset"):
        run_here(**from_safe(tmp_path / "in"))
    names = [p.stem for p in (data_root / "04_feature/class_maps").glob("*.tif")]
    assert names == [PRODUCT.name]


def test_a_second_run_reads_nothing_again_and_another_white_does(data_root, tmp_path):
    PRODUCT.write(tmp_path / "in")
    path = data_root / f"02_intermediate/scenes/{PRODUCT.name}.tif"
    run_here("ingestion", **from_safe(tmp_path / "in"))
    made = path.stat().st_mtime_ns
    run_here("ingestion", **from_safe(tmp_path / "in"))
    assert path.stat().st_mtime_ns == made
    before = SceneDataset(filepath=str(path)).load().rgb
    brighter = {"brightness": {"white_reflectance": 0.5}}
    run_here("ingestion", **from_safe(tmp_path / "in", **brighter))
    after = SceneDataset(filepath=str(path)).load().rgb
    assert np.median(after) > 1.8 * np.median(before)


def test_items_of_a_catalogue_are_fetched_once_and_become_class_maps(
    data_root, tmp_path
):
    pytest.importorskip("pystac_client")
    with serving_files(tmp_path / "web") as web:
        raster = {"scale": 0.0001, "offset": 0}
        item = item_of(web.root, ice_numbers(128, 128), raster=raster)
        write_catalogue(web.root, [item])
        search = {"region": "-180/-78/-140/-70", "start": "2019-11-01"}
        ingestion = {
            "source": "stac",
            "search": {**search, "end": "2019-11-30"},
            "stac": {"url": f"{web.url}/catalog.json"},
        }
        run_here(ingestion=ingestion)
        asked = web.asked(".tif")
        run_here(ingestion=ingestion)
        assert web.asked(".tif") == asked
    assert (data_root / f"04_feature/class_maps/{ITEM}.tif").exists()
    index = pd.read_csv(data_root / "03_primary/scene_index.csv")
    assert index.loc[0, ["source", "granule"]].tolist() == ["stac", "T03CWT"]
