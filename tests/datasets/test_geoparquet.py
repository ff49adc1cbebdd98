from functools import partial

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from kedro.io import DatasetError

from sea_ice_kedro.datasets.files import FileDataset, Regions
from sea_ice_kedro.errors import InvalidRecord
from tests.fabricate import ROSS_SEA

polygons = partial(FileDataset, file_format="parquet")


def regions(place=ROSS_SEA):
    labels = np.zeros((6, 8), np.int32)
    labels[1:3, 1:4] = 1
    labels[3, 4] = 1  # at a corner: a part of its own
    labels[4:6, 6:8] = 2
    rows = pd.DataFrame({"scene_id": ["007", "007"], "floe": [1, 2], "area_px": [7, 4]})
    return Regions(rows.astype({"scene_id": "string"}), labels, place)


def nothing():
    return Regions(regions().rows.head(0), np.zeros((6, 8), np.int32), ROSS_SEA)


def saved(path, data, **provenance):
    dataset = polygons(filepath=str(path), provenance=provenance)
    dataset.save(data)
    return dataset


@pytest.mark.parametrize("place", ["disk", "bucket"])
def test_rows_come_back_without_their_polygons(tmp_path, place):
    path = tmp_path / "p.parquet" if place == "disk" else "memory://floes-of-tests/p"
    loaded = saved(path, regions()).load()
    pd.testing.assert_frame_equal(loaded.astype({"scene_id": "string"}), regions().rows)


def test_polygons_lie_where_the_scene_does_and_are_as_large_as_their_pixels(tmp_path):
    saved(tmp_path / "p.parquet", regions())
    frame = gpd.read_parquet(tmp_path / "p.parquet")
    assert frame.crs.to_epsg() == 3031
    assert frame.area.tolist() == [700, 400]
    assert frame.is_valid.all()
    assert frame.geom_type.tolist() == ["MultiPolygon", "Polygon"]
    left, _, _, top = frame.total_bounds
    assert (left, top) == (-300000.5 + 10, -1200000.25 - 10)


def test_polygons_of_a_scene_without_a_place_are_in_pixels(tmp_path):
    saved(tmp_path / "p.parquet", regions(place=None))
    frame = gpd.read_parquet(tmp_path / "p.parquet")
    assert frame.crs is None
    assert frame.total_bounds.tolist() == [1, 1, 8, 6]


def test_a_scene_without_regions_has_the_columns_of_the_others(tmp_path):
    saved(tmp_path / "p.parquet", nothing())
    assert gpd.read_parquet(tmp_path / "p.parquet").empty
    loaded = polygons(filepath=str(tmp_path / "p.parquet")).load()
    assert loaded.columns.tolist() == ["scene_id", "floe", "area_px"]


def test_the_same_regions_give_the_same_bytes_and_say_what_made_them(tmp_path):
    for name in "ab":
        saved(tmp_path / name, regions(), fingerprint="f")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    metadata = pq.read_schema(tmp_path / "a").metadata
    assert metadata[b"sea_ice_fingerprint"] == b"f"
    assert set(metadata) == {b"geo", b"sea_ice_fingerprint"}


def test_a_damaged_file_is_named(tmp_path):
    (tmp_path / "p.parquet").write_bytes(b"PAR1 no more")
    with pytest.raises(DatasetError) as raised:
        polygons(filepath=str(tmp_path / "p.parquet")).load()
    assert isinstance(raised.value.__cause__, InvalidRecord)
