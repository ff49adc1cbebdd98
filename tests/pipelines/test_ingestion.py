import math

import pandas as pd
import pytest
import rasterio

from sea_ice_kedro.pipelines.ingestion import (
    download_scenes,
    find_scenes,
    index_scenes,
    ingest_manual_labels,
    ingest_scenes,
)
from sea_ice_kedro.sources import IngestionOptions, SceneEntry
from tests.fabricate import ROSS_SEA, folder_of_scenes
from tests.partitions import known
from tests.runs import from_folder, run_here


def scene():
    raise AssertionError("was read")


LISTING = [SceneEntry("001", scene, manual_label=scene), SceneEntry("NA", scene)]
FACTS = {
    "source": "folder",
    "location": "001.png",
    "checksum": "sha256:00",
    "height": 20,
    "width": 10,
    "crs": "",
    "valid_pixels": 150,
    "pixels_land": 20,
}


def test_listing_and_declaring_scenes_reads_none_of_them():
    assert ingest_scenes(LISTING, {}, IngestionOptions()) == {
        "001": scene,
        "NA": scene,
    }
    assert download_scenes(LISTING) == {}
    assert ingest_manual_labels(LISTING, IngestionOptions()) == {"001": scene}


def test_the_source_of_the_configuration_is_listed():
    assert len(find_scenes(IngestionOptions(sample={"count": 2}))) == 2


def test_the_index_has_a_row_for_every_scene_that_was_ingested():
    index = index_scenes(LISTING, known({"001": FACTS}))
    (row,) = index.to_dict("records")
    unknown = (
        "pixel_size_m",
        "longitude_deg",
        "latitude_deg",
        "north_deg",
        "sun_elevation_deg",
        "cloud_percentage",
        "saturated_fraction",
    )
    assert all(math.isnan(row.pop(name)) for name in unknown)
    assert row == {
        "scene_id": "001",
        "source": "folder",
        "location": "001.png",
        "acquired": "",
        "height": 20,
        "width": 10,
        "crs": "",
        "valid_fraction": 0.75,
        "land_fraction": 0.1,
        "land_source": "",
        "checksum": "sha256:00",
        "manual_label": True,
        "granule": "",
        "processing_baseline": "",
        "asset_id": "",
        "notes": "",
        "region": "",
    }


def test_the_index_tells_where_a_scene_lies_and_where_north_is():
    place = {"crs": ROSS_SEA.crs, "transform": list(ROSS_SEA.transform)}
    index = index_scenes(LISTING[:1], known({LISTING[0].scene_id: {**FACTS, **place}}))
    (row,) = index.to_dict("records")
    x, y = ROSS_SEA.transform[2] + 50, ROSS_SEA.transform[5] - 100
    east = math.degrees(math.atan2(x, y))
    assert row["longitude_deg"] == pytest.approx(east, abs=1e-4)
    assert row["latitude_deg"] < -60
    # The South Pole is straight away from north, and at the origin of EPSG:3031.
    assert row["north_deg"] == pytest.approx(east % 360, abs=0.02)


def test_what_was_not_followed_of_a_file_is_said_once_for_all_scenes(caplog):
    noted = {**FACTS, "notes": "has 2 pages, of which the first is read"}
    index = index_scenes(LISTING, known({"001": noted, "NA": noted}))
    assert index["notes"].tolist() == [noted["notes"]] * 2
    assert [r.getMessage() for r in caplog.records] == [
        "each of 001, NA has 2 pages, of which the first is read"
    ]


def test_what_a_source_lists_of_a_scene_is_in_the_index():
    columns = {"region": "Ross Sea", "observer": "Ann", "notes": "fast ice"}
    listing = [SceneEntry("a", scene, columns=columns), SceneEntry("b", scene)]
    index = index_scenes(listing, known({"a": FACTS, "b": FACTS}))
    assert index["region"].tolist() == ["Ross Sea", ""]
    assert index["observer"].tolist() == ["Ann", ""]
    assert index["your_notes"].tolist() == ["fast ice", ""]
    assert index["notes"].tolist() == ["", ""]


def test_an_index_of_nothing_still_has_its_columns():
    assert index_scenes(LISTING, known({})).columns[:2].tolist() == [
        "scene_id",
        "source",
    ]


def test_another_area_of_interest_maps_the_same_scenes_anew(
    data_root, tmp_path, caplog
):
    folder = folder_of_scenes(tmp_path, 1)
    with rasterio.open(folder / "a.tif") as file:
        middle = file.lnglat()[0]
    shares = []
    for area in (None, [middle, -89, 180, -60], [0, 60, 10, 70]):
        settings = from_folder(folder, ingestion={"area_of_interest": area})
        run_here("ingestion", "filtering", "autolabel", **settings)
        index = pd.read_csv(data_root / "03_primary" / "scene_index.csv")
        with rasterio.open(data_root / "04_feature/class_maps/a.tif") as file:
            assert (file.read(1) != 255).mean() == index["valid_fraction"][0]
        shares.append(index["valid_fraction"][0])
    assert shares[0] == 1
    assert 0.2 < shares[1] < 0.8
    assert shares[2] == 0
    assert "lies outside of ingestion.area_of_interest" in caplog.text
