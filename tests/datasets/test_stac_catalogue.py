from datetime import UTC, datetime

import pystac
import pytest
from kedro.io import DatasetError

from sea_ice_kedro.datasets import StacCatalogueDataset

WHEN = datetime(2019, 11, 3, tzinfo=UTC)


def catalogue(folder, *names):
    made = pystac.Catalog("c", "d", catalog_type=pystac.CatalogType.SELF_CONTAINED)
    extent = pystac.Extent(
        pystac.SpatialExtent([[-180, -90, 180, 90]]),
        pystac.TemporalExtent([[WHEN, WHEN]]),
    )
    scenes = pystac.Collection("scenes", "d", extent)
    made.add_child(scenes)
    for name in names:
        item = pystac.Item(name, None, None, WHEN, {})
        item.add_asset("map", pystac.Asset(f"{folder}/maps/{name}.tif"))
        scenes.add_item(item)
    return made


def test_links_are_relative_so_that_folder_and_products_may_move_together(tmp_path):
    dataset = StacCatalogueDataset(path=str(tmp_path / "stac"))
    dataset.save(catalogue(tmp_path, "a"))
    assert str(tmp_path) not in "".join(
        path.read_text() for path in tmp_path.rglob("*.json")
    )
    (tmp_path / "stac").rename(tmp_path / "moved")
    moved = StacCatalogueDataset(path=str(tmp_path / "moved")).load()
    (item,) = moved.get_items(recursive=True)
    asset = item.assets["map"]
    assert asset.href == "../../../maps/a.tif"
    assert asset.get_absolute_href() == str(tmp_path / "maps/a.tif")


def test_what_an_earlier_catalogue_had_is_gone(tmp_path):
    dataset = StacCatalogueDataset(path=str(tmp_path))
    assert not dataset.exists()
    dataset.save(catalogue(tmp_path, "a", "b"))
    dataset.save(catalogue(tmp_path, "b"))
    assert dataset.exists()
    assert sorted(str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*.json")) == [
        "catalog.json",
        "scenes/b/b.json",
        "scenes/collection.json",
    ]


def test_a_bucket_gets_and_gives_a_catalogue(bucket):
    url = f"{bucket.url}/season/stac"
    dataset = StacCatalogueDataset(path=url)
    dataset.save(catalogue(f"{bucket.url}/season", "a", "b"))
    dataset.save(catalogue(f"{bucket.url}/season", "a"))
    (item,) = dataset.load().get_items(recursive=True)
    assert item.assets["map"].href == "../../../maps/a.tif"
    found = bucket.files.find(f"{bucket.name}/season")
    assert [path.rpartition("/")[2] for path in found] == [
        *("catalog.json", "a.json", "collection.json")
    ]


def test_a_place_that_cannot_be_written_to_is_said_with_the_way_out(tmp_path):
    (tmp_path / "file").write_text("")
    dataset = StacCatalogueDataset(path=str(tmp_path / "file" / "stac"))
    with pytest.raises(DatasetError, match="SEA_ICE_DATA to a folder"):
        dataset.save(catalogue(tmp_path, "a"))
